"""Both AC sides of a system, phase by phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mk2.ram_var import RamVar
from mk2_bridge.shape import phase_of

if TYPE_CHECKING:
    from mk2.identity import Identity
    from mk2.reading import AcReading, DcReading, PowerReading
    from mk2_bridge.readings import Readings


class NotMeasured:
    """Stands for powers that no device measures, in contrast to those that are not known just now."""


NOT_MEASURED = NotMeasured()


def total(parts: list[float | None]) -> float | None:
    """Return the sum, None when a part of it is unknown or there is none."""
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None


def ac_values(
    readings: Readings,
    identity: Identity,
    powers: tuple[PowerReading, ...] | None,
    now: float,
) -> dict[str, Any]:
    """Return the paths of both sides.

    Where the powers of a phase cannot be read, the product of voltage and current stands in, with the current's sign:
    /Ac/PowerMeasurementType says so.
    """
    values: dict[str, Any] = {}
    phase_by_device = [phase_of(device, identity) for device in range(len(identity.devices))]
    for phase in identity.phases:
        devices = [device for device, own in enumerate(phase_by_device) if own == phase]
        values |= _phase(readings, phase, devices, powers if identity.has_powers and devices else NOT_MEASURED, now)
    # A device with two phases measures the powers of the first only; devices on unknown phases measure all there is.
    is_measured = identity.has_powers and (None in phase_by_device or set(phase_by_device) == set(identity.phases))
    for side, attribute in (("/Ac/ActiveIn", "mains_w"), ("/Ac/Out", "output_w")):
        for name in ("P", "S"):
            values[f"{side}/{name}"] = total([values[f"{side}/L{phase}/{name}"] for phase in identity.phases])
        if is_measured:
            values[f"{side}/P"] = total([getattr(power, attribute) for power in powers]) if powers else None
    return values


def _phase(
    readings: Readings,
    phase: int,
    devices: list[int],
    powers: tuple[PowerReading, ...] | NotMeasured | None,
    now: float,
) -> dict[str, Any]:
    """Return both sides of a phase. The info frame tells the inverter's current, not that of the loads."""
    ac: AcReading | None = readings.get(f"ac{phase}", now)
    dc: DcReading | None = readings.get("dc", now)
    loads: tuple[dict[int, float] | None, ...] | None = readings.get("load", now)
    load = total([(loads[device] or {}).get(RamVar.LOAD_CURRENT) for device in devices]) if loads else None
    frequency = None if dc is None else dc.frequency_hz
    mains = (None, None, None) if ac is None else (ac.mains_voltage_v, ac.mains_current_a, ac.frequency_hz)
    output = (None if ac is None else ac.inverter_voltage_v, load, frequency)
    if isinstance(powers, NotMeasured):
        mains_w, output_w = _product(mains[0], mains[1]), _product(output[0], output[1])
    else:
        mine = [powers[device] for device in devices] if powers else []
        mains_w, output_w = total([power.mains_w for power in mine]), total([power.output_w for power in mine])
    return {
        **_side(f"/Ac/ActiveIn/L{phase}", (*mains, mains_w)),
        **_side(f"/Ac/Out/L{phase}", (*output, output_w)),
    }


def _product(volts: float | None, amps: float | None) -> float | None:
    return None if volts is None or amps is None else round(volts * amps)


def _side(base: str, figures: tuple[float | None, float | None, float | None, float | None]) -> dict[str, Any]:
    values: dict[str, Any] = {
        f"{base}/{name}": None if figure is None else round(figure, 2)
        for name, figure in zip("VIFP", figures, strict=True)
    }
    apparent = _product(figures[0], figures[1])
    values[f"{base}/S"] = None if apparent is None else abs(apparent)
    return values
