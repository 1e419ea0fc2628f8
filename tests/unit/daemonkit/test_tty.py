from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from daemonkit.errors import LinkLost
from daemonkit.tty import PortTaken, VenusPlaces, claim_tty, find_tty, find_users, is_built_in

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.unguarded  # runs programs, as on a GX

SERIAL = "FTDI_FT232R_USB_UART_A1234567"


class FakeVenus(VenusPlaces):
    """A directory with what a GX has of serial-starter, and an adapter that a null device stands for."""

    def __init__(self, root: Path, *, stop: str = "") -> None:
        super().__init__(
            stop_tty=root / "stop-tty.sh",
            probed=root / "probed",
            services=root / "service",
            records=root / "records",
            rules=root / "rules",
        )
        for directory in (self.probed, self.services, self.records):
            directory.mkdir()
        self.stop_tty.write_text(f'#!/bin/sh\necho "$1" >>{root}/stopped\nrm -f {self.probed}/$1\n{stop}')
        self.stop_tty.chmod(0o755)

    def start(self, service: str, pid: int = 4242) -> Path:
        status = self.services / service / "supervise" / "status"
        status.parent.mkdir(parents=True, exist_ok=True)
        status.write_bytes(bytes(12) + pid.to_bytes(4, "little") + b"\0u")
        return status

    def describe(self, tty: Path, text: str) -> None:
        number = tty.stat().st_rdev
        (self.records / f"c{os.major(number)}:{os.minor(number)}").write_text(text)


@pytest.fixture
def tty(tmp_path: Path) -> Path:
    path = tmp_path / "ttyUSB7"
    path.touch()
    (tmp_path / "by-id").symlink_to(path)
    return path


def stopped(root: Path) -> list[str]:
    file = root / "stopped"
    return file.read_text().split() if file.exists() else []


def test_a_link_leads_to_its_tty(tty: Path, tmp_path: Path) -> None:
    assert find_tty(str(tmp_path / "by-id")) == tty
    with pytest.raises(LinkLost, match="is the adapter plugged in"):
        find_tty("ttyNOTTHERE")


@pytest.mark.parametrize(
    ("name", "built_in"), [("ttyS0", True), ("/dev/ttyO2", True), ("ttyUSB0", False), ("pts/3", False)]
)
def test_ports_of_the_board_are_known_by_name(name: str, built_in: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_built_in(name) == built_in


async def test_port_that_udev_calls_built_in_is_refused_until_it_is_allowed(tty: Path, tmp_path: Path) -> None:
    venus = FakeVenus(tmp_path)
    venus.describe(tty, "S:serial/x\nE:ID_SERIAL=x\nE:VE_PRODUCT=builtin-mkx\n")
    assert is_built_in(str(tty), venus)
    with pytest.raises(PortTaken, match="allow_builtin_port"):
        await claim_tty(str(tty), "obd-server", take=True, venus=venus)
    assert stopped(tmp_path) == []
    assert await claim_tty(str(tty), "obd-server", take=True, allow_built_in=True, venus=venus) == tty


async def test_free_port_is_given_at_once_and_venus_left_alone(tty: Path, tmp_path: Path) -> None:
    venus = FakeVenus(tmp_path)
    venus.start("gps.ttyUSB8")  # another one's
    venus.start("vedirect-interface.ttyUSB7", pid=0)  # down
    assert await claim_tty(str(tmp_path / "by-id"), "obd-server", take=False, venus=venus) == tty
    assert stopped(tmp_path) == []
    assert not venus.rules.exists()


async def test_port_with_a_driver_of_venus_is_left_alone_unless_taken(tty: Path, tmp_path: Path) -> None:
    venus = FakeVenus(tmp_path)
    venus.start("gps.ttyUSB7")
    with pytest.raises(PortTaken, match=r"used by gps\.ttyUSB7 of Venus: set take_tty"):
        await claim_tty(str(tty), "obd-server", take=False, venus=venus)
    assert stopped(tmp_path) == []


async def test_port_on_which_programs_are_tried_is_not_opened(tty: Path, tmp_path: Path) -> None:
    venus = FakeVenus(tmp_path)
    (venus.probed / "ttyUSB7").symlink_to(tty)
    assert find_users(tty, venus) == ["serial-starter"]
    with pytest.raises(PortTaken, match="serial-starter"):
        await claim_tty(str(tty), "obd-server", take=False, venus=venus)
    assert await claim_tty(str(tty), "obd-server", take=True, venus=venus) == tty
    assert stopped(tmp_path) == ["ttyUSB7"]


async def test_taken_port_is_stopped_by_its_real_name_and_kept_off_when_replugged(tty: Path, tmp_path: Path) -> None:
    venus = FakeVenus(tmp_path, stop=f"rm -r {tmp_path}/service/gps.$1\n")
    venus.start("gps.ttyUSB7")
    venus.describe(tty, f"E:ID_SERIAL={SERIAL}\nE:ID_USB_INTERFACE_NUM=00\nE:VE_SERVICE=gps:vedirect\n")
    for _ in range(2):  # as after a replug
        assert await claim_tty(str(tmp_path / "by-id"), "obd-server", take=True, venus=venus) == tty
    assert stopped(tmp_path) == ["ttyUSB7", "ttyUSB7"]
    (rule,) = venus.rules.iterdir()
    assert rule.name == f"99-venus-daemons-obd-server-{SERIAL}-00.rules"
    assert rule.read_text().splitlines()[1] == (
        f'SUBSYSTEM=="tty", ENV{{ID_SERIAL}}=="{SERIAL}", ENV{{ID_USB_INTERFACE_NUM}}=="00", ENV{{VE_SERVICE}}="ignore"'
    )


async def test_name_that_udev_would_take_for_a_pattern_gets_no_rule(tty: Path, tmp_path: Path) -> None:
    venus = FakeVenus(tmp_path)
    venus.describe(tty, "E:ID_SERIAL=*\n")
    assert await claim_tty(str(tty), "obd-server", take=True, venus=venus) == tty
    assert not venus.rules.exists()


async def test_driver_that_does_not_let_go_keeps_the_port(
    tty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("daemonkit.tty.FREE_LIMIT_S", 0.5)
    venus = FakeVenus(tmp_path, stop="exit 1\n")
    venus.start("gps.ttyUSB7")
    with pytest.raises(PortTaken, match="it does not let go"):
        await claim_tty(str(tty), "obd-server", take=True, venus=venus)
    assert "ended with 1" in caplog.text


async def test_stop_tty_that_hangs_is_ended(tty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemonkit.tty.PROGRAM_LIMIT_S", 0.5)
    venus = FakeVenus(tmp_path, stop="exec sleep 1000\n")
    assert await claim_tty(str(tty), "obd-server", take=True, venus=venus) == tty


async def test_elsewhere_than_on_a_gx_every_tty_is_free(tty: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    venus = VenusPlaces(*(nowhere / name for name in ("stop", "probed", "service", "records", "rules")))
    assert await claim_tty(str(tty), "obd-server", take=True, venus=venus) == tty
    assert not nowhere.exists()
