"""Values that the platform expects and the device did not send, worked out from those that it did."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from mqtt_devices.protocol.service_types import Derivation, Value


def derive(
    derivations: Iterable[Derivation],
    changed: Collection[str],
    sent: Collection[str],
    get: Callable[[str], Value],
) -> dict[str, float | None]:
    """The derived values that follow from a change, by path.

    Args:
        derivations: in order; later ones may use the results of earlier ones.
        changed: the paths that have changed.
        sent: paths that the device sends itself: those are never worked out.
        get: returns the present value of a path.
    """
    results: dict[str, float | None] = {}
    for derivation in derivations:
        if derivation.path in sent or not any(path in changed or path in results for path in derivation.of):
            continue
        operands = [results[path] if path in results else get(path) for path in derivation.of]
        results[derivation.path] = _work_out(derivation, operands)
    return results


def _work_out(derivation: Derivation, operands: list[Value]) -> float | None:
    known = [value for value in operands if isinstance(value, int | float)]
    if derivation.operation == "product":
        result = math.prod(known) if len(known) == len(operands) else None
    else:
        # Of a three-phase meter on one phase the others are unknown, not zero, and do not matter.
        result = math.fsum(known) if known else None
    return None if result is None else result * derivation.scale
