"""What decides which paths a system has, and which device stands on which phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mk2.identity import Identity


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides which paths there are."""

    phases: tuple[int, ...]
    devices: int
    ess_phases: tuple[int, ...] = ()


def phase_of(device: int, identity: Identity) -> int | None:
    """Return the phase of a device by its position, None when nobody can tell.

    All are on the first phase (one device, or parallel ones), or each on its own in the order of their numbers, as a
    split-phase pair was seen. When several phases have several devices, their order is not known.
    """
    phases = identity.phases
    if len(phases) == 1:
        return phases[0]
    return phases[device] if device < len(phases) and len(identity.devices) <= len(phases) else None


def shape_of(identity: Identity, *, has_ess: bool) -> Shape:
    """Return which paths a system has; without `has_ess` its ESS assistants are left alone."""
    ess = {phase for phase in setpoint_phases(identity) if phase is not None}
    return Shape(identity.phases, len(identity.devices), tuple(sorted(ess)) if has_ess else ())


def setpoint_phases(identity: Identity) -> list[int | None]:
    """Return the phase of each device that has an ESS assistant; None for one without, or on an unknown phase."""
    return [None if base is None else phase_of(index, identity) for index, base in enumerate(identity.setpoints)]
