"""From readings to paths: what a service shows at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mk2.frames.config import AcFlag, SwitchRegister
from mk2.frames.led import Led, Leds
from mk2.frames.status import ChargeState, ExtendedStatus, StatusBit
from mk2.ram_var import RamVar
from mk2_bridge.ac_values import ac_values, total
from mk2_bridge.items import LEDS
from mk2_bridge.protocol.alarms import ALARMS
from mk2_bridge.protocol.states import CHARGING, MAINS_CONNECTED, RUNNING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mk2.identity import Identity
    from mk2.reading import ConfigReading, DcReading, PowerReading
    from mk2_bridge.fixed_values import Static
    from mk2_bridge.readings import Readings

NO_INPUT = 240
COUNTER_PLACES = 3
AVAILABLE = (("AcIn1Available", StatusBit.AC_IN1_AVAILABLE), ("AcIn2Available", StatusBit.AC_IN2_AVAILABLE))
FLOATING = frozenset({ChargeState.FLOAT, ChargeState.STORAGE})


def measured_values(readings: Readings, static: Static, now: float) -> dict[str, Any]:
    """Return everything that is measured; what is not known right now is None."""
    values: dict[str, Any] = {}
    powers: tuple[PowerReading, ...] | None = readings.get("powers", now)
    values |= _dc(readings, powers, static, now)
    values |= ac_values(readings, static.identity, powers, now)
    values |= _state(readings, static)
    values |= _config(readings.get("config", now), readings.state.main, static.input_limits)
    values |= _leds(readings, now)
    values |= _inputs(readings, now)
    values |= _devices(readings, static.identity, powers, now)
    for way, kwh in readings.energy.kwh.items():
        values[f"/Energy/{way}"] = round(kwh, COUNTER_PLACES)
    return values


def _dc(readings: Readings, powers: tuple[PowerReading, ...] | None, static: Static, now: float) -> dict[str, Any]:
    dc: DcReading | None = readings.get("dc", now)
    if static.identity.has_powers:
        soc = powers[0].state_of_charge if powers else None
    else:
        soc = _first(readings.get("load", now)).get(RamVar.STATE_OF_CHARGE)
    watts = total([power.inverter_w for power in powers]) if powers else None
    if not static.identity.has_powers and dc is not None:
        watts = round(dc.voltage_v * dc.current_a)  # the currents are those of all devices
    return {
        "/Dc/0/Voltage": None if dc is None else round(dc.voltage_v, 2),
        "/Dc/0/Current": None if dc is None else round(dc.current_a, 2),
        "/Dc/0/Power": watts,
        "/Soc": None if soc is None or not static.measures_soc else round(soc * 100, 1),
    }


def _state(readings: Readings, static: Static) -> dict[str, Any]:
    state = readings.state
    connected = None if state.main is None else int(state.main in MAINS_CONNECTED)
    values: dict[str, Any] = {
        "/State": state.state,
        "/VebusMainState": state.main,
        "/VebusChargeState": state.charge,
        # The error code cannot be read. A device that runs has none.
        "/VebusError": 0 if state.main in RUNNING else None,
        "/Ac/ActiveIn/Connected": connected,
        "/Hub/ChargeVoltage": _charge_voltage(state.main, state.charge, static.charge_voltages),
        **{f"/Alarms/{name}": readings.alarms.level(name) for name in ALARMS},
    }
    for phase in static.identity.phases:
        # There is one set of LEDs for the whole system, whichever device is selected; it counts for the first phase.
        for name in ALARMS:
            values[f"/Alarms/L{phase}/{name}"] = readings.alarms.level(name) if phase == 1 else None
    return values


def _charge_voltage(main: int | None, charge: int | None, voltages: tuple[float | None, float | None]) -> float | None:
    """Return what the battery is charged to, None while it is not charged."""
    if main != CHARGING or charge is None:
        return None
    return voltages[1] if charge in FLOATING else voltages[0]


def _config(config: ConfigReading | None, main: int | None, set_limits: Mapping[int, float]) -> dict[str, Any]:
    paths = ("/Mode", "/ModeIsAdjustable", "/Ac/NumberOfAcInputs", "/Ac/ActiveIn/ActiveInput")
    if config is None:
        inputs = [f"/Ac/In/{n}/{name}" for n in (1, 2) for name in ("CurrentLimit", "CurrentLimitIsAdjustable")]
        limits = ["/Ac/ActiveIn/CurrentLimit", "/Ac/ActiveIn/CurrentLimitIsAdjustable"]
        return dict.fromkeys((*paths, *inputs, *limits, "/Ac/State/RemoteGeneratorSelected"))
    frame = config.frame
    adjustable = int(not frame.ac_flags & AcFlag.MULTI_CONTROL)
    active = frame.last_input + 1
    values: dict[str, Any] = {
        "/Mode": int(frame.active_state),
        "/ModeIsAdjustable": adjustable,
        "/Ac/NumberOfAcInputs": frame.input_count or 1,
        "/Ac/ActiveIn/ActiveInput": frame.last_input if main in MAINS_CONNECTED else NO_INPUT,
        "/Ac/ActiveIn/CurrentLimit": config.limit_a,
        "/Ac/ActiveIn/CurrentLimitIsAdjustable": adjustable,
        "/Ac/State/RemoteGeneratorSelected": int(bool(frame.switch_register & SwitchRegister.REMOTE_GENERATOR)),
    }
    for number in (1, 2):
        is_active = number == active
        values[f"/Ac/In/{number}/CurrentLimit"] = config.limit_a if is_active else set_limits.get(number)
        values[f"/Ac/In/{number}/CurrentLimitIsAdjustable"] = adjustable if is_active else 0
    return values


def _leds(readings: Readings, now: float) -> dict[str, Any]:
    leds: Leds | None = readings.get("leds", now)
    return {f"/Leds/{name}": None if leds is None else leds.light(Led(bit)) for bit, name in enumerate(LEDS)}


def _first(variables: tuple[dict[int, float] | None, ...] | None) -> dict[int, float]:
    """Return the variables of the first device, none while they are unknown."""
    return (variables[0] if variables else None) or {}


def _inputs(readings: Readings, now: float) -> dict[str, Any]:
    """Return what the first device says of its AC inputs."""
    extended: tuple[ExtendedStatus | None, ...] | None = readings.get("extended", now)
    first = extended[0] if extended else None
    ignored = _first(readings.get("load", now)).get(RamVar.IGNORE_AC_INPUT)
    values: dict[str, Any] = {f"/Ac/State/{name}": None if first is None else first.bit(bit) for name, bit in AVAILABLE}
    values["/Ac/State/IgnoreAcIn1"] = None if ignored is None else int(ignored)
    return values


def _devices(
    readings: Readings,
    identity: Identity,
    powers: tuple[PowerReading, ...] | None,
    now: float,
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    battery: tuple[dict[int, float] | None, ...] | None = readings.get("battery", now)
    extended: tuple[ExtendedStatus | None, ...] | None = readings.get("extended", now)
    config: ConfigReading | None = readings.get("config", now)
    for device in range(len(identity.devices)):
        base = f"/Devices/{device}"
        power = powers[device] if powers else None
        values[f"{base}/Ac/In/P"] = power and power.mains_w
        values[f"{base}/Ac/Out/P"] = power and power.output_w
        values[f"{base}/Ac/Inverter/P"] = power and power.inverter_w
        voltages = (battery[device] if battery else None) or {}
        for name, var in (("UBatRipple", RamVar.BATTERY_RIPPLE), ("UBatTerminal", RamVar.BATTERY_VOLTAGE)):
            values[f"{base}/Diagnostics/{name}"] = None if (volts := voltages.get(var)) is None else round(volts, 2)
        status = extended[device] if extended else None
        values[f"{base}/ExtendStatus/RawFlags0"] = None if status is None else status.flags
        for name, bit in AVAILABLE:
            values[f"{base}/ExtendStatus/{name}"] = None if status is None else status.bit(bit)
    values["/Devices/0/Info/MaximumRelayCurrentAC1"] = None if config is None else config.limit_max_a
    return values
