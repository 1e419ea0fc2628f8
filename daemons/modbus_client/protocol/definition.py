"""A device family as data. The loader builds these from YAML; nothing here reads a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from modbus_client.protocol.entry import Entry, expand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modbus_client.protocol.functions import Command, Derived, ErrorBits, PowerLimit, Tank
    from modbus_client.protocol.register import Register
    from modbus_client.protocol.request import Table
    from modbus_client.protocol.spec import DeviceSpec, Method
    from modbus_client.protocol.words import WordType


@dataclass(frozen=True, slots=True)
class Model:
    """What a device is, once its model register has been read."""

    name: str
    variant: str | None = None
    product_id: int | None = None
    product_name: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """A second look, so that no other device with the same number in its model register is mistaken for this one."""

    at: int
    type: WordType
    table: Table
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None  # a regular expression for a whole text


@dataclass(frozen=True, slots=True)
class Probe:
    """How to find a family on one kind of line."""

    methods: tuple[Method, ...]
    units: tuple[int, ...]
    rates: tuple[int, ...]
    tables: tuple[Table, ...]
    at: int
    type: WordType
    models: tuple[tuple[Any, Any, Model], ...]  # first and last raw value (equal for a text), model
    check: Check | None = None
    hook: bool = False  # the hook turns the raw words into the key
    vendor: str | None = None  # FC43/14: the vendor name contains this, in any case
    chain: tuple[int, ...] = ()  # SunSpec: addresses where the marker may be
    product: tuple[tuple[str, Model], ...] = ()  # FC43/14: start of the product code, model


@dataclass(frozen=True, slots=True)
class Timing:
    """How fast a family may be asked, seconds."""

    timeout_s: float = 0.5  # the least; grows with the measured latency
    age_s: float = 4.0
    fast_age_s: float = 1.0  # of the paths in FAST_PATHS
    refresh_ms: int | None = None  # published on /RefreshTime


@dataclass(frozen=True, slots=True)
class Packing:
    """How a family may be read."""

    gap: int | None = None  # None: by the overhead of the transport
    barriers: tuple[int, ...] = ()
    max_count: int = 125


@dataclass(frozen=True, slots=True)
class Roles:
    """Which D-Bus service types a device can be."""

    default: str
    instance: int = 40
    allowed: tuple[str, ...] = ()  # not empty: /Role is writeable
    variable: str | None = None  # the device itself says it


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes the name of the service and of the settings, e.g. `cg_` and the serial number."""

    prefix: str
    source: Literal["serial", "model", "name"] = "serial"


@dataclass(frozen=True, slots=True)
class Definition:
    """One family."""

    name: str
    vendor_id: str
    vendor_name: str
    device_type: str
    product_id: int
    product_name: str | None
    access: Table
    roles: Roles
    identity: Identity
    probes: tuple[Probe, ...]
    timing: Timing = Timing()
    packing: Packing = Packing()
    features: frozenset[str] = frozenset()  # custom_name, energy_meter, genset
    error_ids: int = 0  # slots of /Error/n/Id
    error_offset: int = 0
    vreg_block: tuple[int, int] | None = None  # first register and size of the VregLink window
    mdns: tuple[str, ...] = ()
    variables: tuple[Entry, ...] = ()
    info: tuple[Entry, ...] = ()
    data: tuple[Entry, ...] = ()
    variants: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    statics: Mapping[str, Any] = field(default_factory=dict)
    derived: tuple[Derived, ...] = ()
    commands: tuple[Command, ...] = ()
    errors: tuple[ErrorBits, ...] = ()
    tanks: tuple[Tank, ...] = ()
    power_limit: PowerLimit | None = None
    sleeps_at_night: bool = False
    hook: str | None = None

    def registers(self, facts: Mapping[str, Any]) -> list[Register]:
        """Return the polled registers of a device with these facts, after its role is known."""
        entries = self.data + self.variants.get(facts.get("variant") or "", ())
        return expand(entries, facts)

    def probes_for(self, spec: DeviceSpec) -> list[Probe]:
        """Return the probes that fit a spec's line."""
        method = "tcp" if spec.method == "rtutcp" else spec.method
        same = {"ascii": "rtu"}.get(method, method)
        return [probe for probe in self.probes if same in probe.methods or method in probe.methods]
