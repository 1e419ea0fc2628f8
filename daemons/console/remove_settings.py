"""Removes our settings from Venus: what `uninstall.sh --purge` asks for, once no daemon runs that would add them again.

python3 -m console.remove_settings; exit code 1 when the settings of Venus cannot be reached.
"""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING

from console.bus_view import open_system_bus
from velib_async.bus import BUS_ITEM, Bus
from velib_async.errors import VelibError
from velib_async.localsettings import SETTINGS_INTERFACE, SETTINGS_SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = "/Settings"
# Below /Settings. Those of Modbus devices are not here: they have the names that the Modbus client of Venus gives, and
# it may serve the same devices again.
OURS = (
    r"MqttDevices/.+",
    r"Devices/obd_\w+/.+",
    r"Devices/vebus_\w+/(ClassAndVrmInstance|CustomName)",
    r"VenusDaemons/.+",
)
# Other programs have groups that begin like this, too; ours hold this setting and no other.
MQTT_INSTANCE = r"(Devices/mqtt_\w+/)ClassAndVrmInstance"


def choose(paths: Iterable[str]) -> list[str]:
    """Return those of the paths below /Settings that only our daemons use, sorted."""
    known = sorted(paths)
    chosen = [path for path in known if any(re.fullmatch(pattern, path) for pattern in OURS)]
    for path in known:
        found = re.fullmatch(MQTT_INSTANCE, path)
        if found and not any(other.startswith(found[1]) and other != path for other in known):
            chosen.append(path)
    return sorted(chosen)


async def remove(bus: Bus) -> tuple[int, int]:
    """Remove them; return how many were removed and how many the settings service refused to."""
    (values,) = await bus.call(SETTINGS_SERVICE, ROOT, BUS_ITEM, "GetValue")
    chosen = choose(values)
    if not chosen:
        return 0, 0
    (codes,) = await bus.call(SETTINGS_SERVICE, ROOT, SETTINGS_INTERFACE, "RemoveSettings", "as", [chosen])
    return codes.count(0), len(codes) - codes.count(0)


async def run() -> tuple[int, int]:
    """Do it on the bus of the GX."""
    async with open_system_bus() as bus:
        return await remove(bus)


def main() -> int:
    """Say what was done; return the exit code."""
    try:
        removed, refused = asyncio.run(run())
    except (OSError, TimeoutError, VelibError) as error:
        sys.stderr.write(f"the settings of Venus cannot be reached: {str(error) or type(error).__name__}\n")
        return 1
    sys.stdout.write(f"{removed} settings of our devices removed\n")
    if refused:
        sys.stderr.write(f"{refused} settings could not be removed\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
