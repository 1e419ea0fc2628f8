from __future__ import annotations

from pathlib import Path

from daemonkit.version import read_version


def test_version_is_the_one_of_the_checkout() -> None:
    assert read_version() == (Path(__file__).parents[3] / "version").read_text().strip()
