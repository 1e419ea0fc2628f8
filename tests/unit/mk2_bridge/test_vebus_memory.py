from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mk2.budget import EepromBudget
from mk2.knowledge import Knowledge
from mk2.ram_var import RamVarInfo
from mk2_bridge.memory import Memory
from mk2_bridge.protocol.charge_limit import ChargeLimit
from mk2_bridge.protocol.energy import EnergyCounter

if TYPE_CHECKING:
    from pathlib import Path

SCALES = {2610506: {4: RamVarInfo(0.01, 0, signed=False), 10: RamVarInfo(1.0, 0, signed=False, bit=3)}}


WINDOWS = {(1170216, 2610506): 2}


def restored(file: Path) -> tuple[EnergyCounter, EepromBudget, Knowledge, ChargeLimit]:
    energy, budget, knowledge, limit = EnergyCounter(), EepromBudget(), Knowledge(), ChargeLimit()
    Memory(file, energy, budget, knowledge, limit).restore()
    return energy, budget, knowledge, limit


@pytest.mark.unguarded
async def test_everything_survives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    energy = EnergyCounter()
    energy.kwh["AcIn1ToAcOut"] = 12.5
    limit = ChargeLimit(50, (50, 20))
    await Memory(file, energy, EepromBudget(times=[1.5e9, 1.6e9]), Knowledge(SCALES, WINDOWS), limit).save()
    found_energy, budget, knowledge, found_limit = restored(file)
    assert found_limit == limit
    assert found_energy.kwh == energy.kwh
    assert budget.times == [1.5e9, 1.6e9]
    assert knowledge == Knowledge(SCALES, WINDOWS)


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"scales": 7, "eeprom_writes": 3, "energy_kwh": "x"},
        {"scales": {"x": {}, "7": 3}},
        {"info_windows": 3},
        {"charge_limit": []},
        {"charge_limit": [50, None]},
        {"charge_limit": {"50": 20}},
        {"info_windows": {"1170216": 2, "1/x": 2, "1/2": 3, "1/3": "2", "1/4": True}},
        {"scales": {"7": {"4": [0.0, 0, False, None]}}},
        {"scales": {"7": {"4": [0.01, 0, False, None], "5": [1]}}},
        {"scales": {"7": {"y": [0.01, 0, False, None]}}},
    ],
)
def test_nonsense_is_left_out(tmp_path: Path, content: Any) -> None:
    file = tmp_path / "state.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    energy, budget, knowledge, limit = restored(file)
    assert limit == ChargeLimit()
    assert not any(energy.kwh.values())
    assert budget.times == []
    assert knowledge == Knowledge()
