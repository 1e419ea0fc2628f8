from __future__ import annotations

from dataclasses import replace

from mk2.assistants import Assistants
from mk2.device_version import DeviceVersion
from mk2.frames.config import ConfigInfo
from mk2.frames.interface import Version
from mk2.frames.led import Leds
from mk2.frames.status import ExtendedStatus, StateReply
from mk2.identity import Identity
from mk2.ram_var import RamVar
from mk2.reading import AcReading, ConfigReading, DcReading, PowerReading
from mk2_bridge.fixed_values import Static, identity_values
from mk2_bridge.items import make_items
from mk2_bridge.readings import USUAL_MAX_AGE_S, Readings
from mk2_bridge.shape import Shape
from mk2_bridge.values import measured_values

IDENTITY = Identity(
    Version(1170216, 0x42), DeviceVersion(2644552), (1,), (None,), True, True, (Assistants((5,), 128),), (129,)
)
STATIC = Static(IDENTITY, measures_soc=True, baudrate=2400)
DC = DcReading(26.38, -12.5, 50.02)
AC = AcReading(1, 1, 9, 230.1, 2.0, 230.0, -1.2, 50.1)
POWERS = (PowerReading(0, 420.0, 770.0, 350.0, 0.8),)
LOAD = ({RamVar.LOAD_CURRENT: 1.5, RamVar.IGNORE_AC_INPUT: 0.0},)
EXTENDED = (ExtendedStatus(0xFF, 29, 0x40030),)
CONFIG = ConfigReading.of(ConfigInfo(0x10, 1, 0, 0, 0x90, 94, 500, 160, 0x33))


def filled() -> Readings:
    readings = Readings()
    given = (("dc", DC), ("ac1", AC), ("powers", POWERS), ("config", CONFIG), ("load", LOAD), ("extended", EXTENDED))
    for _ in range(2):
        for name, reading in given:
            readings.take(name, reading, 10.0)
        readings.take("state", StateReply(9, 1), 10.0)
    return readings


def test_readings_become_paths() -> None:
    values = measured_values(filled(), STATIC, 10.0)
    assert (values["/Dc/0/Voltage"], values["/Dc/0/Current"], values["/Dc/0/Power"]) == (26.38, -12.5, 420.0)
    assert (values["/Ac/ActiveIn/L1/P"], values["/Ac/Out/L1/P"], values["/Ac/Out/L1/I"]) == (770.0, 350.0, 1.5)
    assert (values["/State"], values["/VebusError"], values["/Soc"], values["/Mode"]) == (3, 0, 80.0, 3)
    assert (values["/Ac/In/1/CurrentLimit"], values["/Ac/In/2/CurrentLimit"]) == (16.0, None)
    assert (values["/Leds/Mains"], values["/Leds/Bulk"], values["/Ac/ActiveIn/ActiveInput"]) == (1, 0, 0)


def test_every_value_has_its_item() -> None:
    known = {item.path for item in make_items(Shape((1,), 1))}
    writeable = {"/Mode", "/Soc", "/Ac/ActiveIn/CurrentLimit", "/Ac/In/1/CurrentLimit", "/Ac/In/2/CurrentLimit"}
    mandatory = {"/ProductId", "/FirmwareVersion"}
    shown = measured_values(filled(), STATIC, 10.0) | identity_values(STATIC)
    assert set(shown) - known == writeable | mandatory


def test_what_is_too_old_is_unknown_and_never_zero() -> None:
    values = measured_values(filled(), STATIC, 10.0 + USUAL_MAX_AGE_S + 0.1)
    for path in ("/Dc/0/Voltage", "/Ac/Out/P", "/Ac/ActiveIn/L1/V", "/Mode", "/Soc", "/Leds/Mains"):
        assert values[path] is None


def test_impossible_readings_are_dropped() -> None:
    readings = filled()
    readings.take("dc", DcReading(655.0, 0.0, 50.0), 11.0)
    readings.take("ac1", AcReading(1, 1, 9, 640.0, 0.0, 230.0, 0.0, 50.0), 11.0)
    readings.take("powers", (PowerReading(0, 0.0, 0.0, 0.0, 7.0),), 11.0)
    assert readings.rejected == 6 + 3  # the first of each kind needs a second
    assert measured_values(readings, STATIC, 11.0)["/Dc/0/Voltage"] == 26.38


def test_state_of_charge_is_unknown_while_the_devices_battery_monitor_is_off() -> None:
    assert measured_values(filled(), Static(IDENTITY, measures_soc=False, baudrate=2400), 10.0)["/Soc"] is None


def test_forgetting_leaves_only_the_energy() -> None:
    readings = filled()
    readings.take("powers", POWERS, 12.0)
    readings.forget()
    values = measured_values(readings, STATIC, 12.0)
    known = {path for path, value in values.items() if value is not None}
    assert all(path.startswith("/Energy/") for path in known)


def test_unknown_leds_are_no_alarm() -> None:
    readings = Readings()
    readings.take("leds", Leds(0x1F, 0x1F), 0.0)
    assert readings.alarms.level("Overload") is None


def test_identity_is_shown_as_other_victron_programs_show_it() -> None:
    values = identity_values(STATIC)
    assert (values["/ProductId"], values["/FirmwareVersion"], values["/Interfaces/Mk2/ProductId"]) == (9796, 1362, 4464)
    assert values["/Devices/0/Assistants"] == bytes([5, 0]) + bytes(54)


def test_lie_that_stands_alone_is_not_shown_and_a_jump_is_shown_with_its_second_reading() -> None:
    readings = filled()
    lie, jump = replace(AC, mains_voltage_v=210.8), replace(AC, mains_voltage_v=0.0)
    for reading, shown in ((lie, 230.1), (AC, 230.1), (jump, 230.1), (jump, 0.0), (AC, 0.0), (AC, 230.1)):
        readings.take("ac1", reading, 11.0)
        assert measured_values(readings, STATIC, 11.0)["/Ac/ActiveIn/L1/V"] == shown


def test_mode_changes_with_its_second_reading() -> None:
    readings = filled()
    off = ConfigReading.of(ConfigInfo(0x10, 1, 0, 0, 0x90, 94, 500, 160, 0x04))
    for shown in (3, 4):
        readings.take("config", off, 11.0)
        assert measured_values(readings, STATIC, 11.0)["/Mode"] == shown
