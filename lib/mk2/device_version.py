"""The version of an inverter/charger, which says what it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeviceVersion:
    """Version of the inverter/charger itself, as decimal AABBCCC."""

    number: int

    @property
    def product_id(self) -> int:
        """AABB read as hexadecimal, as other Victron programs show it."""
        return int(str(self.number // 1000), 16)

    @property
    def firmware(self) -> int:
        """CCC read as hexadecimal."""
        return int(str(self.number % 1000), 16)
