"""What the owner of an installation knows and the meter does not: clamps on other phases, turned round, larger."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modbus_client.protocol.poll import Readings

_PHASE = re.compile(r"/Ac/L([1-3])/")
_SCALED = re.compile(r"/Ac/(L[1-3]/|N/)?(Power|Current|ApparentPower|ReactivePower|Energy/(Forward|Reverse))")
_SIGNED = re.compile(r"/Ac/(L[1-3]/)?(Power|Current|PowerFactor)")
_ENERGY = re.compile(r"(/Ac/(?:L[1-3]/)?Energy/)(Forward|Reverse)")
_OTHER_WAY = {"Forward": "Reverse", "Reverse": "Forward"}


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Configured corrections of one device; without any, readings pass unchanged."""

    phases: Mapping[int, int] = field(default_factory=dict)  # device's phase -> phase of the installation
    invert: bool = False
    ct_ratio: float = 1.0
    power_offset_w: float = 0.0  # per phase and in the total, e.g. an unmetered constant load

    @property
    def is_neutral(self) -> bool:
        """Nothing to do."""
        return self == Adjustment()

    def apply(self, readings: Readings) -> Readings:
        """Return readings with everything corrected."""
        if self.is_neutral:
            return readings
        return {self.path(path): self._value(path, value) for path, value in readings.items()}

    def path(self, path: str) -> str:
        """Return where a reading of the device is published."""
        if match := _PHASE.match(path):
            number = self.phases.get(int(match[1]), int(match[1]))
            path = f"/Ac/L{number}/{path[match.end() :]}"
        if self.invert and (match := _ENERGY.fullmatch(path)):
            return match[1] + _OTHER_WAY[match[2]]
        return path

    def _value(self, path: str, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        number = value * self.ct_ratio if self.ct_ratio != 1.0 and _SCALED.fullmatch(path) else value
        if self.invert and _SIGNED.fullmatch(path):
            number = -number
        return number + self.power_offset_w if self.power_offset_w and path.endswith("/Power") else number
