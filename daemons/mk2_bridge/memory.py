"""What is kept over restarts: energy, and when the EEPROM was written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from daemonkit.statefile import load_state, save_state

if TYPE_CHECKING:
    from pathlib import Path

    from mk2.budget import EepromBudget
    from mk2_bridge.protocol.energy import EnergyCounter

SAVE_S = 900.0
"""Energy is written to flash this often at most: 35,000 times a year."""


class Memory:
    """A file that holds what `energy` and `budget` must not forget."""

    def __init__(self, file: Path, energy: EnergyCounter, budget: EepromBudget) -> None:
        self._file = file
        self._energy = energy
        self._budget = budget

    def restore(self) -> None:
        """Fill both from the file, as far as it makes sense."""
        stored = load_state(self._file)
        if not isinstance(stored, dict):
            return
        self._energy.restore(stored.get("energy_kwh"))
        times = stored.get("eeprom_writes")
        if isinstance(times, list):
            self._budget.times = [float(time) for time in times if isinstance(time, int | float)]

    async def save(self) -> None:
        """Write both to flash."""
        content = {"energy_kwh": dict(self._energy.kwh), "eeprom_writes": list(self._budget.times)}
        await asyncio.to_thread(save_state, self._file, content)

    async def save_for_ever(self) -> None:
        """Save now and then, until cancelled."""
        while True:
            await asyncio.sleep(SAVE_S)
            await self.save()
