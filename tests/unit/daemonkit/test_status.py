from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemonkit.status import StatusFile

if TYPE_CHECKING:
    import pytest


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    content.pop("updated")
    return content


def test_fields_are_merged_and_written_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "run" / "x.json"
    status = StatusFile(path, daemon="x")
    status.update(devices=1)
    assert read(path) == {"daemon": "x", "devices": 1}
    status.update(devices=2, broker="up")
    assert read(path) == {"daemon": "x", "devices": 1}
    status.close(state="stopped")
    assert read(path) == {"daemon": "x", "devices": 2, "broker": "up", "state": "stopped"}


async def test_many_updates_are_one_write_when_the_period_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemonkit.status.PERIOD_S", 0.2)
    path = tmp_path / "x.json"
    status = StatusFile(path)
    status.update(n=0)
    first = path.stat().st_ino
    for n in range(1, 100):
        status.update(n=n)
    assert path.stat().st_ino == first
    async with asyncio.timeout(30):
        while read(path)["n"] == 0:  # noqa: ASYNC110 (a file tells nobody that it changed)
            await asyncio.sleep(0.01)
    assert read(path) == {"n": 99}


def test_values_that_are_not_json_are_shown_as_text(tmp_path: Path) -> None:
    status = StatusFile(tmp_path / "x.json")
    status.close(where=Path("/data"))
    assert read(tmp_path / "x.json") == {"where": "/data"}


def test_unwritable_directory_is_logged_once_and_once_when_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "run").write_text("")
    status = StatusFile(tmp_path / "run" / "x.json")
    status.close()
    status.close()
    (tmp_path / "run").unlink()
    status.close()
    assert [r.levelname for r in caplog.records] == ["WARNING", "INFO"]
