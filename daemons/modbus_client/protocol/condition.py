"""When an entry of a definition holds: comparisons with what is known of the device, never an expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modbus_client.protocol.version import VeVersion

Facts = dict[str, Any]
"""What is known of one device: role, phases, firmware, variant, flags, models, and the definition's variables."""


@dataclass(frozen=True, slots=True)
class Condition:
    """All parts must hold; an empty condition always does."""

    equals: tuple[tuple[str, tuple[Any, ...]], ...] = ()  # fact, one of these values
    firmware_from: VeVersion | None = None
    firmware_below: VeVersion | None = None
    known: tuple[str, ...] = ()  # facts that the device has a value for

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Tell whether the condition is true of a device with these facts. An unknown fact makes it false."""
        for name, values in self.equals:
            fact = facts.get(name)
            given = fact if isinstance(fact, tuple | frozenset) else (fact,)
            if not any(value in values for value in given):
                return False
        if any(facts.get(name) is None for name in self.known):
            return False
        if self.firmware_from is None and self.firmware_below is None:
            return True
        firmware = facts.get("firmware")
        if firmware is None:
            return False
        above = self.firmware_from is None or firmware >= self.firmware_from
        return bool(above and (self.firmware_below is None or firmware < self.firmware_below))


ALWAYS = Condition()
