"""The archive on a fake GX: installed, rebooted, its firmware updated, upgraded, rolled back, removed."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.gx import CCGX_DATA_KB, REPOSITORY, Gx, find_pythons, venus_python
from tests.peers.process import Peer
from velib_async.bus import open_bus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.install.archives import Archives

pytestmark = pytest.mark.peer

PYTHONS = find_pythons()
USER = "#!/bin/bash\n/opt/mine.sh &\necho mine >/run/mine\n"
MQTT = "mqtt-devices"
V1 = "/data/drivers/venus-daemons-1.0.0"
V2 = "/data/drivers/venus-daemons-2.0.0"
DAEMONS = sorted(path.name for path in (REPOSITORY / "service").iterdir())
VENUS_PYTHON = venus_python(PYTHONS)


@pytest.fixture
def gx() -> Iterator[Gx]:
    with Gx(PYTHONS) as gx:
        gx.install_python(VENUS_PYTHON)
        yield gx


def names(gx: Gx) -> set[str]:
    async def ask() -> set[str]:
        bus = await open_bus(gx.bus)
        try:
            (found,) = await bus.call(
                "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ListNames"
            )
        finally:
            await bus.close()
        return set(found)

    return asyncio.run(ask())


def unpack(gx: Gx, archives: Archives, version: str, suffix: str = "") -> None:
    """Follow the README: unzip with the tools of the GX."""
    gx.put(archives.path(version, suffix=suffix, kind="zip"), "/data/drivers/download.zip")
    gx.shell("cd /data/drivers; unzip -q -o download.zip; rm download.zip")


class Tank(Peer):
    """A simulated device in the network of the GX."""

    def __init__(self, gx: Gx) -> None:
        command = [sys.executable, "-m", "simulators.mqtt.tank", "--client-id", "boat"]
        super().__init__("tank", gx.in_network(*command), env={**os.environ, "PYTHONPATH": str(REPOSITORY)})


def wait_works(gx: Gx) -> None:
    """A daemon works when a device that speaks MQTT shows up on D-Bus."""
    gx.until(lambda: gx.is_running(MQTT), f"one supervised {MQTT}")
    with Tank(gx):
        gx.until(lambda: any(name.startswith("com.victronenergy.tank.mqtt_boat_") for name in names(gx)), "the tank")
    gx.until(lambda: not any("mqtt_boat" in name for name in names(gx)), "the end of the tank")


@pytest.mark.slow
def test_install_reboot_firmware_update_upgrade_rollback_uninstall(gx: Gx, archives: Archives) -> None:
    (gx.root / "data" / "rc.local").write_text(USER)
    gx.shell("chmod 755 /data/rc.local")
    gx.boot()
    stock = gx.svstat("dbus-modbus-client").split()[:4]
    unpack(gx, archives, "1.0.0")

    text = gx.shell(f"{V1}/bin/setup.sh")
    assert f"{MQTT}: up (pid" in text
    line = f"ln -s {V1}/service/{MQTT} /service/{MQTT}\n"
    assert gx.shell("cat /data/rc.local").startswith(USER)
    assert line in gx.shell("cat /data/rc.local")
    wait_works(gx)
    assert gx.svstat("dbus-modbus-client").split()[:4] == stock
    assert "softlimit" not in gx.log(MQTT)
    limits = (gx.root / "proc" / str(gx.status(MQTT)["pid"]) / "limits").read_text()
    assert re.search(r"Max address space +[1-4]00000000 ", limits)

    gx.reboot()
    assert (gx.root / "run" / "mine").exists()
    wait_works(gx)

    others = [version for version in PYTHONS if version != VENUS_PYTHON]
    gx.update_firmware(others[-1] if others else VENUS_PYTHON)
    wait_works(gx)
    assert f"Python {gx.python}." in gx.log(MQTT)

    for version, directory in (("2.0.0", V2), ("1.0.0", V1)):
        if not (gx.root / directory.lstrip("/")).exists():
            unpack(gx, archives, version)
        gx.shell(f"{directory}/bin/setup.sh")
        assert gx.is_running(MQTT)
        assert gx.status(MQTT)["version"] == version
        assert gx.shell("ps | grep -c '[s]upervise mqtt-devices'").strip() == "1"
    assert "unable to lock" not in gx.shell("cat /tmp/svscan.log /data/log/*/current")
    wait_works(gx)

    gx.shell(f"{V1}/bin/uninstall.sh")
    assert not gx.processes("mqtt_devices")
    assert (gx.root / "data" / "rc.local").read_text() == USER
    assert gx.service_names() == ["dbus-modbus-client"]
    assert not list((gx.root / "data" / "drivers").iterdir())
    gx.reboot()
    assert not gx.processes("mqtt_devices")


@pytest.mark.slow
def test_every_daemon_runs_on_what_a_gx_has(gx: Gx, archives: Archives) -> None:
    gx.boot()
    unpack(gx, archives, "1.0.0")
    gx.shell(f"{V1}/bin/setup.sh --services {','.join(DAEMONS)}")
    for name in DAEMONS:
        assert gx.is_running(name), gx.log(name)
        assert "Traceback" not in gx.log(name)
        assert "MemoryError" not in gx.log(name)


@pytest.mark.only_long
@pytest.mark.parametrize("version", PYTHONS)
def test_install_on_each_python(gx: Gx, archives: Archives, version: str) -> None:
    gx.install_python(version)
    gx.boot()
    unpack(gx, archives, "1.0.0")
    gx.shell(f"{V1}/bin/setup.sh")
    wait_works(gx)
    for other in PYTHONS:
        gx.update_firmware(other)
        wait_works(gx)


def break_at_run_time(gx: Gx) -> None:
    """Make version 2.0.0 pass its test, and end at once when it runs."""
    path = V2 + "/daemons/mqtt_devices/app.py"
    gx.shell(
        f"sed -i 's/^    registry = Registry.*/    raise RuntimeError(\"broken\")/' {path};"
        f"cd {V2}; sum=$(sha256sum daemons/mqtt_devices/app.py);"
        "grep -v 'daemons/mqtt_devices/app.py' MANIFEST.sha256 >m; echo \"$sum\" >>m; mv m MANIFEST.sha256"
    )


@pytest.mark.only_long
def test_version_that_dies_is_taken_back_while_people_watch(gx: Gx, archives: Archives) -> None:
    gx.boot()
    unpack(gx, archives, "1.0.0")
    gx.shell(f"{V1}/bin/setup.sh")
    unpack(gx, archives, "2.0.0")
    break_at_run_time(gx)
    text = gx.shell(f"{V2}/bin/setup.sh; echo ended with $?", check=False)
    assert "ended with 1\n" in text
    assert f"everything is as it was before ({V1})" in text
    gx.until(lambda: gx.is_running(MQTT), "the version before")
    assert gx.status(MQTT)["version"] == "1.0.0"
    gx.reboot()
    wait_works(gx)
    assert gx.status(MQTT)["version"] == "1.0.0"


@pytest.mark.only_long
def test_crash_loop_is_slow_and_the_log_stays_small(gx: Gx, archives: Archives) -> None:
    gx.boot()
    unpack(gx, archives, "2.0.0")
    break_at_run_time(gx)
    gx.shell(f"{V2}/bin/setup.sh --no-start; ln -s {V2}/service/{MQTT} /service/{MQTT}")
    gx.until(lambda: "*** starting" in gx.log(MQTT), "the first start")
    time.sleep(60)  # what is measured
    starts = gx.log(MQTT).count("*** starting")
    assert 2 <= starts < 10, gx.log(MQTT)
    gx.shell(f"seq 200000 | VENUS_DAEMONS_LOG=/tmp/noise {V2}/service/{MQTT}/log/run")
    assert int(gx.shell(f"du -sk /tmp/noise/{MQTT}").split()[0]) <= 160


@pytest.mark.only_long
def test_killed_daemon_comes_back_and_a_stopped_one_leaves_the_bus(gx: Gx, archives: Archives) -> None:
    gx.boot()
    unpack(gx, archives, "1.0.0")
    gx.shell(f"{V1}/bin/setup.sh")
    pid = gx.status(MQTT)["pid"]
    gx.shell(f"kill -9 {pid}")
    gx.until(lambda: gx.is_running(MQTT) and gx.status(MQTT)["pid"] != pid, "the restart")
    with Tank(gx):
        gx.until(lambda: any("mqtt_boat" in name for name in names(gx)), "the tank")
        gx.shell(f"svc -d /service/{MQTT}")
        gx.until(lambda: not any("mqtt_boat" in name for name in names(gx)), "the names to go", 20)
    gx.until(lambda: not gx.processes("mqtt_devices"), "the end", 20)
    gx.shell(f"svc -u /service/{MQTT}")
    wait_works(gx)


@pytest.mark.only_long
def test_ccgx_archive(archives: Archives) -> None:
    with Gx(PYTHONS, data_kb=CCGX_DATA_KB) as gx:
        gx.install_python(VENUS_PYTHON)
        gx.change_root("echo ccgx >/etc/venus/machine")
        gx.boot()
        unpack(gx, archives, "1.0.0", suffix="-ccgx")
        gx.shell(f"{V1}/bin/setup-ccgx.sh")
        wait_works(gx)
        assert gx.service_names() == ["dbus-modbus-client", MQTT]
        unpack(gx, archives, "2.0.0", suffix="-ccgx")
        gx.shell(f"{V2}/bin/setup-ccgx.sh")
        wait_works(gx)
        assert gx.status(MQTT)["version"] == "2.0.0"


# As update-data.sh of Venus does it.
UPDATE_DATA = """
mkdir /tmp/rc; tar -xzf /data/stick.tar.gz -C /tmp/rc rc
sh /tmp/rc/rc/pre-hook.sh || { echo skipped; exit 0; }
tar -xzf /data/stick.tar.gz -C /data drivers && sh /tmp/rc/rc/post-hook.sh success
"""


@pytest.mark.only_long
def test_usb_stick_installs_at_boot_and_only_once(gx: Gx, archives: Archives) -> None:
    stick = archives.directory / "venus-data-venus-daemons.tar.gz"  # of the version built last, 2.0.0
    gx.put(stick, "/data/stick.tar.gz")
    text = gx.shell(UPDATE_DATA)
    assert "skipped" not in text
    gx.boot()
    wait_works(gx)
    gx.until(lambda: "is installed" in gx.shell("cat /data/log/venus-daemons/usb-setup.log"), "setup.sh to end")
    gx.reboot()
    gx.put(stick, "/data/stick.tar.gz")
    assert "skipped" in gx.shell(UPDATE_DATA)
    wait_works(gx)


@pytest.mark.only_long
def test_daemon_lives_within_its_memory_limit(gx: Gx, archives: Archives) -> None:
    gx.boot()
    unpack(gx, archives, "1.0.0")
    gx.shell(f"{V1}/bin/setup.sh")
    wait_works(gx)
    status = (gx.root / "proc" / str(gx.status(MQTT)["pid"]) / "status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index] # it is always there
    assert resident < 60_000, status
