"""What setup.sh refuses on a fake root, with the reason, and that refusing changes nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.peers.process import find_program

if TYPE_CHECKING:
    from tests.integration.install.fake_root import FakeRoot

pytestmark = pytest.mark.peer

LINE_1 = "ln -s /data/drivers/venus-daemons-1.0.0/service/mqtt-devices /service/mqtt-devices"
LINE_2 = LINE_1.replace("1.0.0", "2.0.0")


def python_saying(fake_root: FakeRoot, version: str) -> str:
    fake_root._stub("old-python", f"#!/bin/sh\necho Python {version}\n")
    return "old-python"


def truncate(fake_root: FakeRoot) -> dict[str, str]:
    victims = sorted((fake_root.suite() / "lib").rglob("*.py"))[5:]
    for file in victims:
        file.unlink()
    return {}


def modify(fake_root: FakeRoot) -> dict[str, str]:
    with (fake_root.suite() / "services.yml").open("a") as file:
        file.write("\n")
    return {}


def lose_vendor(fake_root: FakeRoot) -> dict[str, str]:
    shutil.rmtree(fake_root.suite() / "vendor")
    return {}


def be_old(fake_root: FakeRoot) -> dict[str, str]:
    return {"VENUS_DAEMONS_PYTHON": python_saying(fake_root, "3.8.13")}


def have_no_python(_: FakeRoot) -> dict[str, str]:
    return {"VENUS_DAEMONS_PYTHON": "no-such-python"}


def break_config(fake_root: FakeRoot) -> dict[str, str]:
    fake_root.write("data/conf/venus-daemons/mqtt-devices.yml", "max_devices: many\n")
    return {"VENUS_DAEMONS_PYTHON": sys.executable}


def occupy_name(fake_root: FakeRoot) -> dict[str, str]:
    (fake_root.services / "mqtt-devices").mkdir()
    return {}


def link_name_to_another_program(fake_root: FakeRoot) -> dict[str, str]:
    fake_root.write("data/my-own/service/run", "#!/bin/sh\n")
    (fake_root.services / "mqtt-devices").symlink_to(fake_root.path / "data" / "my-own" / "service")
    return {}


def link_name_to_another_suite(fake_root: FakeRoot) -> dict[str, str]:
    fake_root.write("data/my-own/service/mqtt-devices/run", "#!/bin/sh\n")
    (fake_root.services / "mqtt-devices").symlink_to(fake_root.path / "data" / "my-own" / "service" / "mqtt-devices")
    return {}


def fill_disk(fake_root: FakeRoot) -> dict[str, str]:
    fake_root._stub("df", "#!/bin/sh\necho Filesystem x\necho /dev/x 1 1 900 99% /data\n")
    return {}


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (truncate, "files of this copy are missing or damaged"),
        (modify, "missing or damaged: services.yml"),
        (lose_vendor, "venus-daemons-1.0.0.zip"),
        (be_old, "Python 3.8.13 is too old: this needs Python 3.11, which is in Venus OS v3.60 and later"),
        (have_no_python, "there is no no-such-python"),
        (break_config, "mqtt-devices.yml is not right"),
        (occupy_name, "another program has that name"),
        (
            link_name_to_another_program,
            "leads to {data}/my-own/service, which is not ours: another program has that name",
        ),
        (link_name_to_another_suite, "leads to {data}/my-own/service/mqtt-devices, which is not ours"),
        (fill_disk, "only 900 kB are free on /data"),
    ],
)
def test_refusal_says_why_and_changes_nothing(fake_root: FakeRoot, spoil: object, says: str) -> None:
    assert callable(spoil)
    env = spoil(fake_root)
    before = fake_root.snapshot()
    done = fake_root.run("setup.sh", env=fake_root.environment(**env))
    assert done.returncode == 1
    assert says.format(data=fake_root.path / "data") in done.stderr, done.stderr
    assert fake_root.snapshot() == before


def test_copy_in_a_place_that_does_not_survive_is_refused(fake_root: FakeRoot) -> None:
    place = fake_root.path / "tmp"
    shutil.move(fake_root.suite(), place / "venus-daemons-1.0.0")
    command = [find_program("bash"), str(place / "venus-daemons-1.0.0" / "bin" / "setup.sh"), "--root"]
    done = subprocess.run(
        [*command, str(fake_root.path)], check=False, env=fake_root.environment(), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "mkdir -p /data/drivers" in done.stderr


def test_unknown_daemon_and_option_are_named(fake_root: FakeRoot) -> None:
    nowhere = str(fake_root.path / "no" / "such" / "place")
    for arguments, says in (
        (["--enable", "mqtt"], "there is no daemon mqtt; there are: "),
        (["--yes"], "--yes"),
        (["--root", nowhere], f"there is no directory {nowhere}"),
    ):
        done = fake_root.run("setup.sh", *arguments)
        assert done.returncode == 2
        assert says in done.stderr
