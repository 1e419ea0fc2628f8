from __future__ import annotations

from typing import TYPE_CHECKING

from console.status import describe_page

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = "http://venus:48484/"


def test_the_page_of_a_daemon_is_shown_with_its_token(tmp_path: Path) -> None:
    file = tmp_path / "obd-server.token"
    file.write_text("a-long-enough-token\n")
    report = {"state": "running", "dashboard": ADDRESS, "token_file": str(file)}
    lines = describe_page("obd-server", report)
    assert f"obd-server: {ADDRESS}" in lines
    assert lines[-1].endswith(": a-long-enough-token")


def test_a_token_that_cannot_be_read_is_told_by_its_place(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    lines = describe_page("obd-server", {"state": "running", "dashboard": ADDRESS, "token_file": missing})
    assert missing in lines[-1]


def test_without_a_page_or_a_running_daemon_nothing_is_shown() -> None:
    assert describe_page("mqtt-devices", {"state": "running"}) == []
    assert describe_page("obd-server", {"state": "running", "dashboard": None}) == []
    assert describe_page("obd-server", {"state": "stopped", "dashboard": ADDRESS}) == []
