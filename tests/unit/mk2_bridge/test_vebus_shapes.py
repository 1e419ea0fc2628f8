"""Systems of many shapes: which device stands on which phase, and what its powers are."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mk2.assistants import Assistants
from mk2.ram_var import RamVar
from mk2.reading import AcReading, PowerReading
from mk2_bridge.ac_values import ac_values
from mk2_bridge.fixed_values import Static, assistant_bytes, identity_values
from mk2_bridge.readings import Readings
from mk2_bridge.shape import phase_of, setpoint_phases, shape_of
from simulators.multiplus import registers
from simulators.multiplus.assembly import Layout
from simulators.multiplus.simulated_time import run
from tests.unit.mk2_bridge.soak import soak
from tests.unit.mk2_bridge.test_vebus_readings import AC, IDENTITY

if TYPE_CHECKING:
    from pathlib import Path

SPLIT = replace(IDENTITY, phases=(1, 2), devices=(0, 3), setpoints=(131, None))
FOUR = replace(IDENTITY, phases=(1, 2), devices=(0, 1, 2, 3), setpoints=(131,) * 4)
TWO_LEGS = replace(IDENTITY, phases=(1, 2), devices=(None,))


def test_devices_stand_on_one_phase_or_each_on_its_own_or_nobody_knows() -> None:
    parallel = replace(IDENTITY, devices=(0, 3))
    assert [phase_of(device, parallel) for device in (0, 1)] == [1, 1]
    assert [phase_of(device, SPLIT) for device in (0, 1)] == [1, 2]
    assert [phase_of(device, FOUR) for device in range(4)] == [None] * 4


def test_ess_is_offered_only_for_phases_that_are_known() -> None:
    assert (setpoint_phases(SPLIT), shape_of(SPLIT, has_ess=True).ess_phases) == ([1, None], (1,))
    assert (setpoint_phases(FOUR), shape_of(FOUR, has_ess=True).ess_phases) == ([None] * 4, ())
    assert shape_of(SPLIT, has_ess=False).ess_phases == ()


@pytest.mark.parametrize(
    ("static", "kind"),
    [
        (Static(IDENTITY, measures_soc=True, baudrate=2400), 4),
        (Static(IDENTITY, measures_soc=True, baudrate=2400, takes_snapshots=False), 2),
        (Static(replace(IDENTITY, has_snapshot=False), measures_soc=True, baudrate=2400), 2),
        (Static(replace(IDENTITY, has_powers=False), measures_soc=True, baudrate=2400), 0),
        (Static(SPLIT, measures_soc=True, baudrate=2400), 4),
        (Static(FOUR, measures_soc=True, baudrate=2400), 0),
        (Static(TWO_LEGS, measures_soc=True, baudrate=2400), 0),
    ],
)
def test_powers_are_called_what_they_are(static: Static, kind: int) -> None:
    assert identity_values(static)["/Ac/PowerMeasurementType"] == kind


def taken(*powers: PowerReading) -> Readings:
    readings = Readings()
    second = AcReading(2, None, 9, 229.0, -3.0, 229.0, 0.0, 50.1)
    load = tuple({RamVar.LOAD_CURRENT: 1.5, RamVar.IGNORE_AC_INPUT: 0.0} for _ in powers) or (
        {RamVar.LOAD_CURRENT: 1.5},
    )
    for _ in range(2):
        for name, reading in (("ac1", AC), ("ac2", second), ("powers", powers), ("load", load)):
            if reading:
                readings.take(name, reading, 10.0)
    return readings


def test_without_powers_voltage_times_current_stands_in_with_its_sign() -> None:
    values = ac_values(taken(), replace(IDENTITY, phases=(1, 2), has_powers=False), None, 10.0)
    assert (values["/Ac/ActiveIn/L1/P"], values["/Ac/ActiveIn/L2/P"]) == (460, -687)
    assert (values["/Ac/ActiveIn/P"], values["/Ac/ActiveIn/S"]) == (-227, 460 + 687)
    assert (values["/Ac/Out/L1/P"], values["/Ac/Out/L2/P"], values["/Ac/Out/P"]) == (345, None, None)


def test_powers_that_are_missing_just_now_are_unknown_and_nothing_stands_in() -> None:
    values = ac_values(taken(), IDENTITY, None, 10.0)
    assert (values["/Ac/ActiveIn/L1/P"], values["/Ac/ActiveIn/P"], values["/Ac/ActiveIn/L1/S"]) == (None, None, 460)


def test_second_leg_of_one_device_counts_in_the_sum() -> None:
    powers = (PowerReading(0, 420.0, 436.0, -7.0),)
    values = ac_values(taken(*powers), TWO_LEGS, powers, 10.0)
    assert (values["/Ac/ActiveIn/L1/P"], values["/Ac/ActiveIn/L2/P"], values["/Ac/ActiveIn/P"]) == (436.0, -687, -251)


@pytest.mark.parametrize(
    ("assistants", "shown"),
    [
        (None, None),
        (Assistants((), None), bytes(56)),
        (Assistants((9, 0x880, 5), 130), bytes([9, 0, 0x80, 8, 5, 0]) + bytes(50)),
        (Assistants((0x134,), None), None),
    ],
)
def test_assistants_are_told_only_when_hub_2_cannot_be_among_them(
    assistants: Assistants | None, shown: bytes | None
) -> None:
    assert assistant_bytes(assistants) == shown


@pytest.mark.parametrize(
    ("layout", "kind"),
    [
        (Layout((0, 0, 1, 1)), 0),
        (Layout((0, 1, 2) * 2), 0),
        (Layout((0, 0), addresses=(0, 3)), 4),
        (Layout((0, 0), addresses=(0, 99)), 0),
    ],
)
def test_sums_hold_whatever_the_order_of_the_devices(tmp_path: Path, layout: Layout, kind: int) -> None:
    async def main() -> None:
        async with soak(tmp_path, layout=layout) as found:
            await asyncio.sleep(20)
            plant, now = found.interface.plant, asyncio.get_running_loop().time()
            truths = [plant.phase(phase, now) for phase in range(plant.phases)]
            assert found["/Ac/PowerMeasurementType"] == kind
            for number, truth in enumerate(truths, 1):
                assert found[f"/Ac/ActiveIn/L{number}/P"] == pytest.approx(truth.mains_w, abs=60)
            assert found["/Ac/ActiveIn/P"] == pytest.approx(sum(truth.mains_w for truth in truths), abs=120)
            assert found["/Dc/0/Power"] == pytest.approx(plant.charge_w(now), abs=120)

    run(main())


def test_inputs_charge_voltage_and_settings_of_the_device_are_shown(tmp_path: Path) -> None:
    async def main() -> None:
        async with soak(tmp_path, layout=Layout(has_ess=True)) as found:
            await asyncio.sleep(20)
            shown = [found[f"/Ac/State/{name}"] for name in ("AcIn1Available", "AcIn2Available", "IgnoreAcIn1")]
            assert shown == [1, 0, 0]
            assert (found["/Devices/0/ExtendStatus/AcIn1Available"], found["/ShortIds"]) == (1, 1)
            assert found["/Hub/ChargeVoltage"] == 28.8
            assert found["/Devices/0/Settings/InverterOutputVoltage"] == found["/Settings/InverterOutputVoltage"] == 230
            assert found["/Devices/0/Info/MaximumRelayCurrentAC1"] == 50
            assert found["/Devices/0/Assistants"][4:6] == b"\x05\x00"
            found.interface.devices[0].substate = 3
            await asyncio.sleep(5)
            assert found["/Hub/ChargeVoltage"] == 27.6
            found.interface.plant.mains_present = False
            await asyncio.sleep(20)
            assert (found["/Ac/State/AcIn1Available"], found["/Hub/ChargeVoltage"]) == (0, None)

    run(main())


def test_question_that_a_device_does_not_know_is_asked_rarely(tmp_path: Path) -> None:
    async def main() -> None:
        async with soak(tmp_path) as found:
            device = found.interface.devices[0]
            answer, asked = device.answer, []

            def refuse(body: bytes, now: float) -> list[bytes]:
                if body[0] == 0x44:
                    asked.append(now)
                    return [b"\x80\x00"]
                return answer(body, now)

            device.answer = refuse  # type: ignore[method-assign]  # older firmware
            await asyncio.sleep(300)
            assert found["/Devices/0/ExtendStatus/RawFlags0"] is None
            assert len(asked) < 10
            assert found["/Ac/Out/L1/P"] is not None

    run(main())


def test_firmware_that_measures_no_powers_shows_voltage_times_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for var in range(14, 20):
        monkeypatch.delitem(registers.RAM_SCALES, var)

    async def main() -> None:
        async with soak(tmp_path) as found:
            await asyncio.sleep(20)
            truth = found.interface.plant.phase(0, asyncio.get_running_loop().time())
            assert (found["/Ac/PowerMeasurementType"], found["/Soc"]) == (0, 80.0)
            assert found["/Ac/ActiveIn/P"] == pytest.approx(truth.mains_w, abs=60)
            assert found["/Ac/Out/P"] == pytest.approx(truth.output_w, abs=60)
            assert found["/Dc/0/Power"] == pytest.approx(truth.charge_w, abs=20)
            assert found["/Devices/0/Ac/Out/P"] is None

    run(main())
