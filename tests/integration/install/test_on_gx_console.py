"""bin/venus-daemons on the fake GX, after a real installation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.on_gx import DAEMONS, MQTT, V1, Tank, names

if TYPE_CHECKING:
    from tests.integration.install.gx import Gx

pytestmark = pytest.mark.peer

TOOL = f"{V1}/bin/venus-daemons"
CONFIG = f"/data/conf/venus-daemons/{MQTT}.yml"


@pytest.fixture
def gx(installed_gx: Gx) -> Gx:
    return installed_gx


def doctor(gx: Gx) -> str:
    return gx.shell(f"{TOOL} doctor", check=False)


def has_narrow_lines(text: str) -> bool:
    # A cure of the doctor is to be copied, and never broken.
    return bool(text) and all(len(line) <= 80 for line in text.splitlines() if "-> " not in line)


@pytest.mark.slow
def test_status_shows_each_daemon(gx: Gx) -> None:
    row = re.compile(r"^mqtt-devices +running +\d+ (s|min) +1\.0\.0 +\d+ MB +0$", re.MULTILINE)
    gx.until(lambda: row.search(gx.shell(f"{TOOL} status")) is not None, "the row")
    assert has_narrow_lines(gx.shell(f"{TOOL} status"))


def test_spy_and_metrics_show_a_device(gx: Gx) -> None:
    with Tank(gx):
        gx.until(lambda: any("mqtt_boat" in name for name in names(gx)), "the tank")
        gx.until(lambda: "/Level" in gx.shell(f"{TOOL} metrics mqtt_boat"), "the level")
        overview = gx.shell(f"{TOOL} spy")
        paths = gx.shell(f"{TOOL} spy mqtt_boat")
        numbers = gx.shell(f"{TOOL} metrics mqtt_boat")
        served = gx.shell(
            f"{TOOL} metrics mqtt_boat --listen 127.0.0.1:0 >/tmp/m & pid=$!;"
            "until grep -q http /tmp/m; do sleep 1; done; url=$(grep -o 'http[^ ]*' /tmp/m);"
            "port=${url##*:}; port=${port%%/*}; exec 3<>/dev/tcp/127.0.0.1/$port;"
            "printf 'GET /metrics HTTP/1.1\\r\\n\\r\\n' >&3; cat <&3; kill $pid"
        )
    assert has_narrow_lines(overview)
    assert has_narrow_lines(paths)
    assert re.search(r"^tank\.mqtt_boat_\w+ +\d+ +1 +\S", overview, re.MULTILINE), overview
    assert re.search(r"^tank\.mqtt_boat_\w+ +/Level +[\d.]+ ?%", paths, re.MULTILINE), paths
    sample = re.compile(
        r'^venus_dbus_value\{service="tank\.mqtt_boat_\w+",instance="\d+",path="/Level"\} [\d.]+$', re.MULTILINE
    )
    assert sample.search(numbers), numbers
    assert "HTTP/1.1 200 OK" in served
    assert sample.search(served), served


def test_doctor_finds_nothing_wrong_with_a_good_installation(gx: Gx) -> None:
    gx.until(lambda: "broker" in gx.status(MQTT), "the daemon's own report")
    text = doctor(gx)
    assert text.endswith("0 problems found.\n"), text
    assert has_narrow_lines(text)
    for good in ("rc.local starts mqtt-devices", "mqtt-devices is up", "is connected to its broker", "256 D-Bus"):
        assert good in text


BROKEN = {
    "not-executable": ("chmod 644 /data/rc.local", "chmod 755 /data/rc.local", "is not executable"),
    "nul": ("printf '\\0\\0' >>/data/rc.local", f"{V1}/bin/setup.sh", "holds NUL or CR"),
    "twice": (
        "grep mqtt-devices /data/rc.local >/tmp/line; cat /tmp/line >>/data/rc.local",
        f"{V1}/bin/setup.sh",
        "is in rc.local 2 times",
    ),
    "behind-exit": ("sed -i '1a exit 0' /data/rc.local", f"{V1}/bin/setup.sh", "behind 'exit'"),
    "other-version": (
        "echo ln -s /data/drivers/venus-daemons-0.1/service/mqtt-devices /service/mqtt-devices >>/data/rc.local",
        f"{V1}/bin/setup.sh",
        "another version, too",
    ),
    "gone": ("mv /data/rc.local /data/rc.local.disabled", "mv /data/rc.local.disabled /data/rc.local", "were disabled"),
    "run-not-executable": (
        f"chmod 644 {V1}/service/mqtt-devices/run",
        f"chmod 755 {V1}/service/mqtt-devices/run",
        f"chmod 755 {V1}/service/mqtt-devices/run",
    ),
    "down": (f"svc -d /service/{MQTT}; sleep 3", f"svc -u /service/{MQTT}; sleep 3", f"svc -u /service/{MQTT}"),
    "down-file-back": (f"touch {V1}/service/{MQTT}/down", f"{V1}/bin/setup.sh", "but does not start:"),
    "nul-configuration": (
        f"head -c 400 /dev/zero >{CONFIG}",
        f"mv {CONFIG} {CONFIG}.bad; {V1}/bin/setup.sh; rm {CONFIG}.bad",
        f"-> mv {CONFIG} {CONFIG}.bad; {V1}/bin/setup.sh",
    ),
    "full": (
        "free=$(df -Pk /data | awk 'NR == 2 { print $4 }'); head -c $(((free - 5000) * 1024)) /dev/zero >/data/full",
        "rm /data/full",
        "MB are free on /data",
    ),
    "former": (
        "mkdir -p /data/old; ln -s /data/old /service/dbus-mqtt-devices",
        "rm /service/dbus-mqtt-devices; rm -r /data/old",
        "runs beside mqtt-devices",
    ),
    "tty": (
        (
            "mkdir /service/.gps; printf '#!/bin/sh\\nexec sleep 9999\\n' >/service/.gps/run;"
            "chmod 755 /service/.gps/run;"
            "mv /service/.gps /service/gps.tty; until svstat /service/gps.tty | grep -q 'up (pid'; do sleep 1; done;"
            f"echo 'x: /dev/tty' >>/data/conf/venus-daemons/{MQTT}.yml"
        ),
        (
            "mv /service/gps.tty /service/.gps; svc -dx /service/.gps; sleep 1; rm -r /service/.gps;"
            f"sed -i '$d' /data/conf/venus-daemons/{MQTT}.yml"
        ),
        "(tty) is used by gps.tty",
    ),
}


# The others run with bin/test --long.
EVERY_DAY = ("not-executable", "down")


@pytest.mark.parametrize(
    "case", [case if case in EVERY_DAY else pytest.param(case, marks=pytest.mark.only_long) for case in BROKEN]
)
def test_doctor_finds_what_is_broken_and_its_cure_works(gx: Gx, case: str) -> None:
    breakage, cure, says = BROKEN[case]
    try:
        gx.shell(breakage)
        text = doctor(gx)
    finally:
        gx.shell(cure, check=False)
    assert any(says in line for line in text.splitlines()), text
    assert "PROBLEM" in text
    gx.until(lambda: "0 problems found" in doctor(gx), f"the cure of {case}")


def test_restart_compiles_nothing_again(gx: Gx) -> None:
    """A GX would take seconds for it at every start."""
    compiled = set((gx.root / V1[1:]).rglob("*.pyc"))
    assert {path.parent.name for path in compiled} == {"__pycache__"}
    packages = {path.relative_to(gx.root / V1[1:]).parts[1] for path in compiled}
    assert {"mqtt_devices", "daemonkit", "velib_async", "aiomqtt", "dbus_fast", "paho", "yaml"} <= packages
    before = {path: path.stat().st_mtime_ns for path in compiled}
    pid = gx.status(MQTT)["pid"]
    gx.shell(f"{TOOL} restart {MQTT}")
    gx.until(lambda: gx.is_running(MQTT) and gx.status(MQTT)["pid"] != pid, "the restart")
    assert {path: path.stat().st_mtime_ns for path in compiled} == before


@pytest.mark.parametrize(("machine", "most_kb"), [("einstein", 160), ("ccgx", 60)])
def test_log_of_every_daemon_stays_small(gx: Gx, machine: str, most_kb: int) -> None:
    gx.change_root(f"echo {machine} >/etc/venus/machine")
    try:
        for name in DAEMONS:
            gx.shell(f"seq 40000 | VENUS_DAEMONS_LOG=/tmp/noise {V1}/service/{name}/log/run")
            assert 8 <= int(gx.shell(f"du -sk /tmp/noise/{name}").split()[0]) <= most_kb
    finally:
        gx.change_root("echo einstein >/etc/venus/machine")
        gx.shell("rm -r /tmp/noise")


def test_logs_have_readable_times(gx: Gx) -> None:
    gx.until(lambda: len(gx.log(MQTT).splitlines()) > 2, "three lines")
    text = gx.shell(f"{TOOL} logs {MQTT} -n 2")
    assert len(text.splitlines()) == 2
    assert re.match(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d \S", text), text


@pytest.mark.only_long
def test_disable_and_enable_are_remembered(gx: Gx) -> None:
    gx.shell(f"{TOOL} disable {MQTT}")
    gx.until(lambda: not gx.processes("mqtt_devices"), "the end")
    assert "not enabled" in gx.shell(f"{TOOL} status")
    gx.shell(f"{TOOL} enable {MQTT}")
    gx.until(lambda: gx.is_running(MQTT), "the start")


def test_selftest_is_a_report_to_paste(gx: Gx) -> None:
    text = gx.shell(f"{TOOL} selftest")
    assert text.startswith("```\nsuite      venus-daemons 1.0.0")
    assert text.endswith("```\n")
    for line in (
        "device     einstein",
        "load       mqtt-devices: ",
        "running    mqtt-devices: ",
        "bus        ",
        "disk ",
    ):
        assert line in text
    assert "exit code 0" in text
    assert has_narrow_lines(text)


def test_everything_fits_a_terminal_over_ssh(gx: Gx) -> None:
    for command in ("--help", "--version", "spy settings"):
        assert has_narrow_lines(gx.shell(f"{TOOL} {command}")), command


def test_unknown_commands_are_refused_and_tools_that_are_missing_not_offered(gx: Gx) -> None:
    text = gx.shell(f"{TOOL} frobnicate; echo $?", check=False)
    assert "there is no command frobnicate" in text
    assert text.startswith("2\n")
    has_mk2 = (gx.root / V1[1:] / "lib" / "mk2").exists()
    assert ("  mk2 " in gx.shell(f"{TOOL} --help")) == has_mk2
