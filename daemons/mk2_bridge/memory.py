"""What is kept over restarts: energy, when the EEPROM was written, and what is known of firmware and owner."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from daemonkit.statefile import load_state, save_state
from mk2.ram_var import RamVarInfo

if TYPE_CHECKING:
    from pathlib import Path

    from mk2.budget import EepromBudget
    from mk2.knowledge import Knowledge
    from mk2_bridge.protocol.charge_limit import ChargeLimit
    from mk2_bridge.protocol.energy import EnergyCounter

SAVE_S = 900.0
"""Energy is written to flash this often at most: 35,000 times a year."""


class Memory:
    """A file that holds what `energy`, `budget`, `knowledge` and `charge_limit` must not forget.

    Knowledge spares two seconds at the start.
    """

    def __init__(
        self,
        file: Path,
        energy: EnergyCounter,
        budget: EepromBudget,
        knowledge: Knowledge,
        charge_limit: ChargeLimit,
    ) -> None:
        self._file = file
        self._energy = energy
        self._budget = budget
        self._knowledge = knowledge
        self._charge_limit = charge_limit

    def restore(self) -> None:
        """Fill all from the file, as far as it makes sense."""
        stored = load_state(self._file)
        if not isinstance(stored, dict):
            return
        self._energy.restore(stored.get("energy_kwh"))
        times = stored.get("eeprom_writes")
        if isinstance(times, list):
            self._budget.times = [float(time) for time in times if isinstance(time, int | float)]
        self._charge_limit.restore(stored.get("charge_limit"))
        scales = stored.get("scales")
        if isinstance(scales, dict):
            self._knowledge.scales.update(_parse_scales(scales))
        windows = stored.get("info_windows")
        if isinstance(windows, dict):
            self._knowledge.info_windows.update(_parse_windows(windows))

    async def save(self) -> None:
        """Write all to flash."""
        content = {
            "energy_kwh": dict(self._energy.kwh),
            "eeprom_writes": list(self._budget.times),
            "charge_limit": self._charge_limit.store(),
            "scales": {
                version: {var: [info.factor, info.offset, info.signed, info.bit] for var, info in known.items()}
                for version, known in self._knowledge.scales.items()
            },
            "info_windows": {
                f"{interface}/{device}": window for (interface, device), window in self._knowledge.info_windows.items()
            },
        }
        await asyncio.to_thread(save_state, self._file, content)

    async def save_for_ever(self) -> None:
        """Save now and then, until cancelled."""
        while True:
            await asyncio.sleep(SAVE_S)
            await self.save()


def _parse_scales(stored: dict[str, object]) -> dict[int, dict[int, RamVarInfo]]:
    """Return the scales in a file; a version of which anything is odd is left out and asked for anew."""
    found: dict[int, dict[int, RamVarInfo]] = {}
    for version, known in stored.items():
        if not version.isdigit() or not isinstance(known, dict):
            continue
        infos = {int(var): info for var, row in known.items() if var.isdigit() and (info := _parse_info(row))}
        if len(infos) == len(known):
            found[int(version)] = infos
    return found


def _parse_windows(stored: dict[str, object]) -> dict[tuple[int, int], int]:
    """Return the info windows in a file; an odd one is left out and found out anew."""
    found: dict[tuple[int, int], int] = {}
    for versions, window in stored.items():
        interface, _, device = versions.partition("/")
        is_number = isinstance(window, int) and not isinstance(window, bool)
        if interface.isdigit() and device.isdigit() and is_number and window in (1, 2):
            found[int(interface), int(device)] = window
    return found


def _parse_info(row: object) -> RamVarInfo | None:
    if not isinstance(row, list) or len(row) != 4:  # noqa: PLR2004  # factor, offset, sign, bit
        return None
    factor, offset, signed, bit = row
    is_good = isinstance(factor, float) and factor > 0 and isinstance(offset, int) and isinstance(signed, bool)
    return RamVarInfo(factor, offset, signed, bit) if is_good and (bit is None or isinstance(bit, int)) else None
