"""Which items a service has: from definition, identification and role of its device. Nothing here talks to a bus."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from modbus_client.protocol.definition import Definition
    from modbus_client.protocol.prepare import Prepared
    from modbus_client.protocol.register import Register

Kind = Literal["int", "float", "text", "any"]

POSITION_ROLES = {"pvinverter", "evcharger", "heatpump", "acload"}
POSITION_NAMES = {0: "AC input 1", 1: "AC output", 2: "AC input 2"}


@dataclass(frozen=True, slots=True)
class ItemSpec:
    """One item to be."""

    path: str
    kind: Kind
    value: Any = None
    text: Callable[[Any], str] | None = None
    writeable: bool = False
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The items of one service besides the mandatory ones, by path."""

    items: dict[str, ItemSpec] = field(default_factory=dict)

    def add(self, spec: ItemSpec) -> None:
        """Take an item, unless its path has one already: what is measured goes before what is assumed."""
        self.items.setdefault(spec.path, spec)


def make_layout(prepared: Prepared, role: str, registers: Iterable[Register], options: dict[str, Any]) -> Layout:
    """Return the items of a device in a role."""
    layout = Layout()
    for register in registers:
        _add_register(layout, register, options)
    definition = prepared.definition
    _add_computed(layout, definition, {**prepared.facts, "role": role})
    for value in prepared.info:
        path = value.register.path
        if path is not None and path not in {"/FirmwareVersion", "/HardwareVersion", "/ProductName"}:
            _add_info(layout, path, value.register, value.value)
    for path, shown in prepared.shown.items():
        text = None if shown.text is None else partial(_fixed_text, shown.text)
        kind = "any" if isinstance(shown.value, list) else _kind_of(shown.value)
        layout.add(ItemSpec(path, kind, shown.value, text))
    for path, value in definition.statics.items():
        layout.add(ItemSpec(path, _kind_of(value), value))
    layout.add(ItemSpec("/Model", "text", prepared.match.model.name))
    layout.add(ItemSpec("/DeviceType", "text", definition.device_type))
    if definition.timing.refresh_ms:
        layout.add(ItemSpec("/RefreshTime", "int", definition.timing.refresh_ms, "{} ms".format))
    _add_role_items(layout, prepared, role)
    return layout


def _add_register(layout: Layout, register: Register, options: dict[str, Any]) -> None:
    rule = register.write
    writeable = rule is not None and (rule.opt_in is None or bool(options.get(rule.opt_in)))
    for path in (register.path, *register.aliases):
        if path is None:
            continue
        layout.add(
            ItemSpec(
                path,
                kind_of_register(register),
                text=register.text,
                writeable=writeable,
                minimum=rule.minimum if rule and writeable else None,
                maximum=rule.maximum if rule and writeable else None,
            )
        )


def kind_of_register(register: Register) -> Kind:
    """Return the D-Bus type that a register's values have, always the same one."""
    if register.map is not None:
        kinds = {_kind_of(value) for value in register.map.values() if value is not None}
        return kinds.pop() if len(kinds) == 1 else "any"
    if register.is_scaled:
        return "float"
    if register.type.kind == "text" or register.type.name in {"cg_version", "hex_dots"}:
        return "text"
    return "int"


def _fixed_text(text: str, _: Any) -> str:
    return text


def _kind_of(value: Any) -> Kind:
    if isinstance(value, bool | int):
        return "int"
    return "float" if isinstance(value, float) else "text"


def _add_computed(layout: Layout, definition: Definition, facts: dict[str, Any]) -> None:
    for rule in definition.derived:
        if rule.when.holds(facts):
            kind: Kind = "int" if rule.operation in {"map", "above", "bit"} else "float"
            layout.add(ItemSpec(rule.path, kind, text=_formatter(rule.fmt)))
    for command in definition.commands:
        if command.when.holds(facts):
            initial = facts.get(command.initial) if isinstance(command.initial, str) else command.initial
            values = command.actions.keys()
            layout.add(
                ItemSpec(command.path, "int", initial, writeable=True, minimum=min(0, *values), maximum=max(values))
                if len(values) > 1
                else ItemSpec(command.path, "int", initial, writeable=True, minimum=0, maximum=max(values))
            )
    for number in range(definition.error_ids):
        layout.add(ItemSpec(f"/Error/{number}/Id", "text", ""))
    if definition.error_ids or "genset" in definition.features:
        layout.add(ItemSpec("/ErrorCode", "int", 0))
    if definition.power_limit is not None:
        layout.add(ItemSpec("/Ac/PowerLimit", "float", text="{:.0f} W".format, writeable=True, minimum=0.0))
        layout.add(ItemSpec("/Ac/MaxPower", "float", definition.power_limit.rated_w, "{:.0f} W".format))


def _add_info(layout: Layout, path: str, register: Register, value: Any) -> None:
    if path == "/Serial":
        layout.add(ItemSpec(path, "text", None if value is None else str(value)))
    else:
        layout.add(ItemSpec(path, kind_of_register(register), value, register.text))


def _add_role_items(layout: Layout, prepared: Prepared, role: str) -> None:
    definition = prepared.definition
    allowed = definition.roles.allowed
    layout.add(ItemSpec("/Role", "text", role, writeable=bool(allowed)))
    if allowed:
        layout.add(ItemSpec("/AllowedRoles", "any", list(allowed)))
    if "energy_meter" in definition.features:
        phases = prepared.facts.get("phases") or ()
        layout.add(ItemSpec("/NrOfPhases", "int", len(phases)))
        if role != "grid":
            layout.add(ItemSpec("/IsGenericEnergyMeter", "int", 1))
    if "genset" in definition.features:
        layout.add(ItemSpec("/NrOfPhases", "int"))
    if role in POSITION_ROLES:
        layout.add(ItemSpec("/Position", "int", 0, lambda value: POSITION_NAMES.get(value, str(value)), True, 0, 2))
    layout.add(ItemSpec("/CustomName", "text", "", writeable=True))
    layout.add(ItemSpec("/ErrorCode", "int", 0))


def _formatter(fmt: str) -> Callable[[Any], str]:
    return lambda value: str(fmt % value)
