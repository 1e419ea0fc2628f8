"""The emulated adapter on a busy machine: programs that lose patience must not be the end of it."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from simulators.obd.vehicle import Vehicle

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.peer

LIMIT_S = 20.0


def ask(request: bytes, port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as line:
        line.sendall(request)
        answer = b""
        while not answer.endswith(b">"):
            received = line.recv(100)
            assert received, answer
            answer += received
        return answer


def test_a_program_that_hung_up_unanswered_leaves_an_adapter_that_answers(
    free_port: Callable[[], int],
) -> None:
    port = free_port()
    with Vehicle(tcp_port=port) as vehicle:
        vehicle.send(signal.SIGSTOP)
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as line:
            line.sendall(b"ATZ\r")
        vehicle.send(signal.SIGCONT)
        assert b"ELM327" in ask(b"ATI\r", port)
        assert "Traceback" not in vehicle.output
