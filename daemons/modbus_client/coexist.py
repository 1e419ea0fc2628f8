"""Living beside the stock driver: a GX runs dbus-modbus-client, whose name, settings and devices stay its own."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daemonkit.errors import DaemonError
from modbus_client.protocol.spec import DeviceSpec, parse_saved
from velib_async import CallError, CallTimeout

if TYPE_CHECKING:
    from velib_async import Bus

STOCK_SERVICE = "com.victronenergy.modbusclient.tcp"
STOCK_SETTINGS = "/Settings/ModbusClient"
OWN_SERVICE = "com.victronenergy.modbusclient.venusdaemons"
OWN_SETTINGS = "/Settings/VenusDaemons/Modbus"
STOCK_PROGRAM = Path("/opt/victronenergy/dbus-modbus-client")
"""Where a GX has the stock driver. At boot it may start after us, and would not find its name free."""
_SETTINGS = "com.victronenergy.settings"
_AWAY = tuple(f"org.freedesktop.DBus.Error.{name}" for name in ("ServiceUnknown", "NameHasNoOwner", "NoReply"))
_DBUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Places:
    """Which names this daemon uses, and which devices it leaves alone."""

    service: str
    settings: str
    held: frozenset[DeviceSpec] = frozenset()

    @property
    def is_beside_stock(self) -> bool:
        """The stock driver runs: what announces itself is its own, by the Enabled setting that both would share."""
        return self.service == OWN_SERVICE

    def is_held(self, spec: DeviceSpec) -> bool:
        """Tell whether the stock driver polls this device."""
        return spec.with_part(1) in self.held


async def find_places(bus: Bus, *, replace_stock: bool) -> Places:
    """Look whether the stock driver runs, and decide. Raises DaemonError when it is to be replaced and still runs."""
    (owned,) = await bus.call(*_DBUS, "NameHasOwner", "s", [STOCK_SERVICE])
    if not owned and (replace_stock or not await asyncio.to_thread(STOCK_PROGRAM.exists)):
        return Places(STOCK_SERVICE, STOCK_SETTINGS)
    if replace_stock:  # and it is owned
        raise DaemonError(
            f"replace_stock is set, and {STOCK_SERVICE} is still owned by the stock driver; stop it with "
            "'svc -d /service/dbus-modbus-client', or take replace_stock out of modbus-client.yml"
        )
    held = await read_held(bus) or frozenset()
    _log.info(
        "%s is the stock driver's: using %s and %s; not polling its devices: %s",
        STOCK_SERVICE,
        OWN_SERVICE,
        OWN_SETTINGS,
        ", ".join(map(str, sorted(held, key=str))) or "it has none",
    )
    return Places(OWN_SERVICE, OWN_SETTINGS, held)


async def read_held(bus: Bus) -> frozenset[DeviceSpec] | None:
    """Return what the stock driver polls on the network, by its own list; its ttys are locked. None: nobody knows."""
    try:
        return frozenset(parse_saved(await _read_setting(bus, f"{STOCK_SETTINGS}/tcp/Devices"))[0])
    except CallError:
        return None


async def _read_setting(bus: Bus, path: str) -> str:
    """Return a text, empty when there is no such setting. Raises CallError when localsettings is away or hangs."""
    try:
        (value,) = await bus.call(_SETTINGS, path, "com.victronenergy.BusItem", "GetValue")
    except CallError as error:
        if isinstance(error, CallTimeout) or error.name in _AWAY:
            raise
        return ""
    return value if isinstance(value, str) else ""


async def read_fork_devices(bus: Bus, tty: str) -> str:
    """Return what a fork of the driver saved for a tty, under a hash of its name; empty when there is nothing."""
    from hashlib import sha256  # noqa: PLC0415 - for one migration in a device's life

    name = sha256(tty.encode()).hexdigest()[:10]
    return await _read_setting(bus, f"/Settings/Client/{name}/Devices")
