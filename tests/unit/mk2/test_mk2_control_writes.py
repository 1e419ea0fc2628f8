"""Each hazard of writing variables and settings, as a test."""

from __future__ import annotations

import pytest

from mk2.budget import EepromBudget
from mk2.control import Control, Permissions
from mk2.errors import AccessDenied, Refused, Unsafe
from mk2.ram_var import RamVar
from mk2.setting import GRID_SETTINGS, Flag2, Setting
from simulators.multiplus.assembly import Layout
from tests.unit.mk2.rig import ALL, Rig, controlled


def test_state_of_charge_goes_to_ram_and_wears_nothing() -> None:
    async def action(_: Rig, control: Control) -> None:
        await control.write_ram(RamVar.STATE_OF_CHARGE, 110)

    device = controlled(action).interface.devices[0]
    assert device.writes == [("ram", 13, 110)]
    assert device.eeprom_writes == 0


def test_other_variables_need_permission() -> None:
    async def action(_: Rig, control: Control) -> None:
        with pytest.raises(Unsafe, match="variable 12 is not allowed"):
            await control.write_ram(RamVar.RELAY, 1)

    assert controlled(action).interface.devices[0].writes == []


def test_settings_need_permission() -> None:
    async def action(_: Rig, control: Control) -> None:
        with pytest.raises(Unsafe, match="allow_setting_writes"):
            await control.write_setting(Setting.FLOAT_VOLTAGE, 27.0)

    assert controlled(action).interface.devices[0].writes == []


def test_setting_goes_to_ram_unless_asked_otherwise() -> None:
    async def action(_: Rig, control: Control) -> None:
        await control.write_setting(Setting.FLOAT_VOLTAGE, 27.0)

    device = controlled(action, Permissions(settings=True)).interface.devices[0]
    assert device.writes == [("setting", 3, 2700)]
    assert (device.settings[3].value, device.settings[3].stored, device.eeprom_writes) == (2700, 2760, 0)


def test_eeprom_needs_a_second_permission() -> None:
    async def action(_: Rig, control: Control) -> None:
        with pytest.raises(Unsafe, match="allow_eeprom_writes"):
            await control.write_setting(Setting.FLOAT_VOLTAGE, 27.0, persist=True)

    assert controlled(action, Permissions(settings=True)).interface.devices[0].writes == []


def test_eeprom_write_is_counted_saved_and_read_back() -> None:
    saved: list[int] = []

    async def save(budget: EepromBudget) -> None:
        saved.append(len(budget.times))

    async def action(_: Rig, control: Control) -> None:
        await control.write_setting(Setting.FLOAT_VOLTAGE, 27.0, persist=True)

    rig = controlled(action, ALL, save_budget=save)
    assert rig.interface.devices[0].eeprom_writes == 1
    assert saved == [1]


def test_equal_value_is_not_written() -> None:
    async def action(_: Rig, control: Control) -> None:
        for _again in range(50):
            await control.write_setting(Setting.FLOAT_VOLTAGE, 27.60, persist=True)

    rig = controlled(action, ALL)
    assert rig.interface.devices[0].writes == []


def test_eeprom_budget_stops_a_loop_that_runs_wild() -> None:
    async def action(_: Rig, control: Control) -> None:
        for value in (27.0, 27.1, 27.2, 27.3, 27.4, 27.5):
            await control.write_setting(Setting.FLOAT_VOLTAGE, value, persist=True)
        with pytest.raises(Unsafe, match="allowed are 6 and 20"):
            await control.write_setting(Setting.FLOAT_VOLTAGE, 27.7, persist=True)

    assert controlled(action, ALL).interface.devices[0].eeprom_writes == 6


def test_budget_is_by_hour_and_by_day_and_survives_a_clock_set_back() -> None:
    budget = EepromBudget(per_hour=2, per_day=3)
    budget.spend(0)
    budget.spend(10)
    with pytest.raises(Unsafe):
        budget.spend(20)
    budget.spend(4000)
    with pytest.raises(Unsafe):
        budget.spend(9000)
    budget.spend(90000)
    later = EepromBudget(per_hour=2, per_day=3, times=[5e9, 5e9])
    with pytest.raises(Unsafe):
        later.spend(1000)


def test_grid_settings_are_never_written() -> None:
    async def action(_: Rig, control: Control) -> None:
        for setting in sorted(GRID_SETTINGS):
            with pytest.raises(Unsafe, match="grid code"):
                await control.write_setting(setting, 1)

    assert controlled(action, ALL).interface.devices[0].writes == []


def test_value_outside_the_devices_limits_is_refused() -> None:
    async def action(_: Rig, control: Control) -> None:
        with pytest.raises(Unsafe, match=r"outside 24\.\.33"):
            await control.write_setting(Setting.ABSORPTION_VOLTAGE, 56.8)

    assert controlled(action, ALL).interface.devices[0].writes == []


def test_flags_change_only_the_named_bits_that_the_device_allows() -> None:
    async def action(_: Rig, control: Control) -> None:
        await control.write_flags(Setting.FLAGS2, on=Flag2.PREFER_RENEWABLE)
        with pytest.raises(Unsafe, match="0x0400 of FLAGS2"):
            await control.write_flags(Setting.FLAGS2, on=1 << 10)
        with pytest.raises(Unsafe, match="no flags"):
            await control.write_flags(Setting.FLOAT_VOLTAGE, on=1)

    device = controlled(action, ALL).interface.devices[0]
    assert device.writes == [("setting", 60, 0x0210)]


def test_write_that_does_not_stick_is_an_error() -> None:
    async def action(rig: Rig, control: Control) -> None:
        cell = rig.interface.devices[0].settings[3]
        cell.access = 1
        with pytest.raises(AccessDenied):
            await control.write_setting(Setting.FLOAT_VOLTAGE, 27.0)
        rig.interface.devices[0].acknowledges_assistants = False
        with pytest.raises(Refused):
            await control.write_ram(140, 5)

    controlled(action, ALL, Layout(has_ess=True))


@pytest.mark.parametrize("acknowledged", [True, False])
def test_assistant_words_are_read_back_when_the_device_does_not_acknowledge(*, acknowledged: bool) -> None:
    async def action(rig: Rig, control: Control) -> None:
        rig.interface.devices[0].acknowledges_assistants = acknowledged
        await control.write_ram(131, -500)

    rig = controlled(action, layout=Layout(has_ess=True))
    assert rig.interface.plant.setpoints_w == [500.0]
    assert rig.connection.statistics.timeouts == 0
