"""Values computed from other values, by operations that a definition names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from modbus_client.protocol.functions import Derived
    from modbus_client.protocol.poll import Readings

_ABSENT: Any = object()


def _sum(operands: list[Any], _: Derived) -> Any:
    """Add what the device has; a value that it has and that is unknown makes the sum unknown."""
    present = [value for value in operands if value is not _ABSENT]
    return sum(present) if present and None not in present else None


def _diff(operands: list[Any], _: Derived) -> Any:
    first, second = operands
    return None if first is None or second is None else first - second


def _first(operands: list[Any], _: Derived) -> Any:
    return next((value for value in operands if value is not None), None)


def _scale(operands: list[Any], rule: Derived) -> Any:
    return None if operands[0] is None else operands[0] * rule.factor


def _map(operands: list[Any], rule: Derived) -> Any:
    return rule.table.get(operands[0])


def _above(operands: list[Any], rule: Derived) -> Any:
    return None if operands[0] is None else rule.table.get(int(operands[0] > rule.limit))


def _bit(operands: list[Any], rule: Derived) -> Any:
    return None if operands[0] is None else rule.table.get(operands[0] & int(rule.limit))


_OPERATIONS: Mapping[str, Callable[[list[Any], Derived], Any]] = {
    "sum": _sum,
    "diff": _diff,
    "first": _first,
    "copy": _first,
    "scale": _scale,
    "map": _map,
    "above": _above,
    "bit": _bit,
}


def derive(rules: Iterable[Derived], values: Mapping[str, Any], facts: Mapping[str, Any]) -> Readings:
    """Return what the rules give, in their order; a later rule may use an earlier one's result."""
    results: Readings = {}
    for rule in rules:
        if not rule.when.holds(facts) or (rule.fallback and values.get(rule.path) is not None):
            continue
        operands = [results.get(name, values.get(name, facts.get(name, _ABSENT))) for name in rule.sources]
        if rule.operation != "sum":
            operands = [None if operand is _ABSENT else operand for operand in operands]
        results[rule.path] = _OPERATIONS[rule.operation](operands, rule)
    return results
