"""What tests do on a fake GX."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from tests.integration.install.archives import REPOSITORY
from tests.integration.install.pythons import find_pythons, venus_python
from tests.peers.process import Peer
from velib_async.bus import open_bus
from velib_async.errors import CallError

if TYPE_CHECKING:
    from tests.integration.install.archives import Archives
    from tests.integration.install.gx import Gx

PYTHONS = find_pythons()
MQTT = "mqtt-devices"
V1 = "/data/drivers/venus-daemons-1.0.0"
V2 = "/data/drivers/venus-daemons-2.0.0"
DAEMONS = sorted(path.name for path in (REPOSITORY / "service").iterdir())
VENUS_PYTHON = venus_python(PYTHONS)


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


def value(gx: Gx, service: str, path: str) -> object:
    """Return what a service whose name begins so has on a path, None as long as there is none."""

    async def ask(name: str) -> object:
        bus = await open_bus(gx.bus)
        try:
            (found,) = await bus.call(name, path, "com.victronenergy.BusItem", "GetValue")
        except CallError:  # it has gone meanwhile, or has no such path yet
            return None
        finally:
            await bus.close()
        return found

    name = next((name for name in sorted(names(gx)) if name.startswith(f"com.victronenergy.{service}")), None)
    return asyncio.run(ask(name)) if name else None


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
        # A service that is remembered is there before the device speaks.
        gx.until(lambda: "device/boat/Status" in gx.log(MQTT).rpartition("*** starting")[2], "its Status")
    gx.until(lambda: not any("mqtt_boat" in name for name in names(gx)), "the end of the tank")


def settings_of_tank(gx: Gx) -> list[str]:
    async def ask() -> dict[str, object]:
        bus = await open_bus(gx.bus)
        try:
            (values,) = await bus.call(
                "com.victronenergy.settings", "/Settings", "com.victronenergy.BusItem", "GetValue"
            )
        finally:
            await bus.close()
        return dict(values)

    return [path for path in asyncio.run(ask()) if "mqtt_boat" in path]
