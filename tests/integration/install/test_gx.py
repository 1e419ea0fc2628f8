"""The archive on a fake GX: installed, rebooted, its firmware updated, upgraded, rolled back, removed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.on_gx import (
    DAEMONS,
    MQTT,
    PYTHONS,
    V1,
    V2,
    VENUS_PYTHON,
    settings_of_tank,
    unpack,
    wait_works,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.install.archives import Archives
    from tests.integration.install.gx import Gx

pytestmark = pytest.mark.peer

USER = "#!/bin/bash\n/opt/mine.sh &\necho mine >/run/mine\n"


@pytest.mark.slow
def test_install_firmware_update_upgrade_rollback_uninstall(
    gx: Gx, archives: Archives, campaign: Callable[[int, int], int]
) -> None:
    is_whole = bool(campaign(0, 1))
    (gx.root / "data" / "rc.local").write_text(USER)
    gx.shell("chmod 755 /data/rc.local")
    gx.boot()
    stock = gx.svstat("dbus-modbus-client").split()[:4]
    unpack(gx, archives, "1.0.0")

    text = gx.shell(f"{V1}/bin/setup.sh --services {','.join(DAEMONS)}")
    for name in DAEMONS:
        assert f"{name}: up (pid" in text
        assert gx.is_running(name), gx.log(name)
        assert not re.search("Traceback|MemoryError|softlimit", gx.log(name)), gx.log(name)
        limits = (gx.root / "proc" / str(gx.status(name)["pid"]) / "limits").read_text()
        assert re.search(r"Max address space +[1-4]00000000 ", limits)
    ours = "".join(f"ln -s {V1}/service/{name} /service/{name}\n" for name in sorted(DAEMONS))
    first, rest = USER.split("\n", 1)
    assert gx.shell("cat /data/rc.local") == f"{first}\n{ours}{rest}"
    wait_works(gx)
    assert gx.svstat("dbus-modbus-client").split()[:4] == stock
    assert settings_of_tank(gx)

    if is_whole:
        gx.reboot()
        wait_works(gx)

    modified = [gx.root / "etc" / "modified", gx.root / "opt" / "victronenergy" / "modified"]
    gx.change_root("touch /etc/modified /opt/victronenergy/modified")
    others = [version for version in PYTHONS if version != VENUS_PYTHON]
    gx.update_firmware(others[-1] if others else VENUS_PYTHON)
    assert not any(file.exists() for file in modified)
    assert (gx.root / "run" / "mine").exists()
    wait_works(gx)
    assert f"Python {gx.python}." in gx.log(MQTT)

    for version, directory in (("2.0.0", V2), ("1.0.0", V1)):
        if not (gx.root / directory.lstrip("/")).exists():
            unpack(gx, archives, version)
        gx.shell(f"{directory}/bin/setup.sh --services {MQTT}")
        assert gx.is_running(MQTT)
        assert gx.status(MQTT)["version"] == version
        assert gx.shell("ps | grep -c '[s]upervise mqtt-devices'").strip() == "1"
    assert "unable to lock" not in gx.shell("cat /tmp/svscan.log /data/log/*/current")
    wait_works(gx)

    text = gx.shell(f"{V1}/bin/uninstall.sh --purge")
    assert re.search("^[1-9][0-9]* settings of our devices removed$", text, re.MULTILINE), text
    assert not settings_of_tank(gx)
    assert not gx.processes("mqtt_devices")
    assert (gx.root / "data" / "rc.local").read_text() == USER
    assert gx.service_names() == ["dbus-modbus-client"]
    assert not list((gx.root / "data" / "drivers").iterdir())
    assert not list((gx.root / "data" / "conf").iterdir())
    if is_whole:
        gx.reboot()
        assert not gx.processes("mqtt_devices")
