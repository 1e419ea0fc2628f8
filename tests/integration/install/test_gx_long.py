"""The archive on a fake GX, what takes too long for every day."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.gx import CCGX_DATA_KB, Gx
from tests.integration.install.on_gx import (
    MQTT,
    PYTHONS,
    V1,
    V2,
    VENUS_PYTHON,
    Tank,
    names,
    unpack,
    wait_works,
)
from tests.integration.install.pythons import KNOWN

if TYPE_CHECKING:
    from tests.integration.install.archives import Archives

pytestmark = pytest.mark.peer


@pytest.mark.only_long
def test_purge_without_d_bus_says_what_is_left(gx: Gx, archives: Archives) -> None:
    unpack(gx, archives, "1.0.0")
    gx.shell(f"{V1}/bin/setup.sh --no-start")
    text = gx.shell(f"{V1}/bin/uninstall.sh --purge")
    assert "the settings of Venus cannot be reached" in text
    assert "settings of our devices are left in Venus OS" in text
    assert not list((gx.root / "data" / "conf").iterdir())


@pytest.mark.only_long
@pytest.mark.parametrize("version", sorted({*KNOWN, *PYTHONS}))
def test_install_on_each_python(gx: Gx, archives: Archives, version: str) -> None:
    if version not in PYTHONS:
        pytest.skip(f"this machine has no CPython {version}")
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
        "grep -v 'daemons/mqtt_devices/app.py' MANIFEST.sha256 >m; echo \"$sum\" >>m;"
        "sort -k 2 m >MANIFEST.sha256; rm m"
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
