"""A device family as data. The loader builds these from YAML; nothing here reads a file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from modbus_client.protocol.condition import ALWAYS, Condition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modbus_client.protocol.register import Register
    from modbus_client.protocol.request import Table
    from modbus_client.protocol.spec import DeviceSpec, Method
    from modbus_client.protocol.words import WordType


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a definition: a register that may repeat and may depend on the device."""

    register: Register
    when: Condition = ALWAYS
    repeat: tuple[int, ...] | str | None = None  # numbers, or the fact that holds them
    step: int = 0  # registers from one repetition to the next
    model: tuple[int, ...] = ()  # SunSpec: addresses count from the header of the first of these that is there

    def expand(self, facts: Mapping[str, Any]) -> list[Register]:
        """Return the registers that this entry stands for in a device with these facts."""
        if not self.when.holds(facts):
            return []
        register = self.register
        if self.model:
            base = next((facts["chain"][m] for m in self.model if m in facts.get("chain", {})), None)
            if base is None:
                return []
            scale_at = None if register.scale_at is None else register.scale_at + base
            register = replace(register, at=register.at + base, scale_at=scale_at)
        if self.repeat is None:
            return [register]
        numbers = facts.get(self.repeat) if isinstance(self.repeat, str) else self.repeat
        return [self._numbered(register, number) for number in numbers or ()]

    def _numbered(self, register: Register, number: int) -> Register:
        first = self.repeat[0] if isinstance(self.repeat, tuple) else 1
        shift = self.step * (number - first)
        return replace(
            register,
            path=register.path and register.path.replace("{n}", str(number)),
            aliases=tuple(alias.replace("{n}", str(number)) for alias in register.aliases),
            at=register.at + shift,
        )


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


Operation = Literal["sum", "diff", "scale", "map", "copy", "first", "above", "bit"]


@dataclass(frozen=True, slots=True)
class Derived:
    """A value computed from others by a named operation."""

    path: str
    operation: Operation
    sources: tuple[str, ...]
    factor: float = 1.0
    table: Mapping[Any, Any] = field(default_factory=dict)
    names: Mapping[Any, str] = field(default_factory=dict)
    fmt: str = "%s"
    limit: float = 0.0
    when: Condition = ALWAYS
    fallback: bool = False  # only while the path has no value of its own


@dataclass(frozen=True, slots=True)
class Action:
    """One write that a command makes: registers, or a coil."""

    at: int
    words: tuple[int, ...] = ()
    coil: bool | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A writeable path that is no plain register: each value that may be written, and what it does."""

    path: str
    actions: Mapping[int, tuple[Action, ...]]
    initial: int | str | None = 0  # a number, or the fact to start from
    momentary: bool = False  # goes back to its initial value
    when: Condition = ALWAYS


@dataclass(frozen=True, slots=True)
class ErrorBits:
    """Registers whose bits, nibbles or words stand for error codes."""

    at: int
    count: int
    kind: Literal["bits", "nibbles", "words"]
    levels: Mapping[int, str]  # nibble or word value -> e, w, i; for bits key 1; a word's 0 stands for any other
    code: int = 0  # of the first bit, nibble or word
    table: Table = "holding"
    when: Condition = ALWAYS


@dataclass(frozen=True, slots=True)
class Tank:
    """A fuel sender inside a genset controller; a tank service of its own."""

    number: int
    entry: Entry  # its raw value
    raw_min: float = 0.0
    raw_max: float = 100.0
    unit: str = "%"


@dataclass(frozen=True, slots=True)
class PowerLimit:
    """How an inverter takes a limit of its output, commanded in W on /Ac/PowerLimit."""

    register: Register  # percent of `rated`
    rated_w: float | None  # None: from /Ac/MaxPower
    minimum_percent: float = 0.0
    words: tuple[int | str, ...] = ("limit",)  # written from the register on; "limit" stands for the encoded value
    guard: Register | None = None  # read before each write
    guard_value: int = 0  # the value that proves that nothing is stored in flash
    interval_s: float = 5.0  # between two writes
    safe_percent: float = 100.0
    opt_in: str | None = None
    model: tuple[int, ...] = ()  # SunSpec: addresses count from this model's header


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


def expand(entries: Sequence[Entry], facts: Mapping[str, Any]) -> list[Register]:
    """Return the registers of entries in a device with these facts; the first entry of a path wins."""
    registers: list[Register] = []
    paths = set[str]()
    for entry in entries:
        for register in entry.expand(facts):
            if register.path is not None and register.path in paths:
                continue
            registers.append(register)
            if register.path is not None:
                paths.add(register.path)
    return registers
