from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

import pytest

from daemonkit.logs import FORMAT, LINE_LIMIT, WRITE_LIMIT_BYTES, LineFormatter, PipeHandler, configure_logging

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    yield reader, writer
    os.close(reader)
    os.close(writer)


def record(message: str, *arguments: object, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("mqtt_devices.app", level, "f.py", 1, message, arguments, None)


def drain(reader: int) -> str:
    data = b""
    try:
        while chunk := os.read(reader, 65536):
            data += chunk
    except BlockingIOError:
        return data.decode()
    return data.decode()


def handler_for(descriptor: int) -> PipeHandler:
    handler = PipeHandler(descriptor)
    handler.setFormatter(LineFormatter(FORMAT))
    return handler


def test_line_is_level_name_and_message_without_time(pipe: tuple[int, int]) -> None:
    handler_for(pipe[1]).handle(record("registered %s", "tank"))
    assert drain(pipe[0]) == "INFO:mqtt_devices.app:registered tank\n"


def test_control_characters_cannot_forge_a_line() -> None:
    line = LineFormatter(FORMAT).format(record("client %s", "x\nERROR:root:forged\r\x1b[2J\x7f"))
    assert line == r"INFO:mqtt_devices.app:client x\x0aERROR:root:forged\x0d\x1b[2J\x7f"


def test_traceback_keeps_its_lines() -> None:
    try:
        raise ValueError("why")  # noqa: TRY301 (a traceback is needed)
    except ValueError:
        bug = record("bug")
        bug.exc_info = sys.exc_info()
    lines = LineFormatter(FORMAT).format(bug).splitlines()
    assert lines[0] == "INFO:mqtt_devices.app:bug"
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[-1] == "ValueError: why"


def test_long_message_is_cut() -> None:
    line = LineFormatter(FORMAT).format(record("%s", "x" * 100_000))
    assert len(line) < LINE_LIMIT + 50
    assert line.endswith("... (100022 characters)")


def test_full_pipe_loses_lines_but_never_blocks_and_says_how_many(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    handler = handler_for(writer)
    count = 2000
    for number in range(count):
        handler.handle(record("%05d %s", number, "x" * 200))
    kept = drain(reader).splitlines()
    assert 0 < len(kept) < count
    assert all(line.startswith(f"INFO:mqtt_devices.app:{number:05d} x") for number, line in enumerate(kept))
    handler.handle(record("after"))
    lost = count - len(kept)
    assert drain(reader).splitlines() == [
        f"WARNING:daemonkit.logs:{lost} records are missing here: nobody read the log",
        "INFO:mqtt_devices.app:after",
    ]


def test_record_cut_off_in_its_middle_does_not_swallow_the_next(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    handler = handler_for(writer)
    capacity = 65536  # of a pipe on Linux, filled here up to its last page
    os.write(writer, b"x" * (capacity - WRITE_LIMIT_BYTES - 1) + b"\n")
    bug = record("bug")
    bug.exc_text = "long traceback\n" * 1000
    handler.handle(bug)
    drain(reader)
    handler.handle(record("after"))
    assert drain(reader).splitlines() == [
        "",
        "WARNING:daemonkit.logs:1 records are missing here: nobody read the log",
        "INFO:mqtt_devices.app:after",
    ]


def test_closed_reader_is_survived() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    handler_for(writer).handle(record("nobody hears"))
    os.close(writer)


def test_text_that_is_no_unicode_is_escaped(pipe: tuple[int, int]) -> None:
    handler_for(pipe[1]).handle(record("%s", "\udcff"))
    assert drain(pipe[0]) == "INFO:mqtt_devices.app:\\udcff\n"


@pytest.mark.parametrize(("debug", "level"), [(True, logging.DEBUG), (False, logging.INFO)])
def test_configuration_sets_the_level(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, *, debug: bool, level: int
) -> None:
    before = logging.root.level
    request.addfinalizer(lambda: logging.captureWarnings(capture=False))
    request.addfinalizer(lambda: logging.root.setLevel(before))
    monkeypatch.setattr(logging.root, "handlers", [])
    configure_logging(debug=debug)
    assert logging.root.level == level
    assert [type(handler) for handler in logging.root.handlers] == [PipeHandler]
