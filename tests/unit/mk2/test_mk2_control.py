"""Each hazard of talking to a running inverter, as a test."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mk2.control import RESET_CONFIRMATION, Control, Permissions
from mk2.errors import Unsafe
from mk2.frames.switch import SwitchState
from mk2.ram_var import RamVar
from mk2.setting import Setting
from simulators.multiplus.assembly import Layout
from simulators.multiplus.simulated_time import run
from simulators.multiplus.wire import seal
from tests.unit.mk2.rig import ALL, Rig, connect, controlled

if TYPE_CHECKING:
    from collections.abc import Awaitable

NO_LIMIT = 0x8000


def test_starting_a_session_sends_no_switch_command_and_writes_nothing() -> None:
    async def main() -> Rig:
        async with connect(Layout((0, 1, 2), has_ess=True)) as rig:
            await rig.identify()
            return rig

    rig = run(main())
    assert rig.interface.switch_commands == []
    assert [device.writes for device in rig.interface.devices] == [[], [], []]


def test_mode_change_keeps_the_current_limit() -> None:
    async def action(rig: Rig, control: Control) -> None:
        rig.interface.limit = 123
        await control.set_mode(SwitchState.INVERTER_ONLY)

    rig = controlled(action)
    assert (rig.interface.plant.switch, rig.interface.limit) == (2, 123)


def test_limit_change_keeps_the_mode_even_when_the_interface_was_never_told_one() -> None:
    for mode in (1, 2, 3):

        async def action(rig: Rig, control: Control, mode: int = mode) -> None:
            rig.interface.plant.switch = mode
            await control.set_current_limit(32.0)

        rig = controlled(action)
        assert (rig.interface.plant.switch, rig.interface.limit) == (mode, 320)


def test_limit_is_always_explicit() -> None:
    async def action(_: Rig, control: Control) -> None:
        for state in (SwitchState.CHARGER_ONLY, SwitchState.ON):
            await control.set_mode(state)
        await control.set_current_limit(20)

    rig = controlled(action)
    assert len(rig.interface.switch_commands) == 3
    assert all(int.from_bytes(command[1:3], "little") not in (0, NO_LIMIT) for command in rig.interface.switch_commands)


@pytest.mark.parametrize("amps", [0, 9.3, 50.1, -5])
def test_limit_outside_the_devices_range_is_refused(amps: float) -> None:
    async def action(_: Rig, control: Control) -> None:
        with pytest.raises(Unsafe, match=r"outside 9\.4\.\.50 A"):
            await control.set_current_limit(amps)

    assert controlled(action).interface.switch_commands == []


def test_off_raises_the_standby_line_first_and_the_bus_stays_awake() -> None:
    async def action(rig: Rig, control: Control) -> None:
        await control.set_mode(SwitchState.OFF)
        assert rig.interface.lines == 2
        await asyncio.sleep(30)
        assert not rig.interface.asleep
        await control.set_mode(SwitchState.ON)

    assert controlled(action).interface.plant.switch == 3


def test_off_is_refused_when_the_bus_cannot_be_kept_awake() -> None:
    async def action(_: Rig, control: Control) -> None:
        with pytest.raises(Unsafe, match="allow_off_without_standby"):
            await control.set_mode(SwitchState.OFF)

    rig = controlled(action, layout=Layout(is_mk3=False))
    assert rig.interface.switch_commands == []


def test_off_without_standby_can_be_allowed() -> None:
    async def action(_: Rig, control: Control) -> None:
        await control.set_mode(SwitchState.OFF)

    rig = controlled(action, Permissions(off_without_standby=True), Layout(is_mk3=False))
    assert rig.interface.plant.switch == 4


def test_panel_detect_is_never_raised() -> None:
    async def action(_: Rig, control: Control) -> None:
        await control.set_mode(SwitchState.OFF)

    assert controlled(action).interface.lines & 1 == 0


def test_reset_needs_permission_and_the_confirmation() -> None:
    async def action(rig: Rig, control: Control) -> None:
        with pytest.raises(Unsafe, match="allow_reset"):
            await Control(rig.session).reset(RESET_CONFIRMATION)
        with pytest.raises(Unsafe, match="confirm"):
            await control.reset("yes")
        assert rig.interface.resets == 0
        await control.reset(RESET_CONFIRMATION)
        await asyncio.sleep(1)
        with pytest.raises(Unsafe, match="1 s ago"):
            await control.reset(RESET_CONFIRMATION)

    assert controlled(action, ALL).interface.resets == 1


def test_nothing_is_written_while_another_program_talks() -> None:
    async def action(rig: Rig, control: Control) -> None:
        for _ in range(3):
            rig.interface.say_raw(seal(b"\xffX\x87"), asyncio.get_running_loop().time())
            await asyncio.sleep(0.5)
        attempts: list[Awaitable[None]] = [
            control.set_mode(SwitchState.ON),
            control.set_current_limit(20),
            control.write_ram(RamVar.STATE_OF_CHARGE, 100),
            control.write_setting(Setting.FLOAT_VOLTAGE, 27.0),
            control.reset(RESET_CONFIRMATION),
            control.force_charge_state(2),
        ]
        for attempt in attempts:
            with pytest.raises(Unsafe, match="another program"):
                await attempt

    rig = controlled(action, ALL)
    assert (rig.interface.switch_commands, rig.interface.devices[0].writes, rig.interface.resets) == ([], [], 0)


def test_charge_state_can_be_forced() -> None:
    async def action(_: Rig, control: Control) -> None:
        await control.force_charge_state(2)

    assert controlled(action).interface.devices[0].substate == 6


def test_limit_change_leaves_a_device_on_that_only_its_front_switch_keeps_on() -> None:
    async def action(rig: Rig, control: Control) -> None:
        # Without a panel the remote bits (0 and 1) of the switch register are zero while it runs.
        show_register(rig, b"\x34")
        await control.set_current_limit(20)

    rig = controlled(action)
    assert rig.interface.switch_commands[0][0] == SwitchState.ON
    assert rig.interface.plant.switch == 3


def show_register(rig: Rig, register: bytes) -> None:
    """Have the configuration frame end in this switch register."""
    frame = rig.interface.config_frame
    rig.interface.config_frame = lambda now: frame(now)[:-1] + register  # type: ignore[method-assign]


def test_limit_change_tells_no_off_to_a_device_that_is_off_at_its_front_switch() -> None:
    async def action(rig: Rig, control: Control) -> None:
        show_register(rig, b"\x00")
        with pytest.raises(Unsafe, match="set its mode first"):
            await control.set_current_limit(20)

    assert controlled(action).interface.switch_commands == []


def test_limit_can_be_changed_while_the_device_is_off_from_here() -> None:
    async def action(rig: Rig, control: Control) -> None:
        await control.set_mode(SwitchState.OFF)
        show_register(rig, b"\x04")
        await control.set_current_limit(20)

    rig = controlled(action)
    assert [command[0] for command in rig.interface.switch_commands] == [SwitchState.OFF] * 2
    assert rig.interface.limit == 200
