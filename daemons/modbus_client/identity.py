"""Under which name, role and instance a device is on the bus, and what its service says of itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from modbus_client.layout import Layout, make_layout
from modbus_client.publisher import PROCESS_NAME
from velib_async.localsettings import Setting

if TYPE_CHECKING:
    from modbus_client.configuration import DeviceConfig
    from modbus_client.house import House
    from modbus_client.protocol.prepare import Prepared
    from modbus_client.protocol.register import Register
    from velib_async.localsettings import Settings

_METHODS = {"tcp": "TCP", "udp": "UDP", "rtu": "RTU", "ascii": "ASCII", "rtutcp": "RTU over TCP"}


@dataclass(frozen=True, slots=True)
class Place:
    """What the settings say of a device."""

    role: str
    instance: int
    custom_name: str
    position: int
    enabled: bool


async def settle(settings: Settings, prepared: Prepared, config: DeviceConfig) -> Place:
    """Add a device's settings, and decide: configured role, else the stored one if it is allowed, else its own."""
    definition, ident = prepared.definition, prepared.ident
    base, preferred = f"/Settings/Devices/{ident}", definition.roles.instance
    default = config.role or prepared.default_role
    path = f"{base}/ClassAndVrmInstance"
    added = await settings.add(
        Setting(path, f"{default}:{preferred}"),
        Setting(f"{base}/CustomName", config.name),
        Setting(f"{base}/Position", 0, 0, 2),
        Setting(f"{base}/Enabled", 1, 0, 1),
    )
    stored, _, number = str(added[path]).partition(":")
    role = stored if stored in definition.roles.allowed and config.role is None else default
    if number.isdigit() and stored == role:
        preferred = int(number)
    instance = await settings.allocate_instance(ident, role, preferred)
    name, position, enabled = (added[f"{base}/{key}"] for key in ("CustomName", "Position", "Enabled"))
    return Place(role, instance, str(name), int(position), bool(enabled))


def layout_of(prepared: Prepared, place: Place, registers: list[Register], config: DeviceConfig) -> Layout:
    """Return the items of a device's service, under the paths that its owner's corrections give them."""
    layout = make_layout(prepared, place.role, registers, config.options)
    measured = {register.path for register in registers}
    for path, value in (("/CustomName", place.custom_name), ("/Position", place.position)):
        item = layout.items.get(path)
        if item is not None and path not in measured:
            layout.items[path] = replace(item, value=value, writeable=True)
    renamed = {config.adjustment.path(path): item for path, item in layout.items.items()}
    return Layout({path: replace(item, path=path) for path, item in renamed.items()})


def mandatory_of(prepared: Prepared, place: Place, house: House, connection: str, *, connected: bool) -> dict[str, Any]:
    """Return what every service says."""
    definition, model = prepared.definition, prepared.match.model
    name = prepared.info_value("/ProductName") or model.product_name or definition.product_name
    return {
        "process_name": PROCESS_NAME,
        "process_version": house.version,
        "connection": connection,
        "device_instance": place.instance,
        "product_id": model.product_id or definition.product_id,
        "product_name": name or f"{definition.vendor_name} {model.name}",
        "firmware_version": prepared.info_value("/FirmwareVersion"),
        "hardware_version": prepared.info_value("/HardwareVersion"),
        "connected": int(connected),
    }


def connection_of(config: DeviceConfig, peer: str) -> str:
    """Return the text of /Mgmt/Connection."""
    spec, method = config.spec, _METHODS[config.spec.method]
    if spec.is_serial:
        return f"Modbus {method} {spec.target.removeprefix('/dev/')}:{spec.unit}"
    return f"Modbus {method} {peer or spec.target}"
