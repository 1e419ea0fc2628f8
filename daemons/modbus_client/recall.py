"""What is kept of a device over a restart, so that a silent one has its service again before it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modbus_client.protocol.identify import Match
from modbus_client.protocol.prepare import Prepared
from modbus_client.protocol.register import Register
from modbus_client.protocol.steps import Value
from modbus_client.protocol.words import parse_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modbus_client.protocol.definition import Definition


def summarise(prepared: Prepared) -> dict[str, Any]:
    """Return a device as JSON values."""
    plain = (str, int, float, bool)
    return {
        "ident": prepared.ident,
        "definition": prepared.definition.name,
        "model": prepared.match.model.name,
        "phases": list(prepared.facts.get("phases") or ()),
        "role": prepared.default_role,
        "chain": {str(model): at for model, at in prepared.facts.get("chain", {}).items()},
        "parts": prepared.facts.get("parts", 1),
        "info": {v.register.path: v.value for v in prepared.info if v.register.path and isinstance(v.value, plain)},
    }


def recall(stored: Any, definitions: Mapping[str, Definition]) -> Prepared | None:
    """Return the device that was stored, None when it is not known any more or the record is damaged."""
    if not isinstance(stored, dict) or "ident" not in stored or stored.get("definition") not in definitions:
        return None
    definition = definitions[stored["definition"]]
    for probe in definition.probes:
        for model in (*(m for _, _, m in probe.models), *(m for _, m in probe.product)):
            # A model that was identified by name (function 43/14) has the name that the device gave.
            if model.name == stored.get("model") or probe.product:
                return _prepared(definition, model, stored)
    return None


def _prepared(definition: Definition, model: Any, stored: dict[str, Any]) -> Prepared | None:
    info, phases = stored.get("info"), stored.get("phases")
    if not isinstance(info, dict) or not isinstance(phases, list):
        return None
    facts = {**definition.facts, **model.facts, "variant": model.variant, "phases": tuple(phases)}
    facts |= _chain(stored)
    if definition.roles.variable:
        facts[definition.roles.variable] = stored.get("role")
    known = {entry.register.path: entry.register for entry in definition.info}
    text = parse_type("text[1]")  # what a hook decoded has no register of its own
    values = tuple(Value(known.get(path) or Register(path, 0, text), (), value) for path, value in info.items())
    return Prepared(Match(definition, model, facts), facts, values, (), str(stored["ident"]))


def _chain(stored: dict[str, Any]) -> dict[str, Any]:
    """Return where the models of a SunSpec device were, and how many devices were in its chain."""
    chain, parts = stored.get("chain"), stored.get("parts")
    if not isinstance(chain, dict) or not chain or not isinstance(parts, int):
        return {}
    headers = {int(model): at for model, at in chain.items() if model.isdecimal() and isinstance(at, int)}
    return {"chain": headers, "models": tuple(headers), "parts": parts}
