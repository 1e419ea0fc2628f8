"""Set points of ESS on a bus in memory, in simulated time."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest

from simulators.multiplus.assembly import Layout
from simulators.multiplus.device import UNKNOWN
from simulators.multiplus.registers import ESS_FLAGS, ESS_SETPOINT
from simulators.multiplus.simulated_time import run
from tests.unit.mk2_bridge.soak import Soak, soak

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from simulators.multiplus.device import Device

WRITE_BY_ID, READ_RAM = 0x37, 0x30
ESS = Layout(has_ess=True)


def with_ess(directory: Path, action: Callable[[Soak], Awaitable[None]], layout: Layout = ESS) -> None:
    async def main() -> None:
        async with soak(directory, layout=layout) as found:
            await asyncio.sleep(10)
            await action(found)

    run(main())


def test_flag_can_be_set_again_after_its_silent_writer_was_forgotten(tmp_path: Path) -> None:
    async def action(found: Soak) -> None:
        device = found.interface.devices[0]
        for _ in range(2):
            assert await found.set("/Hub4/L1/AcPowerSetpoint", 300) == 0
            assert await found.set("/Hub4/DisableCharge", 1) == 0
            await asyncio.sleep(2)
            assert (found["/Hub4/DisableCharge"], device.assistants[ESS_FLAGS]) == (1, 1)
            await asyncio.sleep(15)
            assert (found["/Hub4/DisableCharge"], device.assistants[ESS_FLAGS]) == (0, 0)

    with_ess(tmp_path, action)


@pytest.mark.parametrize("trouble", ["boot", "unplug"])
def test_flag_is_not_shown_after_the_device_or_the_line_has_started_anew(tmp_path: Path, trouble: str) -> None:
    async def action(found: Soak) -> None:
        assert await found.set("/Hub4/DisableCharge", 1) == 0
        await asyncio.sleep(2)
        getattr(found, trouble)()
        await asyncio.sleep(30)
        assert found["/Connected"] == 1
        assert (found["/Hub4/DisableCharge"], found.interface.devices[0].assistants[ESS_FLAGS]) == (0, 0)
        assert await found.set("/Hub4/DisableCharge", 1) == 0
        await asyncio.sleep(2)
        assert found.interface.devices[0].assistants[ESS_FLAGS] == 1

    with_ess(tmp_path, action)


def test_set_point_is_kept_alive_while_its_writer_lives_and_zero_ten_seconds_after(tmp_path: Path) -> None:
    async def action(found: Soak) -> None:
        for _ in range(30):
            assert await found.set("/Hub4/L1/AcPowerSetpoint", 700) == 0
            await asyncio.sleep(2)
            assert found.interface.plant.setpoints_w == [700.0]
        await asyncio.sleep(13)
        assert found.interface.devices[0].assistants[ESS_SETPOINT] == 0

    with_ess(tmp_path, action)


def test_assistant_that_has_moved_gets_no_zero_at_its_old_place(tmp_path: Path) -> None:
    async def action(found: Soak) -> None:
        assert await found.set("/Hub4/L1/AcPowerSetpoint", 700) == 0
        await asyncio.sleep(2)
        device = found.interface.devices[0]
        found.boot()
        device.has_ess = False  # somebody has loaded another configuration
        device.assistants.clear()
        device.assistants.update({128: 0x0001, 129: 0x0000, ESS_SETPOINT: 4711})
        await asyncio.sleep(30)
        assert found["/Connected"] == 1
        assert device.assistants[ESS_SETPOINT] == 4711

    with_ess(tmp_path, action)


@pytest.mark.parametrize("value", [math.nan, math.inf, "much", []])
def test_set_point_that_is_no_number_is_refused(tmp_path: Path, value: object) -> None:
    async def action(found: Soak) -> None:
        assert await found.set("/Hub4/L1/AcPowerSetpoint", value) != 0
        await asyncio.sleep(3)
        assert found.interface.devices[0].writes == []

    with_ess(tmp_path, action)


def test_each_phase_has_its_set_point_and_devices_on_one_share(tmp_path: Path) -> None:
    async def three(found: Soak) -> None:
        for phase in (1, 2, 3):
            assert await found.set(f"/Hub4/L{phase}/AcPowerSetpoint", 100 * phase) == 0
        await asyncio.sleep(3)
        assert found.interface.plant.setpoints_w == [100.0, 200.0, 300.0]

    async def parallel(found: Soak) -> None:
        assert await found.set("/Hub4/L1/AcPowerSetpoint", 500) == 0
        await asyncio.sleep(3)
        words = [device.assistants[ESS_SETPOINT] for device in found.interface.devices]
        assert words == [0x10000 - 250] * 2

    with_ess(tmp_path / "three", three, Layout((0, 1, 2), has_ess=True))
    with_ess(tmp_path / "parallel", parallel, Layout((0, 0), has_ess=True))


def test_set_point_of_a_phase_does_not_live_on_because_another_is_set(tmp_path: Path) -> None:
    async def action(found: Soak) -> None:
        devices = found.interface.devices
        assert await found.set("/Hub4/L2/AcPowerSetpoint", 3000) == 0
        for _ in range(10):
            assert await found.set("/Hub4/L1/AcPowerSetpoint", 500) == 0
            await asyncio.sleep(2)
        assert [device.assistants[ESS_SETPOINT] for device in devices] == [0x10000 - 500, 0, 0]

    with_ess(tmp_path, action, Layout((0, 1, 2), has_ess=True))


@pytest.mark.parametrize("acknowledges", [True, False])
def test_end_makes_every_phase_zero_within_a_second_at_2400_baud(tmp_path: Path, *, acknowledges: bool) -> None:
    async def action(found: Soak) -> None:
        devices = found.interface.devices
        for device in devices:
            device.acknowledges_assistants = acknowledges
        for phase in (1, 2, 3):
            assert await found.set(f"/Hub4/L{phase}/AcPowerSetpoint", 500) == 0
        assert await found.set("/Hub4/DisableCharge", 1) == 0
        await asyncio.sleep(8)
        assert [device.assistants[ESS_SETPOINT] for device in devices] == [0x10000 - 500] * 3
        end = asyncio.create_task(found.bridge.close())
        await asyncio.sleep(1)
        assert [device.assistants[ESS_SETPOINT] for device in devices] == [0] * 3
        await end
        assert [device.assistants[ESS_FLAGS] for device in devices] == [0] * 3

    with_ess(tmp_path, action, Layout((0, 1, 2), has_ess=True))


def refuse_writes(device: Device) -> Callable[[], None]:
    """Have a device refuse all writes; return what ends that."""
    answer = device.answer

    def refuse(body: bytes, now: float) -> list[bytes]:
        return [UNKNOWN] if body[0] == WRITE_BY_ID else answer(body, now)

    device.answer = refuse  # type: ignore[method-assign]

    def end() -> None:
        device.answer = answer  # type: ignore[method-assign]

    return end


def test_device_that_refuses_its_set_point_does_not_keep_the_others_from_theirs(tmp_path: Path) -> None:
    async def action(found: Soak) -> None:
        refuse_writes(found.interface.devices[0])
        for phase in (1, 2, 3):
            assert await found.set(f"/Hub4/L{phase}/AcPowerSetpoint", 500) == 0
        await asyncio.sleep(5)
        assert found.interface.plant.setpoints_w == [None, 500.0, 500.0]

    with_ess(tmp_path, action, Layout((0, 1, 2), has_ess=True))


def test_zero_that_the_device_did_not_take_is_written_again(tmp_path: Path) -> None:
    async def action(found: Soak) -> None:
        device = found.interface.devices[0]
        assert await found.set("/Hub4/L1/AcPowerSetpoint", 500) == 0
        assert await found.set("/Hub4/DisableCharge", 1) == 0
        await asyncio.sleep(5)
        accept = refuse_writes(device)
        await asyncio.sleep(15)
        assert (found["/Hub4/DisableCharge"], device.assistants[ESS_FLAGS]) == (0, 1)
        accept()
        await asyncio.sleep(5)
        assert (device.assistants[ESS_SETPOINT], device.assistants[ESS_FLAGS]) == (0, 0)
        writes = len(device.writes)
        await asyncio.sleep(15)
        assert len(device.writes) == writes

    with_ess(tmp_path, action)


@pytest.mark.parametrize("head", [0x0050, 0x0051], ids=["no word", "one word"])
def test_ess_record_without_room_for_set_point_and_flags_gets_none(tmp_path: Path, head: int) -> None:
    async def main() -> None:
        async with soak(tmp_path, layout=ESS) as found:
            device = found.interface.devices[0]
            device.assistants.clear()
            device.assistants.update({128: head, 129: 0x0001, 130: 0x0001, 131: 0x0000, 132: 0x0000})
            found.boot()
            await asyncio.sleep(30)
            await found.set("/Hub4/L1/AcPowerSetpoint", 300)
            await asyncio.sleep(5)
            assert device.writes == []
            assert found.bridge.system.identity is not None
            assert found.bridge.system.identity.setpoints == (None,)

    run(main())


def test_system_that_starts_anew_while_old_set_points_are_made_zero_can_be_controlled(tmp_path: Path) -> None:
    async def action(found: Soak) -> None:
        device, system = found.interface.devices[0], found.bridge.system
        answer = device.answer

        def be_deaf(body: bytes, now: float) -> list[bytes]:
            is_about_ess = body[0] == WRITE_BY_ID or body[:2] == bytes([READ_RAM, ESS_SETPOINT])
            return [] if is_about_ess else answer(body, now)

        assert await found.set("/Hub4/L1/AcPowerSetpoint", 500) == 0
        await asyncio.sleep(2)
        device.answer = be_deaf  # type: ignore[method-assign]
        for _ in range(2):
            starts = system.starts
            system.restart()
            while system.starts == starts:  # noqa: ASYNC110  # in simulated time this costs nothing
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
        device.answer = answer  # type: ignore[method-assign]
        await asyncio.sleep(20)
        assert await found.set("/Mode", 1) == 0

    with_ess(tmp_path, action, ESS.hurried())


def test_flag_that_a_killed_process_has_left_is_shown_and_lapses(tmp_path: Path) -> None:
    async def action(found: Soak) -> None:
        device = found.interface.devices[0]
        assert found["/Hub4/DisableCharge"] == 0
        device.assistants[ESS_FLAGS] = 1  # set by a process that was killed; the next one finds it
        found.bridge.system.restart()
        await asyncio.sleep(6)
        assert (found["/Hub4/DisableCharge"], found["/Hub4/DisableFeedIn"]) == (1, 0)
        await asyncio.sleep(15)
        assert (found["/Hub4/DisableCharge"], device.assistants[ESS_FLAGS]) == (0, 0)

    with_ess(tmp_path, action)


def test_flag_that_a_killed_process_has_left_can_be_cleared_at_once(tmp_path: Path) -> None:
    async def action(found: Soak) -> None:
        device = found.interface.devices[0]
        device.assistants[ESS_FLAGS] = 3
        found.bridge.system.restart()
        await asyncio.sleep(6)
        assert await found.set("/Hub4/DisableCharge", 0) == 0
        await asyncio.sleep(1)
        assert device.assistants[ESS_FLAGS] == 2

    with_ess(tmp_path, action)
