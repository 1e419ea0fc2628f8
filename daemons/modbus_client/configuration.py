"""The file modbus-client.yml: what the owner of an installation says about lines and devices."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modbus_client.loader.definition import ROLES
from modbus_client.loader.fields import Fields
from modbus_client.protocol.adjust import Adjustment
from modbus_client.protocol.errors import SpecError
from modbus_client.protocol.exportlimit import ExportLimitConfig
from modbus_client.protocol.spec import DeviceSpec, Framing, parse_spec

if TYPE_CHECKING:
    from daemonkit.yamlvalues import YamlMapping

ENERGY_MODES = ("device", "balanced", "import_export")
MAX_DEVICES = 64
"""One bus connection each; a GX allows 256 for everything."""
SHORTEST_SILENCE_S = 0.5
SHORTEST_STALE_S = 1.0
"""Below these a single late answer would count as lasting silence."""
LOWEST_CT_RATIO = 0.001


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """What is configured for one device; the defaults are those of its family."""

    spec: DeviceSpec
    framing: Framing = field(default_factory=Framing)
    model: str | None = None  # name of a definition
    role: str | None = None
    name: str = ""
    adjustment: Adjustment = field(default_factory=Adjustment)
    silence_s: float = 5.0
    sleeps_at_night: bool | None = None
    fast_age_s: float | None = None
    age_s: float | None = None
    continuous: bool = False  # as fast as the line goes
    energy: str = "device"
    limit_hold_s: float = 0.0  # without a new /Ac/PowerLimit for this long, the safe one; 0: never
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The whole file."""

    devices: tuple[DeviceConfig, ...] = ()
    gap_s: float = 0.0
    idle_close_s: float | None = None
    replace_stock: bool = False
    allow_builtin_port: bool = False
    take_tty: bool = False
    export_limit: ExportLimitConfig | None = None
    scan_networks: tuple[str, ...] = ()
    discovery: bool = True  # multicast DNS


def read_configuration(mapping: YamlMapping) -> Configuration:
    """Return the configuration. Raises DefinitionError with file, line and rule."""
    fields = Fields(mapping)
    devices = tuple(_read_device(device) for device in fields.items("devices"))
    if len(devices) > MAX_DEVICES:
        raise fields.error("devices", f"are {len(devices)}, at most {MAX_DEVICES} are possible")
    places = [str(device.spec) for device in devices]
    for place in places:
        if places.count(place) > 1:
            raise fields.error("devices", f"name {place} twice")
    configuration = Configuration(
        devices=devices,
        gap_s=_bounded(fields, "gap", 0.0, 10.0),
        idle_close_s=_optional(fields, "close_when_idle", 3600.0),
        replace_stock=fields.flag("replace_stock"),
        allow_builtin_port=fields.flag("allow_builtin_port"),
        take_tty=fields.flag("take_tty"),
        export_limit=_read_export_limit(fields),
        scan_networks=_read_networks(fields),
        discovery=fields.flag("discovery") if "discovery" in fields else True,
    )
    fields.close()
    return configuration


def _read_networks(fields: Fields) -> tuple[str, ...]:
    networks = fields.texts("scan_networks")
    for network in networks:
        try:
            ipaddress.IPv4Network(network, strict=False)
        except ValueError as error:
            raise fields.error("scan_networks", f"has to be a list such as [10.0.0.0/22]: {error}") from None
    return networks


def _read_device(fields: Fields) -> DeviceConfig:
    try:
        spec = parse_spec(fields.text("spec"))
    except SpecError as error:
        raise fields.error("spec", str(error)) from None
    parity = fields.choice("parity", ("none", "even", "odd"), "none")
    stop_bits = fields.integer("stop_bits", 1, low=1, high=2)
    night = fields.flag("sleeps_at_night") if "sleeps_at_night" in fields else None
    config = DeviceConfig(
        spec=spec,
        framing=Framing(parity[0].upper(), stop_bits),
        model=fields.text("model", None),
        role=fields.choice("role", ROLES, None),
        name=fields.text("name", ""),
        adjustment=_read_adjustment(fields),
        silence_s=_bounded(fields, "silence", 5.0, 600.0, low=SHORTEST_SILENCE_S),
        sleeps_at_night=night,
        fast_age_s=_optional(fields, "fast_age", 60.0),
        age_s=_optional(fields, "age", 600.0),
        continuous=fields.flag("continuous"),
        limit_hold_s=_bounded(fields, "limit_hold", 0.0, 86400.0),
        energy=fields.choice("energy", ENERGY_MODES, "device"),
        options=dict.fromkeys(fields.texts("options"), True),
    )
    fields.close()
    return config


def _read_adjustment(fields: Fields) -> Adjustment:
    phases = fields.table("phases", int) if "phases" in fields else {}
    if phases and (not set(phases) <= {1, 2, 3} or not set(phases.values()) <= {1, 2, 3}):
        raise fields.error("phases", "maps 1, 2, 3 of the device to 1, 2, 3 of the installation, such as {1: 2}")
    if len(set(phases.values())) != len(phases):
        raise fields.error("phases", "maps two phases to the same one")
    return Adjustment(
        phases=phases,
        invert=fields.flag("invert"),
        ct_ratio=_bounded(fields, "ct_ratio", 1.0, 10000.0, low=LOWEST_CT_RATIO),
        power_offset_w=fields.number("power_offset", 0.0),
    )


def _optional(fields: Fields, key: str, high: float, low: float = 0.0) -> float | None:
    value: float | None = fields.number(key, None)
    if value is not None and not low <= value <= high:
        raise fields.error(key, f"has to be a number of {low:g}..{high:g}")
    return value


def _bounded(fields: Fields, key: str, default: float, high: float, low: float = 0.0) -> float:
    value = _optional(fields, key, high, low)
    return default if value is None else value


def _read_export_limit(fields: Fields) -> ExportLimitConfig | None:
    inner = fields.fields("export_limit")
    if inner is None:
        return None
    config = ExportLimitConfig(
        inverter=inner.text("inverter"),
        set_point_w=inner.number("set_point", 0.0),
        band_w=_bounded(inner, "band", 20.0, 5000.0),
        stale_s=_bounded(inner, "stale", 10.0, 300.0, low=SHORTEST_STALE_S),
        safe_w=inner.number("safe", None),
        by_energy=inner.flag("by_energy"),
    )
    inner.close()
    return config
