"""A version whose directory was removed while its daemon ran: svc cannot reach it, and it blocks its successor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.install.on_gx import MQTT, V1, V2, unpack

if TYPE_CHECKING:
    from tests.integration.install.archives import Archives
    from tests.integration.install.gx import Gx

pytestmark = pytest.mark.peer


def supervisors(gx: Gx) -> int:
    return int(gx.shell(f"ps | grep -c '[s]upervise {MQTT}'", check=False))


@pytest.mark.slow
def test_setup_and_uninstall_end_what_runs_without_its_directory(gx: Gx, archives: Archives) -> None:
    gx.boot()
    unpack(gx, archives, "1.0.0", suffix="-ccgx")
    gx.shell(f"{V1}/bin/setup.sh")
    assert gx.is_running(MQTT)
    bystander = gx.shell(f"cd {V1}/service/{MQTT}; setsid sleep 100000 >/dev/null 2>&1 & echo $!").strip()

    for _ in range(2):  # unpacked instead of it: another version, then the same once more
        pid = gx.status(MQTT)["pid"]
        gx.shell("rm -rf /data/drivers/venus-daemons-*")
        unpack(gx, archives, "2.0.0", suffix="-ccgx")
        text = gx.shell(f"{V2}/bin/setup.sh")
        assert f"ending what is left of {MQTT}" in text
        assert gx.is_running(MQTT)
        assert gx.status(MQTT)["pid"] != pid
        assert gx.status(MQTT)["version"] == "2.0.0"
        assert supervisors(gx) == 1
        assert gx.shell("ps | grep -c '[m]ultilog'").strip() == "1"
    started = gx.log(MQTT).count("*** starting")

    gx.shell(f"rm -rf {V2}")
    unpack(gx, archives, "1.0.0", suffix="-ccgx")
    gx.shell(f"{V1}/bin/uninstall.sh")
    assert not gx.processes("mqtt_devices")
    assert supervisors(gx) == 0
    assert gx.log(MQTT).count("*** starting") == started
    assert (gx.root / "proc" / bystander / "cwd").readlink().name == f"{MQTT} (deleted)"
    assert gx.service_names() == ["dbus-modbus-client"]
