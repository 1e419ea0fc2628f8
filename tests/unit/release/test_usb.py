"""The hooks that Venus runs around the unpacking of the archive on a stick, at every boot."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from release.usb import make_usb_files
from tests.peers.process import find_program

if TYPE_CHECKING:
    from pathlib import Path

SHELLS = ("dash", "bash", "busybox ash")
LIMIT_S = 60.0
STICK = "1.10.0"

pytestmark = pytest.mark.peer


class Device:
    """A directory that stands for /data, at a boot with the stick in it."""

    def __init__(self, data: Path, shell: str) -> None:
        self.data = data
        program, *rest = shell.split()
        self.shell = [find_program(program), *rest]
        self.done = data / "conf" / "venus-daemons" / "usb-done"
        self.log = data / "log" / "venus-daemons" / "usb-setup.log"
        self.done.parent.mkdir(parents=True)

    def install(self, version: str) -> None:
        suite = self.data / "drivers" / f"venus-daemons-{version}"
        suite.mkdir(parents=True)
        (suite / "version").write_text(f"{version}\n")
        (self.data / "rc.local").write_text(f"#!/bin/sh\nln -s {suite}/service/mqtt-devices /service/mqtt-devices\n")

    def hook(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        _, content = make_usb_files(f"venus-daemons-{STICK}", {})[f"rc/{name}-hook.sh"]
        text = content.decode().replace("/data/", f"{self.data}/")
        command = [*self.shell, "-c", text, "hook", *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=LIMIT_S)

    def unpack(self, setup: str) -> None:
        """Do what follows a pre-hook that ends with 0; `setup` stands for setup.sh."""
        script = self.data / "drivers" / f"venus-daemons-{STICK}" / "bin" / "setup.sh"
        script.parent.mkdir(parents=True)
        script.write_text(setup)
        assert self.hook("post", "success").returncode == 0
        until = time.monotonic() + LIMIT_S
        while not self.done.exists():
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.05)


@pytest.fixture(params=SHELLS)
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Device:
    return Device(tmp_path / "data", request.param)


@pytest.mark.parametrize(
    ("installed", "reason"),
    [
        (None, None),
        ("1.9.9", None),
        ("1.10.0", "it is installed already"),
        ("1.10.1", "1.10.1, which is newer, is installed"),
        ("2.0.0", "2.0.0, which is newer, is installed"),
    ],
)
def test_stick_never_takes_back_what_is_installed(device: Device, installed: str | None, reason: str | None) -> None:
    if installed:
        device.install(installed)
    done = device.hook("pre")
    assert (done.returncode, done.stderr) == (0 if reason is None else 1, "")
    assert done.stdout == ("" if reason is None else f"venus-daemons {STICK} on the stick is skipped: {reason}\n")


@pytest.mark.parametrize(("setup", "code"), [("echo installed", 0), ("echo FAILED: too old; exit 1", 1)])
def test_what_was_tried_is_not_tried_at_every_boot(device: Device, setup: str, code: int) -> None:
    assert device.hook("pre").returncode == 0
    device.unpack(setup)
    assert ("does not try this version again" in device.log.read_text()) == bool(code)
    for _ in range(2):
        done = device.hook("pre")
        assert done.returncode == 1
        assert f"it was tried before. To try it again: rm {device.done}" in done.stdout
    assert device.done.read_text() == f"{STICK}\n"
    device.done.unlink()
    assert device.hook("pre").returncode == 0


def test_what_was_removed_stays_removed_with_the_stick_left_in(device: Device) -> None:
    device.install(STICK)
    assert device.hook("pre").returncode == 1
    (device.data / "rc.local").unlink()  # uninstall.sh
    assert device.hook("pre").returncode == 1


def test_nothing_is_set_up_after_an_incomplete_unpacking(device: Device) -> None:
    assert device.hook("post", "extraction-failed").returncode == 0
    assert not device.log.parent.exists()
