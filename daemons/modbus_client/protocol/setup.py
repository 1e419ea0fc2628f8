"""Registers that say how a device is set up: when one of them changes, everything else has to be asked again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modbus_client.protocol.poll import Readings
    from modbus_client.protocol.register import Register


@dataclass(slots=True)
class Setup:
    """The values that such registers had."""

    watched: frozenset[str] = frozenset()
    _seen: Readings = field(default_factory=dict)

    @classmethod
    def of(cls, registers: Iterable[Register]) -> Self:
        """Watch those of these registers whose definition says `reprepare`."""
        return cls(frozenset(r.path or r.variable or "" for r in registers if r.reprepare))

    def is_changed(self, readings: Readings) -> bool:
        """Take in readings; tell whether one differs from what it was. Unknown is no difference."""
        changed = False
        for key in self.watched & readings.keys():
            value = readings[key]
            if value is not None:
                changed = changed or self._seen.get(key, value) != value
                self._seen[key] = value
        return changed
