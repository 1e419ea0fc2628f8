"""The bridge on a bus in memory, in simulated time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mk2.permissions import Permissions
from mk2_bridge.status import bridge_status
from simulators.multiplus.assembly import Layout
from simulators.multiplus.simulated_time import run
from tests.unit.mk2_bridge.soak import soak
from velib_async.bus import BUS_ITEM

if TYPE_CHECKING:
    from pathlib import Path


def test_boot_sleep_and_replug_make_values_unknown_until_they_are_known_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with soak(tmp_path) as found:
            publisher = found.bridge.publisher
            assert publisher is not None
            service = publisher.service
            for trouble in (found.boot, found.sleep, found.unplug):
                await asyncio.sleep(15)
                assert service["/Connected"] == 1
                assert service["/Dc/0/Voltage"] > 20
                trouble()
                await asyncio.sleep(8 if trouble == found.sleep else 1.5)
                assert service["/Connected"] == 0
                assert [service[path] for path in ("/Dc/0/Voltage", "/State", "/Mode", "/Ac/Out/P")] == [None] * 4
                assert service["/Energy/AcIn1ToAcOut"] is not None
                await asyncio.sleep(90)
            assert found.wrong == []

    run(main())


def test_write_while_the_system_is_away_is_refused(tmp_path: Path) -> None:
    async def main() -> None:
        async with soak(tmp_path) as found:
            await asyncio.sleep(15)
            found.sleep()
            await asyncio.sleep(8)
            bridge = found.bridge
            caller = found.hub.connect()
            (code,) = await caller.call(bridge.name, "/Mode", BUS_ITEM, "SetValue", "v", [3])
            assert code != 0
            assert str(bridge.controls.last_refusal).startswith("/Mode: the VE.Bus system does not answer")
            assert found.interface.switch_commands == []
            status = bridge_status(bridge)
            assert (status["link"], status["refused_writes"]) == ("asleep", 1)

    run(main())


def test_answer_to_a_write_never_takes_longer_than_a_second(tmp_path: Path) -> None:
    async def main() -> None:
        async with soak(tmp_path) as found:
            await asyncio.sleep(15)
            caller = found.hub.connect()
            loop = asyncio.get_running_loop()
            for turnaround_s in (0.047, 0.4, 2.0):
                found.interface.turnaround_s = turnaround_s
                for path, value in (("/Mode", 4), ("/Ac/In/1/CurrentLimit", 20.0), ("/Mode", 1)):
                    began = loop.time()
                    await caller.call(found.bridge.name, path, BUS_ITEM, "SetValue", "v", [value])
                    assert loop.time() - began <= 1.0

    run(main())


def test_restart_is_not_repeated_at_once_even_though_the_system_starts_anew(tmp_path: Path) -> None:
    async def main() -> None:
        async with soak(tmp_path, permissions=Permissions(reset=True)) as found:
            caller = found.hub.connect()
            codes = []
            for _ in range(3):
                await asyncio.sleep(15)
                codes += await caller.call(found.bridge.name, "/SystemReset", BUS_ITEM, "SetValue", "v", [1])
            assert codes[0] == 0
            assert 0 not in codes[1:]
            assert found.interface.resets == 1

    run(main())


def test_write_that_was_answered_too_late_is_not_carried_out_later(tmp_path: Path) -> None:
    async def main() -> None:
        async with soak(tmp_path) as found:
            await asyncio.sleep(15)
            found.interface.turnaround_s = 0.95
            assert await found.set("/Mode", 1) != 0
            await asyncio.sleep(30)
            assert found.interface.switch_commands == []
            found.interface.turnaround_s = 0.047
            await asyncio.sleep(30)
            assert await found.set("/Mode", 1) == 0
            assert found.interface.plant.switch == 1

    run(main())


def test_looking_anew_who_is_there_can_be_asked_for_again_and_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with soak(tmp_path) as found:
            for _ in range(3):
                starts = found.bridge.system.starts
                assert await found.set("/RedetectSystem", 1) == 0
                await asyncio.sleep(20)
                assert found.bridge.system.starts == starts + 1

    run(main())


def test_permission_to_limit_the_charge_current_permits_nothing_else(tmp_path: Path) -> None:
    async def main() -> None:
        async with soak(tmp_path, permissions=Permissions(charge_current=True, eeprom=True)) as found:
            await asyncio.sleep(15)
            assert found["/Dc/0/MaxChargeCurrent"] == 50
            assert await found.set("/Dc/0/MaxChargeCurrent", 20.0) == 0
            assert await found.set("/Dc/0/MaxChargeCurrent", -1.0) != 0
            assert await found.set("/Settings/InverterOutputVoltage", 231.0) != 0
            assert found.interface.devices[0].writes == [("setting", 4, 20)]
            assert found.interface.devices[0].eeprom_writes == 0

    run(main())


@pytest.mark.parametrize(("value", "wakes"), [(0, False), (4, False), (99, False), (1, True), (3, True)])
def test_only_a_mode_that_switches_on_wakes_a_sleeping_system(tmp_path: Path, value: int, *, wakes: bool) -> None:
    async def main() -> None:
        async with soak(tmp_path) as found:
            await asyncio.sleep(15)
            found.interface.sleep()
            found.interface.keeps_power = True
            await asyncio.sleep(15)
            assert await found.set("/Mode", value) != 0
            await asyncio.sleep(2)
            assert found.interface.asleep is not wakes

    run(main())


CHARGE = Permissions(charge_current=True)


def test_no_limit_of_the_charge_current_is_what_the_owner_has_set_also_after_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        cell = None
        for wanted, expected in ((10000.0, 30), (1000.0, 30), (12.0, 12), (31.0, 30), (8.0, 8)):
            async with soak(tmp_path, permissions=CHARGE) as found:
                cells = found.interface.devices[0].settings
                if cell is None:
                    cell = cells[4]
                    cell.value = cell.stored = 30  # the default is 50, the largest 70
                cells[4] = cell  # the device goes on while the daemon starts anew
                await asyncio.sleep(15)
                assert await found.set("/Dc/0/MaxChargeCurrent", wanted) == 0
                assert cell.value == expected
        assert cell is not None
        assert cell.stored == 30

    run(main())


def test_owners_charge_current_is_seen_anew_when_he_has_changed_it(tmp_path: Path) -> None:
    async def main() -> None:
        async with soak(tmp_path, permissions=CHARGE) as found:
            await asyncio.sleep(15)
            assert await found.set("/Dc/0/MaxChargeCurrent", 20.0) == 0
            cell = found.interface.devices[0].settings[4]
            cell.stored = 40
            found.boot()
            await asyncio.sleep(30)
            assert await found.set("/Dc/0/MaxChargeCurrent", 10000.0) == 0
            assert cell.value == 40

    run(main())


def test_charge_current_below_what_the_device_can_do_is_the_least_it_can_do(tmp_path: Path) -> None:
    async def main() -> None:
        async with soak(tmp_path, permissions=CHARGE) as found:
            cell = found.interface.devices[0].settings[4]
            cell.low = 5
            await asyncio.sleep(15)
            found.bridge.system.session.setting_infos.clear()  # type: ignore[union-attr]  # it runs
            assert await found.set("/Dc/0/MaxChargeCurrent", 0.0) == 0
            assert cell.value == 5

    run(main())


def test_settings_of_one_of_several_devices_are_left_alone(tmp_path: Path) -> None:
    async def main() -> None:
        allowed = Permissions(charge_current=True, settings=True, eeprom=True)
        async with soak(tmp_path, permissions=allowed, layout=Layout((0, 0))) as found:
            await asyncio.sleep(15)
            assert found["/Dc/0/MaxChargeCurrent"] is None  # so that systemcalc does not count on it
            assert await found.set("/Dc/0/MaxChargeCurrent", 20.0) != 0
            assert found["/Settings/InverterOutputVoltage"] == 230
            assert await found.set("/Settings/InverterOutputVoltage", 231.0) != 0
            assert [device.writes for device in found.interface.devices] == [[], []]

    run(main())


@pytest.mark.parametrize("layout", [Layout(), Layout((0, 1, 2), strict=False, has_ess=True)], ids=["one", "three"])
def test_switch_and_limit_are_answered_in_time_at_2400_baud_while_polling_fills_the_wire(
    tmp_path: Path, layout: Layout
) -> None:
    async def main() -> None:
        async with soak(tmp_path, layout=layout) as found:
            await asyncio.sleep(15)
            assert await found.set("/Mode", 3) == 0
            for step in range(20):
                await asyncio.sleep(1 + 0.137 * step)
                for path, value in (("/Mode", 4), ("/Mode", 3), ("/Ac/In/1/CurrentLimit", 10.0 + step)):
                    assert await found.set(path, value) == 0, (step, path, value)
            await asyncio.sleep(5)
            assert found["/Ac/Out/P"] is not None

    run(main())
