"""Level and remaining volume from a raw sender value, as every Victron tank driver computes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TankShape:
    """Settings of one tank."""

    capacity_m3: float = 0.2
    raw_empty: float = 0.0
    raw_full: float = 100.0

    def level(self, raw: float | None) -> float | None:
        """Return percent, with the raw value clamped between empty and full (which may be the smaller one)."""
        if raw is None or self.raw_full == self.raw_empty:
            return None
        share = (raw - self.raw_empty) / (self.raw_full - self.raw_empty)
        return 100.0 * min(1.0, max(0.0, share))

    def remaining(self, raw: float | None) -> float | None:
        """Return cubic metres."""
        level = self.level(raw)
        return None if level is None else self.capacity_m3 * level / 100.0
