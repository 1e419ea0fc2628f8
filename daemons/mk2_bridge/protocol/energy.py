"""Energy by way, integrated from powers: the counters inside the device cannot be read. Pure: time comes in."""

from __future__ import annotations

from dataclasses import dataclass, field

WAYS = (
    "AcIn1ToAcOut",
    "AcIn1ToInverter",
    "AcIn2ToAcOut",
    "AcIn2ToInverter",
    "AcOutToAcIn1",
    "AcOutToAcIn2",
    "InverterToAcIn1",
    "InverterToAcIn2",
    "InverterToAcOut",
    "OutToInverter",
)

MAX_STEP_S = 5.0
"""A longer gap between two readings is not bridged: nobody knows what flowed."""

WS_PER_KWH = 3_600_000.0


def split(mains_w: float, output_w: float, charge_w: float, ac_input: int) -> dict[str, float]:
    """Return the power on each way in W.

    Args:
        mains_w: drawn from the AC input, negative when fed in.
        output_w: into the loads, negative when they deliver.
        charge_w: from the AC side into the battery, negative when inverting.
        ac_input: number of the AC input in use, 1 or 2.
    """
    drawn, fed = max(mains_w, 0.0), max(-mains_w, 0.0)
    used, delivered = max(output_w, 0.0), max(-output_w, 0.0)
    charged, inverted = max(charge_w, 0.0), max(-charge_w, 0.0)
    ways = {
        f"AcIn{ac_input}ToAcOut": min(drawn, used),
        f"AcIn{ac_input}ToInverter": min(drawn, charged),
        f"AcOutToAcIn{ac_input}": min(delivered, fed),
        f"InverterToAcIn{ac_input}": min(inverted, fed),
        "InverterToAcOut": min(inverted, used),
        "OutToInverter": min(delivered, charged),
    }
    return {way: power for way, power in ways.items() if power > 0}


@dataclass(slots=True)
class EnergyCounter:
    """Counters in kWh of one system."""

    kwh: dict[str, float] = field(default_factory=lambda: dict.fromkeys(WAYS, 0.0))
    _last: float | None = None

    def take(self, flows: list[tuple[float, float, float]], ac_input: int, now: float) -> None:
        """Take the powers (mains, output, charge) of all devices at one moment."""
        step, self._last = (0.0 if self._last is None else now - self._last), now
        if not 0 < step <= MAX_STEP_S:
            return
        for mains_w, output_w, charge_w in flows:
            for way, power in split(mains_w, output_w, charge_w, ac_input).items():
                self.kwh[way] += power * step / WS_PER_KWH

    def restore(self, stored: object) -> None:
        """Begin with what an earlier process counted; what makes no sense is left at zero."""
        if isinstance(stored, dict):
            for way in WAYS:
                value = stored.get(way)
                if isinstance(value, int | float) and value >= 0:
                    self.kwh[way] = float(value)
