"""From an identified device to one that can be polled: its identification registers, its variables, its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.entry import expand
from modbus_client.protocol.plan import Limits, gap_for
from modbus_client.protocol.register import Register
from modbus_client.protocol.steps import Value, read_registers
from modbus_client.protocol.words import parse_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modbus_client.protocol.condition import Facts
    from modbus_client.protocol.definition import Definition, Identity
    from modbus_client.protocol.identify import Hook, Match
    from modbus_client.protocol.spec import DeviceSpec
    from modbus_client.protocol.steps import Steps

_UNSET_SERIALS = {"", "0", "4294967295", "-1"}
"""What devices in the field answer when nobody gave them a serial number."""
MAX_PHASES = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """A fixed value of a device, and its text where that is not the value itself."""

    value: int | str | list[str]
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A device that is known."""

    match: Match
    facts: Facts
    info: tuple[Value, ...]
    extra: tuple[Register, ...]  # from the hook
    ident: str  # names the service and the settings

    @property
    def definition(self) -> Definition:
        """Its family."""
        return self.match.definition

    @property
    def default_role(self) -> str:
        """The role that the device says, else its family's."""
        roles = self.definition.roles
        said = self.facts.get(roles.variable) if roles.variable else None
        return str(said) if said else roles.default

    def registers(self, role: str) -> list[Register]:
        """Return what is polled while the device has this role."""
        return [*self.definition.registers({**self.facts, "role": role}), *self.extra]

    @property
    def shown(self) -> Mapping[str, Shown]:
        """What a hook found out that is neither polled nor one register, by path."""
        shown: Mapping[str, Shown] = self.facts.get("shown", {})
        return shown

    def info_value(self, path: str) -> Any:
        """Return an identification value, None without."""
        return next((value.value for value in self.info if value.register.path == path), None)


def limits_for(definition: Definition, method: str) -> Limits:
    """Return what may be read at once from a family over a transport, before anything was learnt."""
    packing = definition.packing
    gap = gap_for(method) if packing.gap is None else packing.gap
    return Limits(gap, packing.max_count, packing.barriers)


def prepare(match: Match, spec: DeviceSpec, hook: Hook | None, options: Mapping[str, Any]) -> Steps[Prepared]:
    """Read what has to be known before polling. Raises NoAnswer, and Unusable from a hook."""
    definition = match.definition
    facts: Facts = dict(match.facts)
    limits = limits_for(definition, spec.method)
    info = yield from read_registers(expand(definition.info, facts), limits)
    _learn(info, facts)
    variables = yield from read_registers(expand(definition.variables, facts), limits)
    _learn(variables, facts)
    _settle_phases(facts, info)
    extra = (yield from hook.prepare(facts, options)) if hook else []
    info = _amend(info, facts)
    ident = name_of(definition.identity, match, info, spec)
    return Prepared(match, facts, tuple(info), tuple(extra), ident)


def _learn(values: list[Value], facts: Facts) -> None:
    for value in values:
        register = value.register
        if register.variable and value.value is not None:
            facts[register.variable] = value.value
        if register.path == "/FirmwareVersion" and value.words:
            facts["firmware"] = register.type.decode(value.words)


def _amend(info: list[Value], facts: Facts) -> list[Value]:
    """Add the identification that a hook had to decode itself."""
    found = [("/Serial", facts.get("serial")), ("/FirmwareVersion", facts.get("firmware_text"))]
    text = parse_type("text[1]")
    return info + [Value(Register(path, 0, text), (), value) for path, value in found if value]


def _settle_phases(facts: Facts, info: list[Value]) -> None:
    """Make the fact `phases` a tuple of phase numbers, whatever said it."""
    phases = facts.get("phases")
    if phases is None:
        phases = next((v.value for v in info if v.register.path == "/NrOfPhases" and v.value), MAX_PHASES)
    facts["phases"] = tuple(range(1, phases + 1)) if isinstance(phases, int) else tuple(phases)


def name_of(identity: Identity, match: Match, info: list[Value], spec: DeviceSpec) -> str:
    """Return the ident: prefix and serial number, or, when the device has none, prefix and place."""
    path = {"serial": "/Serial", "name": "/CustomName"}.get(identity.source)
    text = match.model.name if path is None else str(_find(info, path) or "")
    unique = re.sub(r"[^A-Za-z0-9_]", "", text)
    if identity.source != "serial":
        unique = unique.lower()
    place = match.facts.get("place", 1)
    if is_unset(unique):
        unique = re.sub(r"[^A-Za-z0-9]+", "_", str(spec))
    elif place > 1:
        unique = f"{unique}_{place}"  # it has its serial number from the device in front of it
    return f"{identity.prefix}_{unique}"


def is_unset(serial: str) -> bool:
    """Tell whether this is what a device without a serial number answers."""
    return serial in _UNSET_SERIALS


def _find(info: list[Value], path: str) -> Any:
    return next((value.value for value in info if value.register.path == path), None)
