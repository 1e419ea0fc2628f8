"""Puts plant, devices and interface together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simulators.multiplus.device import Device
from simulators.multiplus.interface import TURNAROUND_S, Interface
from simulators.multiplus.plant import Plant

FAST_PACE = 115200
FAST_TURNAROUND_S = 0.003


@dataclass(frozen=True, slots=True)
class Layout:
    """What to build.

    Attributes:
        phases: phase of each device, counted from 0: (0,) one device, (0, 1, 2) three phases, (0, 0) two in parallel.
        has_ess: whether the devices have the ESS assistant.
        addresses, strict, is_mk3, turnaround_s, pace, seed: see `Interface`.
    """

    phases: tuple[int, ...] = (0,)
    has_ess: bool = False
    addresses: tuple[int, ...] | None = None
    strict: bool = True
    is_mk3: bool = True
    turnaround_s: float = TURNAROUND_S
    pace: int | None = None
    seed: int = 1

    def hurried(self) -> Layout:
        """Return the same system without the waiting, for where timing is not the subject."""
        return replace(self, pace=FAST_PACE, turnaround_s=FAST_TURNAROUND_S)


def assemble(layout: Layout | None = None) -> Interface:
    """Return an interface with its devices."""
    layout = layout or Layout()
    plant = Plant(1 + max(layout.phases))
    shares = {phase: 1 / layout.phases.count(phase) for phase in layout.phases}
    devices = [Device(plant, phase=phase, share=shares[phase], has_ess=layout.has_ess) for phase in layout.phases]
    return Interface(
        plant,
        devices,
        addresses=layout.addresses,
        strict=layout.strict,
        is_mk3=layout.is_mk3,
        turnaround_s=layout.turnaround_s,
        pace=layout.pace,
        seed=layout.seed,
    )


def parse_phases(text: str) -> tuple[int, ...]:
    """Return the phase of each device, counted from 0, of a text like 1,2,3."""
    return tuple(int(phase) - 1 for phase in text.split(","))
