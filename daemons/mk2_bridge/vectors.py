"""Readings as plain numbers: how far each may move between two readings, and between what bounds it is possible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mk2.frames.led import Leds
from mk2.frames.status import ExtendedStatus
from mk2.ram_var import RamVar
from mk2.reading import AcReading, ConfigReading, DcReading, PowerReading
from mk2_bridge.protocol.plausible import AC_A, AC_V, ANY, BATTERY_A, BATTERY_V, FREQUENCY_HZ, POWER_W, RIPPLE_V, SOC
from mk2_bridge.protocol.plausible import within as is_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from mk2_bridge.protocol.jumps import Vector


class Kind(NamedTuple):
    """One kind of reading: its numbers, and for each the tolerance and the bounds."""

    numbers: Callable[[Any], Vector]
    tolerances: tuple[float, ...]
    bounds: tuple[tuple[float, float], ...]


VARIABLES = (
    RamVar.BATTERY_RIPPLE,
    RamVar.BATTERY_VOLTAGE,
    RamVar.LOAD_CURRENT,
    RamVar.IGNORE_AC_INPUT,
    RamVar.STATE_OF_CHARGE,
)

KINDS: dict[type, Kind] = {
    DcReading: Kind(
        lambda dc: (dc.voltage_v, dc.current_a, dc.frequency_hz),
        (0.5, 20.0, 0.5),
        (BATTERY_V, BATTERY_A, FREQUENCY_HZ),
    ),
    AcReading: Kind(
        lambda ac: (
            ac.mains_voltage_v,
            ac.inverter_voltage_v,
            ac.mains_current_a,
            ac.inverter_current_a,
            ac.frequency_hz,
        ),
        (5.0, 5.0, 5.0, 5.0, 0.5),
        (AC_V, AC_V, AC_A, AC_A, FREQUENCY_HZ),
    ),
    PowerReading: Kind(
        lambda power: (power.inverter_w, power.mains_w, power.output_w, power.state_of_charge),
        (200.0, 200.0, 200.0, 0.02),
        (POWER_W, POWER_W, POWER_W, SOC),
    ),
    # The other kinds are flags, or change by hand only: two readings have to be equal.
    ConfigReading: Kind(
        lambda config: (
            config.frame.led_on,
            config.frame.led_blink,
            config.frame.ac_flags,
            config.frame.limit_min,
            config.frame.limit_max,
            config.frame.limit,
            config.frame.switch_register,
        ),
        (0.0,) * 7,
        (ANY,) * 7,
    ),
    Leds: Kind(lambda leds: (leds.on, leds.blink), (0.0, 0.0), (ANY, ANY)),
    # The selector is what was asked for.
    ExtendedStatus: Kind(
        lambda status: (status.selector, status.valid_bits, status.flags), (0.0,) * 3, ((0xFF, 0xFF), (0, 32), ANY)
    ),
    dict: Kind(
        lambda values: tuple(values.get(var) for var in VARIABLES),
        (0.5, 0.5, 5.0, 0.0, 0.02),
        (RIPPLE_V, BATTERY_V, AC_A, (0, 1), SOC),
    ),
}


def vector_of(reading: object) -> tuple[tuple[float, ...], Vector | None]:
    """Return the tolerances of a reading and its numbers, one device after the other; None for what has none."""
    parts = reading if isinstance(reading, tuple) else (reading,)
    kind = _kind_of(parts)
    if kind is None:
        return (0.0,), None
    unknown = (None,) * len(kind.tolerances)
    return kind.tolerances, sum(((unknown if part is None else kind.numbers(part)) for part in parts), ())


def is_possible(reading: object) -> bool:
    """Tell whether a real system can have such values."""
    parts = reading if isinstance(reading, tuple) else (reading,)
    kind = _kind_of(parts)
    return kind is None or all(
        is_within(number, bounds)
        for part in parts
        if part is not None
        for number, bounds in zip(kind.numbers(part), kind.bounds, strict=True)
    )


def _kind_of(parts: tuple[object, ...]) -> Kind | None:
    return next((KINDS.get(type(part)) for part in parts if part is not None), None)
