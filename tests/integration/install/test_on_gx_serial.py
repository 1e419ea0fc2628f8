"""A serial port on a fake GX: left to the drivers of Venus, taken when configured so, and again when replugged."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import pytest

from simulators.peers.process import Peer
from tests.integration.install.archives import REPOSITORY
from tests.integration.install.on_gx import V1, names

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.install.gx import Gx

pytestmark = pytest.mark.peer

TOOL = f"{V1}/bin/venus-daemons"
DAEMON = "mk2-bridge"
NAME = "usb-VictronEnergy_MK3-USB_Interface_HQ1234-if00-port0"
SERVICE = "com.victronenergy.vebus.usb_VictronEnergy_MK3_USB_Interface_HQ1234_if00_port0"
UDEV = "E:ID_SERIAL=VictronEnergy_MK3-USB_Interface_HQ1234\nE:ID_USB_INTERFACE_NUM=00\nE:VE_SERVICE=mkx\n"
RULE = (
    'SUBSYSTEM=="tty", ENV{ID_SERIAL}=="VictronEnergy_MK3-USB_Interface_HQ1234", '
    'ENV{ID_USB_INTERFACE_NUM}=="00", ENV{VE_SERVICE}="ignore"'
)
CONFIG = f"tty: /dev/serial/by-id/{NAME}\nbeside_other_vebus: true\n"


class MultiPlus(Peer):
    """The interface and the device behind it, outside; its end is that of the pty."""

    def __init__(self) -> None:
        env = {**os.environ, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY}/lib"}
        super().__init__("MultiPlus", [sys.executable, "-m", "simulators.multiplus"], env=env)

    def is_ready(self) -> bool:
        return " on /dev/pts/" in self.output

    @property
    def pty(self) -> str:
        return self.output.split()[-1]


def start_driver(gx: Gx, tty: str) -> str:
    """Start the driver of Venus on a tty, as serial-starter does; return its name."""
    name = f"mk2-dbus.{tty}"
    gx.shell(
        f"mkdir /service/.{name}; printf '#!/bin/sh\\nexec sleep 100000\\n' >/service/.{name}/run;"
        f"chmod 755 /service/.{name}/run; mv /service/.{name} /service/{name}"
    )
    gx.until(lambda: "up (pid" in gx.svstat(name), name)
    return name


def configure(gx: Gx, text: str) -> None:
    (gx.root / "data" / "conf" / "venus-daemons" / f"{DAEMON}.yml").write_text(text)


@pytest.mark.slow
@pytest.mark.long
def test_port_is_left_to_venus_until_it_is_to_be_taken(installed_gx: Gx, campaign: Callable[[int, int], int]) -> None:
    gx, is_whole = installed_gx, bool(campaign(0, 1))
    config = gx.root / "data" / "conf" / "venus-daemons" / f"{DAEMON}.yml"
    before = config.read_text()
    try:
        with MultiPlus() as device:
            gx.plug(device.pty, "ttyUSB0", NAME, UDEV)
            driver = start_driver(gx, "ttyUSB0")
            pid = gx.svstat(driver).split()[3]
            configure(gx, CONFIG)
            gx.shell(f"svc -u /service/{DAEMON}")
            gx.until(lambda: f"is used by {driver} of Venus: set take_tty" in gx.log(DAEMON), "the reason")
            assert gx.svstat(driver).split()[3] == pid
            assert not (gx.root / "run" / "stopped-ttys").exists()
            # The doctor looks at what is meant to run.
            gx.shell(f"mv {V1}/service/{DAEMON}/down /tmp/down")
            text = gx.shell(f"{TOOL} doctor; mv /tmp/down {V1}/service/{DAEMON}/down", check=False)
            assert f"is used by {driver}" in " ".join(text.split())

            configure(gx, CONFIG + "take_tty: true\n")
            gx.shell(f"svc -t /service/{DAEMON}")
            gx.until(lambda: SERVICE in names(gx), "the system on D-Bus")
            assert driver not in gx.service_names()
            (rule,) = (gx.root / "run" / "udev" / "rules.d").glob(f"*{DAEMON}*.rules")
            assert rule.read_text().splitlines()[1] == RULE
            assert "control --reload" in (gx.root / "run" / "udevadm").read_text()
        gx.unplug("ttyUSB0", NAME)
        if is_whole:
            take_again(gx)
    finally:
        gx.shell(f"svc -d /service/{DAEMON}; rm -f /run/udev/rules.d/*")
        config.write_text(before)


def take_again(gx: Gx) -> None:
    """Plug it in under another number, as it happens."""
    gx.until(lambda: re.search("ended|not there", gx.log(DAEMON)) is not None, "the loss")
    with MultiPlus() as device:
        gx.plug(device.pty, "ttyUSB1", NAME, UDEV)
        gx.until(lambda: "ttyUSB1" in (gx.root / "run" / "stopped-ttys").read_text().split(), "the new tty")
        gx.until(lambda: "open again" in gx.log(DAEMON), "the device behind it")
    gx.unplug("ttyUSB1", NAME)
