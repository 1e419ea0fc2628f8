from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from daemonkit.atomicfile import replace_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("durable", [True, False])
def test_content_is_replaced_and_directories_are_made(tmp_path: Path, *, durable: bool) -> None:
    file = tmp_path / "a" / "b" / "state.json"
    replace_file(file, b"one", durable=durable)
    replace_file(file, b"two", durable=durable)
    assert file.read_bytes() == b"two"
    assert [p.name for p in file.parent.iterdir()] == ["state.json"]


def test_durable_content_is_synced_before_and_after_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "state"
    replace_file(file, b"old", durable=True)
    seen = []
    sync = os.fsync

    def record(descriptor: int) -> None:
        seen.append(file.read_bytes())
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    replace_file(file, b"new", durable=True)
    assert seen == [b"old", b"new"]


def test_full_disk_leaves_the_old_content_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "state"
    replace_file(file, b"old", durable=True)

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        replace_file(file, b"new", durable=True)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
