from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from daemonkit.tty import VenusPlaces
from mk2_bridge.tool import main

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.unguarded


@pytest.mark.parametrize("is_up", [True, False])
def test_tool_leaves_a_tty_alone_that_the_vendors_driver_uses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, is_up: bool
) -> None:
    tty = tmp_path / "ttyUSB7"
    tty.touch()
    link = tmp_path / "by-id"
    link.symlink_to(tty)
    supervise = tmp_path / "service" / "mk2-dbus.ttyUSB7" / "supervise"
    supervise.mkdir(parents=True)
    (supervise / "status").write_bytes(bytes(12) + (4242 if is_up else 0).to_bytes(4, "little") + b"\0u")
    venus = VenusPlaces(*(tmp_path / name for name in ("stop", "probed", "service", "records", "rules")))
    monkeypatch.setattr(sys, "argv", ["venus-daemons mk2", "set", "-t", str(link), "soc", "50"])
    assert main(venus) == 1
    text = capsys.readouterr().err
    assert ("is used by mk2-dbus.ttyUSB7 of Venus" in text) is is_up
    assert ("stop-tty.sh ttyUSB7" in text) is is_up
