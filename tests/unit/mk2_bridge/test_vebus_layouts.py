"""Systems of several devices as one service, in simulated time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from simulators.multiplus.assembly import Layout
from simulators.multiplus.simulated_time import run
from tests.unit.mk2_bridge.soak import soak

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("phases", [(0,), (0, 0), (0, 0, 0), (0, 1), (0, 1, 2)], ids=str)
def test_powers_of_all_devices_are_those_of_the_plant(tmp_path: Path, phases: tuple[int, ...]) -> None:
    async def main() -> None:
        async with soak(tmp_path, layout=Layout(phases)) as found:
            await asyncio.sleep(15)
            plant, now = found.interface.plant, asyncio.get_running_loop().time()
            count = 1 + max(phases)
            assert (found["/Ac/NumberOfPhases"], found["/Devices/NumberOfMultis"]) == (count, len(phases))
            for phase in range(count):
                truth = plant.phase(phase, now)
                assert found[f"/Ac/Out/L{phase + 1}/P"] == pytest.approx(truth.output_w, abs=60)
                assert found[f"/Ac/ActiveIn/L{phase + 1}/P"] == pytest.approx(truth.mains_w, abs=60)
                assert found[f"/Ac/ActiveIn/L{phase + 1}/V"] == pytest.approx(truth.mains_v, abs=4)
                mine = [f"/Devices/{index}/Ac/Out/P" for index, own in enumerate(phases) if own == phase]
                assert sum(found[path] for path in mine) == pytest.approx(found[f"/Ac/Out/L{phase + 1}/P"], abs=1)
            assert [found[f"/Ac/Out/L{phase}/P"] for phase in range(count + 1, 4)] == [None] * (3 - count)
            assert found["/Ac/Out/P"] == pytest.approx(sum(found[f"/Ac/Out/L{n + 1}/P"] for n in range(count)), abs=1)
            balance = found["/Ac/ActiveIn/P"] - found["/Ac/Out/P"] - found["/Dc/0/Power"]
            assert balance == pytest.approx(0, abs=5 * len(phases))

    run(main())
