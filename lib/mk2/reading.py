"""What was measured, in units people use. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mk2.frames.info import PERIOD_UNKNOWN, AcInfo, DcInfo
from mk2.ram_var import RamVar, RamVarInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mk2.frames.config import ConfigInfo

INFO_SCALES = (
    RamVar.MAINS_VOLTAGE,
    RamVar.MAINS_CURRENT,
    RamVar.INVERTER_VOLTAGE,
    RamVar.INVERTER_CURRENT,
    RamVar.BATTERY_VOLTAGE,
    RamVar.BATTERY_CURRENT,
    RamVar.INVERTER_PERIOD,
    RamVar.MAINS_PERIOD,
)
"""Variables whose scales info frames are measured in."""


@dataclass(frozen=True, slots=True)
class DcReading:
    """Battery side; `current_a` positive while charging, `frequency_hz` that of the inverter."""

    voltage_v: float
    current_a: float
    frequency_hz: float | None


@dataclass(frozen=True, slots=True)
class AcReading:
    """One phase. The state is as raw as on the wire: any number."""

    phase: int
    phase_count: int | None
    state: int
    mains_voltage_v: float
    mains_current_a: float
    inverter_voltage_v: float
    inverter_current_a: float
    frequency_hz: float | None


@dataclass(frozen=True, slots=True)
class PowerReading:
    """Filtered powers of one device, None for what it does not measure.

    Signs: `inverter_w` + charges the battery, `mains_w` + is drawn from the AC input, `output_w` + goes to the loads.
    """

    device: int
    inverter_w: float | None
    mains_w: float | None
    output_w: float | None
    state_of_charge: float | None = None


@dataclass(frozen=True, slots=True)
class ConfigReading:
    """Shore limits in A, with the frame they come from."""

    limit_min_a: float
    limit_max_a: float
    limit_a: float
    frame: ConfigInfo

    @classmethod
    def of(cls, frame: ConfigInfo) -> ConfigReading:
        """Return the reading in a frame."""
        return cls(frame.limit_min / 10, frame.limit_max / 10, frame.limit / 10, frame)


def _frequency(info: RamVarInfo, period: int) -> float | None:
    tenths = info.decode(period)
    return None if period in PERIOD_UNKNOWN or tenths <= 0 else 10 / tenths


def scale_dc(frame: DcInfo, scales: Mapping[int, RamVarInfo]) -> DcReading:
    """Return a DC frame in units."""
    return DcReading(
        voltage_v=scales[RamVar.BATTERY_VOLTAGE].decode(frame.voltage),
        current_a=scales[RamVar.BATTERY_CURRENT].factor * frame.net_current,
        frequency_hz=_frequency(scales[RamVar.INVERTER_PERIOD], frame.period),
    )


def scale_ac(frame: AcInfo, scales: Mapping[int, RamVarInfo]) -> AcReading:
    """Return an AC frame in units."""
    return AcReading(
        phase=frame.phase,
        phase_count=frame.phase_count,
        state=frame.state,
        mains_voltage_v=scales[RamVar.MAINS_VOLTAGE].decode(frame.mains_voltage),
        mains_current_a=scales[RamVar.MAINS_CURRENT].factor * frame.mains_current * frame.mains_factor,
        inverter_voltage_v=scales[RamVar.INVERTER_VOLTAGE].decode(frame.inverter_voltage),
        inverter_current_a=scales[RamVar.INVERTER_CURRENT].factor * frame.inverter_current * frame.inverter_factor,
        frequency_hz=_frequency(scales[RamVar.MAINS_PERIOD], frame.period),
    )
