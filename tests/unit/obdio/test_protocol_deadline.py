from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import serial

from obdio.ports.protocol_deadline import Terms, deadline_url, forget
from simulators.obd.terminal import GarbageTerminal, ScriptedTerminal, SilentTerminal, Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def opened(terminal: Terminal, terms: Terms) -> Iterator[Any]:
    if "obdio.ports" not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append("obdio.ports")
    port = serial.serial_for_url(deadline_url(terminal.port, terms), timeout=10)
    try:
        yield port
    finally:
        port.close()
        forget(terms)


def read_on(port: Any) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        port.read(port.in_waiting or 1)


def test_it_reads_and_writes_and_keeps_the_ports_own_name() -> None:
    with ScriptedTerminal(lambda request: f"got {request}") as terminal, opened(terminal, Terms()) as port:
        assert port.portstr == terminal.port
        port.write(b"ATI\r")
        answer = b""
        while not answer.endswith(b">"):
            answer += port.read(port.in_waiting or 1)
        assert answer == b"got ATI\r\r>"


def test_silence_ends_in_time_instead_of_python_obds_ten_seconds() -> None:
    terms = Terms(silence_s=0.3)
    with SilentTerminal() as terminal, opened(terminal, terms) as port:
        port.write(b"010C\r")
        begin = time.monotonic()
        with pytest.raises(serial.SerialException, match="no answer within"):
            port.read(1)
        assert 0.25 < time.monotonic() - begin < 20
        assert terms.failure


def test_a_search_for_the_protocol_may_take_longer() -> None:
    with SilentTerminal() as terminal, opened(terminal, Terms(silence_s=0.1, search_s=1.0)) as port:
        port.write(b"0100\r")
        begin = time.monotonic()
        with pytest.raises(serial.SerialException, match=r"within 1\.0 s"):
            port.read(1)
        assert time.monotonic() - begin > 0.9


@pytest.mark.parametrize(
    ("terms", "reason"), [(Terms(total_s=0.3), "no end of the answer"), (Terms(max_bytes=500), "more than 500 bytes")]
)
def test_noise_without_end_ends(terms: Terms, reason: str) -> None:
    with GarbageTerminal() as terminal, opened(terminal, terms) as port:
        port.write(b"010C\r")
        with pytest.raises(serial.SerialException, match=reason):
            read_on(port)


def test_an_exchange_can_be_cancelled_from_another_thread() -> None:
    terms = Terms(silence_s=60.0)
    with SilentTerminal() as terminal, opened(terminal, terms) as port:
        port.write(b"010C\r")
        timer = threading.Timer(0.2, lambda: setattr(terms, "is_cancelled", True))
        timer.start()
        with pytest.raises(serial.SerialException, match="cancelled"):
            port.read(1)
        with pytest.raises(serial.SerialException, match="cancelled"):
            port.write(b"010C\r")
        timer.join()


def test_a_baud_search_reads_as_pyserial_does_and_what_was_chosen_is_known() -> None:
    terms = Terms(silence_s=0.1)
    with SilentTerminal() as terminal, opened(terminal, terms) as port:
        port.timeout = 0.2
        port.baudrate = 9600
        port.flushInput()
        port.flushOutput()
        port.write(b"\x7f\x7f\r")
        port.flush()
        assert port.read(1024) == b""
        assert port.baudrate == terms.baudrate == 9600
