"""A trace: what is written, and when it ends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modbus_client import record
from modbus_client.record import Recorder

FULL = Path("/dev/full")


def test_every_frame_is_a_line(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "trace")
    assert recorder.tap is not None
    recorder.tap(True, b"\x01\x03\x00")
    recorder.tap(False, b"\x01\x83")
    recorder.close()
    first, second = (tmp_path / "trace").read_text().splitlines()
    assert re.fullmatch(r"\d+\.\d{4} > 01 03 00", first)
    assert re.fullmatch(r"\d+\.\d{4} < 01 83", second)


def test_without_a_file_nothing_is_tapped() -> None:
    recorder = Recorder(None)
    assert recorder.tap is None
    recorder.write(True, b"x")
    recorder.close()


def test_a_trace_ends_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MAX_BYTES", 40)
    recorder = Recorder(tmp_path / "trace")
    for _ in range(9):
        recorder.write(True, bytes(4))
    assert len((tmp_path / "trace").read_text().splitlines()) == 1
    assert recorder.tap is None


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
def test_a_full_disk_ends_the_trace_only(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder(FULL)
    for _ in range(200):
        recorder.write(True, bytes(100))
    assert recorder.tap is None
    assert caplog.text.count("the trace cannot be written") == 1
