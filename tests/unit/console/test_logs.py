"""venus-daemons logs -f over the renaming of a full log."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from console import logs

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_what_came_just_before_the_renaming_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "current"
    full = tmp_path / "@1.s"
    log.write_text("seen\n")
    look = logs.is_replaced

    def rename_after_the_last_reading(path: Path, descriptor: int) -> bool:
        if not full.exists():
            with path.open("a") as file:
                file.write("last\n")
            path.rename(full)
            path.write_text("new\n")
        return look(path, descriptor)

    monkeypatch.setattr(logs, "is_replaced", rename_after_the_last_reading)
    with contextlib.closing(logs.follow(log)) as lines:
        assert next(lines) == "last"
        assert next(lines) == "new"
