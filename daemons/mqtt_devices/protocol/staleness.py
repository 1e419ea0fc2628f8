"""How old the values of a service may become, and what happens then."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Reason, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

# A timeout of 0 means never, which is what people mean by it.
NEVER = 0.0
# One message may be late or lost; shorter timeouts would make a service flicker.
MIN_TIMEOUT_S = 1.0
# A tank that is read once a day needs two; beyond a week nobody waits for a value.
MAX_TIMEOUT_S = 7 * 86400.0


class OnTimeout(StrEnum):
    """What becomes of values that are too old."""

    HOLD = "hold"  # nothing; it is noted
    INVALID = "invalid"  # readings are unknown, /Connected 0
    ZERO = "zero"  # no power, no current; what else was measured is unknown, counters stay; /Connected stays 1
    DISCONNECT = "disconnect"  # the service leaves D-Bus until the device is heard again


@dataclass(frozen=True, slots=True)
class Staleness:
    """A timeout and what follows; None: as the service type has it."""

    timeout_s: float | None = None
    action: OnTimeout | None = None

    def over(self, default: Staleness) -> Staleness:
        """These decisions, and those of `default` where none was taken."""
        timeout_s = default.timeout_s if self.timeout_s is None else self.timeout_s
        return Staleness(timeout_s or NEVER, self.action or default.action or OnTimeout.INVALID)


def parse_staleness(message: Mapping[str, Any], place: str = "") -> Staleness:
    """Read the fields timeout and onTimeout; `place` goes in front of their names in messages.

    Raises:
        Rejected: names the field.
    """
    timeout = message.get("timeout")
    if timeout is not None:
        if isinstance(timeout, bool) or not isinstance(timeout, int | float):
            raise Rejected(Reason.WRONG_TYPE, f"{place}timeout", "a number of seconds, 0 for never")
        if not (timeout == NEVER or MIN_TIMEOUT_S <= timeout <= MAX_TIMEOUT_S):
            rule = f"{MIN_TIMEOUT_S:g} to {MAX_TIMEOUT_S:g} seconds, or 0 for never"
            raise Rejected(Reason.OUT_OF_RANGE, f"{place}timeout", rule)
    action = message.get("onTimeout")
    if action is not None and (not isinstance(action, str) or action not in tuple(OnTimeout)):
        raise Rejected(Reason.WRONG_TYPE, f"{place}onTimeout", f"one of {', '.join(OnTimeout)}")
    return Staleness(None if timeout is None else float(timeout), OnTimeout(action) if action else None)


def encode_staleness(staleness: Staleness) -> dict[str, Any]:
    """The fields that `parse_staleness` reads."""
    fields: dict[str, Any] = {}
    if staleness.timeout_s is not None:
        fields["timeout"] = staleness.timeout_s
    if staleness.action is not None:
        fields["onTimeout"] = staleness.action.value
    return fields
