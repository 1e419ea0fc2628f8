"""What a reading becomes when it is too old."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqtt_devices.protocol.staleness import OnTimeout

if TYPE_CHECKING:
    from mqtt_devices.protocol.service_types import PathRule
    from velib_async.service import ChangeContext

# What flows: zero is the truth when nothing does. A voltage or a level of zero would be a lie.
_FLOWS = frozenset({"W", "A", "VA", "var"})
# What adds up: what it has come to stays true, and going back to zero would be counted as a new beginning.
_SUMS = frozenset({"kWh", "Ah"})


def age_value(changes: ChangeContext, rule: PathRule, action: OnTimeout) -> None:
    """Set a path as `action` wants it (INVALID or ZERO)."""
    if action is OnTimeout.ZERO and rule.unit in _SUMS:
        return
    is_zero = action is OnTimeout.ZERO and rule.unit in _FLOWS and changes[f"/{rule.path}"] is not None
    changes[f"/{rule.path}"] = 0 if is_zero else None
