"""From readings to paths: what a service shows at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mk2.frames.config import AcFlag, SwitchRegister
from mk2.frames.led import Led, Leds
from mk2_bridge.items import LEDS, Shape
from mk2_bridge.protocol.alarms import ALARMS
from mk2_bridge.protocol.states import MAINS_CONNECTED, RUNNING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mk2.identity import Identity
    from mk2.reading import AcReading, ConfigReading, DcReading, PowerReading
    from mk2_bridge.readings import Readings

NO_INPUT = 240
REAL_POWER_OF_ALL_PHASES = 4
COUNTER_PLACES = 3


@dataclass(frozen=True, slots=True)
class Static:
    """What stays the same while a system runs.

    Attributes:
        identity: the system.
        measures_soc: the device's own battery monitor is on; else its state of charge means nothing.
        baudrate: of the line.
        input_limits: limits of the AC inputs as set for good, by number.
    """

    identity: Identity
    measures_soc: bool
    baudrate: int
    input_limits: Mapping[int, float] = field(default_factory=dict)


def phase_of(device: int, identity: Identity) -> int:
    """Return the phase of a device by its position: one each, or all on the first (parallel)."""
    phases = identity.phases
    return phases[device % len(phases)]


def shape_of(identity: Identity, *, has_ess: bool) -> Shape:
    """Return which paths a system has; without `has_ess` its ESS assistants are left alone."""
    ess = {phase_of(index, identity) for index, base in enumerate(identity.setpoints) if base is not None}
    return Shape(identity.phases, len(identity.devices), tuple(sorted(ess)) if has_ess else ())


def setpoint_phases(identity: Identity) -> list[int | None]:
    """Return the phase of each device that has an ESS assistant, None for one without."""
    return [None if base is None else phase_of(index, identity) for index, base in enumerate(identity.setpoints)]


def measured_values(readings: Readings, static: Static, now: float) -> dict[str, Any]:
    """Return everything that is measured; what is not known right now is None."""
    values: dict[str, Any] = {}
    powers: tuple[PowerReading, ...] | None = readings.get("powers", now)
    values |= _dc(readings.get("dc", now), powers, measures_soc=static.measures_soc)
    values |= _ac(readings, static.identity, powers, now)
    values |= _state(readings, static.identity)
    values |= _config(readings.get("config", now), readings.state.main, static.input_limits)
    values |= _leds(readings, now)
    values |= _devices(readings, static.identity, powers, now)
    for way, kwh in readings.energy.kwh.items():
        values[f"/Energy/{way}"] = round(kwh, COUNTER_PLACES)
    return values


def identity_values(static: Static) -> dict[str, Any]:
    """Return what is known once the system is identified."""
    identity = static.identity
    values: dict[str, Any] = {
        "/ProductId": identity.device.product_id,
        "/FirmwareVersion": identity.device.firmware,
        "/FirmwareSubVersion": 0,
        "/Interfaces/Mk2/ProductId": identity.interface.product_id,
        "/Interfaces/Mk2/ProductName": "MK3" if identity.interface.is_mk3 else "MK2",
        "/Interfaces/Mk2/Version": identity.interface.version,
        "/Interfaces/Mk2/Status/Baudrate": static.baudrate,
        "/Devices/NumberOfMultis": len(identity.devices),
        "/Ac/NumberOfPhases": len(identity.phases),
        "/Ac/PowerMeasurementType": REAL_POWER_OF_ALL_PHASES if identity.has_powers else 0,
        "/Quirks": 0,
        "/FirmwareFeatures/BolFrame": 0,
        "/FirmwareFeatures/BolUBatAndTBatSense": 0,
        "/FirmwareFeatures/CommandWriteViaId": 1,
        "/FirmwareFeatures/IBatSOCBroadcast": 0,
        "/FirmwareFeatures/NewPanelFrame": 0,
        "/FirmwareFeatures/SetChargeState": 1,
    }
    for device in range(len(identity.devices)):
        values[f"/Devices/{device}/Version"] = identity.device.number
        values[f"/Devices/{device}/ProductId"] = identity.device.product_id
        values[f"/Devices/{device}/FirmwareVersion"] = identity.device.firmware
        values[f"/Devices/{device}/FirmwareSubVersion"] = 0
    if identity.assistants is not None:
        values["/Devices/0/Assistants"] = list(identity.assistants.kinds) or None
    return values


def _sum(parts: list[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None


def _dc(dc: DcReading | None, powers: tuple[PowerReading, ...] | None, *, measures_soc: bool) -> dict[str, Any]:
    soc = powers[0].state_of_charge if powers and measures_soc else None
    return {
        "/Dc/0/Voltage": None if dc is None else round(dc.voltage_v, 2),
        "/Dc/0/Current": None if dc is None else round(dc.current_a, 2),
        "/Dc/0/Power": _sum([power.inverter_w for power in powers]) if powers else None,
        "/Soc": None if soc is None else round(soc * 100, 1),
    }


def _ac(
    readings: Readings,
    identity: Identity,
    powers: tuple[PowerReading, ...] | None,
    now: float,
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for phase in identity.phases:
        devices = [device for device in range(len(identity.devices)) if phase_of(device, identity) == phase]
        values |= _phase(readings, phase, devices, powers, now)
    for side in ("/Ac/ActiveIn", "/Ac/Out"):
        for name in ("P", "S"):
            values[f"{side}/{name}"] = _sum([values[f"{side}/L{phase}/{name}"] for phase in identity.phases])
    return values


def _phase(
    readings: Readings,
    phase: int,
    devices: list[int],
    powers: tuple[PowerReading, ...] | None,
    now: float,
) -> dict[str, Any]:
    """Return both sides of a phase. The info frame tells the inverter's current, not that of the loads."""
    ac: AcReading | None = readings.get(f"ac{phase}", now)
    dc: DcReading | None = readings.get("dc", now)
    loads: tuple[tuple[float, ...] | None, ...] | None = readings.get("load", now)
    mine = [powers[device] for device in devices] if powers else []
    load = _sum([part[0] if (part := loads[device]) else None for device in devices]) if loads else None
    mains_w, output_w = _sum([power.mains_w for power in mine]), _sum([power.output_w for power in mine])
    frequency = None if dc is None else dc.frequency_hz
    base_in, base_out = f"/Ac/ActiveIn/L{phase}", f"/Ac/Out/L{phase}"
    if ac is None:
        return {
            **_side(base_in, (None, None, None, mains_w)),
            **_side(base_out, (None, load, frequency, output_w)),
        }
    return {
        **_side(base_in, (ac.mains_voltage_v, ac.mains_current_a, ac.frequency_hz, mains_w)),
        **_side(base_out, (ac.inverter_voltage_v, load, frequency, output_w)),
    }


def _side(base: str, figures: tuple[float | None, float | None, float | None, float | None]) -> dict[str, Any]:
    volts, amps, _, _ = figures
    values: dict[str, Any] = {
        f"{base}/{name}": None if figure is None else round(figure, 2)
        for name, figure in zip("VIFP", figures, strict=True)
    }
    values[f"{base}/S"] = None if volts is None or amps is None else round(abs(volts * amps))
    return values


def _state(readings: Readings, identity: Identity) -> dict[str, Any]:
    state = readings.state
    connected = None if state.main is None else int(state.main in MAINS_CONNECTED)
    values: dict[str, Any] = {
        "/State": state.state,
        "/VebusMainState": state.main,
        "/VebusChargeState": state.charge,
        # The error code cannot be read. A device that runs has none.
        "/VebusError": 0 if state.main in RUNNING else None,
        "/Ac/ActiveIn/Connected": connected,
        **{f"/Alarms/{name}": readings.alarms.level(name) for name in ALARMS},
    }
    for phase in identity.phases:
        # The LEDs are those of the first device; of the others nothing is known.
        for name in ALARMS:
            values[f"/Alarms/L{phase}/{name}"] = readings.alarms.level(name) if phase == 1 else None
    return values


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


def _devices(
    readings: Readings,
    identity: Identity,
    powers: tuple[PowerReading, ...] | None,
    now: float,
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    battery: tuple[tuple[float, float] | None, ...] | None = readings.get("battery", now)
    for device in range(len(identity.devices)):
        base = f"/Devices/{device}"
        power = powers[device] if powers else None
        terminal = battery[device] if battery else None
        values[f"{base}/Ac/In/P"] = power and power.mains_w
        values[f"{base}/Ac/Out/P"] = power and power.output_w
        values[f"{base}/Ac/Inverter/P"] = power and power.inverter_w
        values[f"{base}/Diagnostics/UBatRipple"] = None if terminal is None else round(terminal[0], 2)
        values[f"{base}/Diagnostics/UBatTerminal"] = None if terminal is None else round(terminal[1], 2)
    extended = readings.get("extended", now)
    values["/Devices/0/ExtendStatus/RawFlags0"] = None if extended is None else extended.flags
    return values
