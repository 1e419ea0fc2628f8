"""Counts phases and devices of a system, and tells whether all devices were found.

Field notes: the devices of a system do not always follow one another: a parallel pair was seen at 0 and 3, a pair in
split-phase at 0 and 1. The frame of each phase multiplies its currents by the number of devices on that phase, which
says how many there are to be found. A MultiPlus-II 2x120V says that it has one phase, and answers for a second, too.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mk2.confirming import ask_twice
from mk2.errors import NoReply, Unsupported
from mk2.ram_var import RamVar
from mk2.session import ask_again

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mk2.frames.info import AcInfo
    from mk2.session import VEBusSession

USUAL_INDEXES = range(3)
"""Looked for at every start: it takes no longer than the question for a second phase, which goes on beside it."""

LAST_INDEX = 31
"""The highest address that the bus knows."""

MAX_PHASES = 4


@dataclass(frozen=True, slots=True)
class Census:
    """Who is there.

    Attributes:
        phases: numbers of the phases that answer, from 1.
        devices: index of each device for requests, `(None,)` when there is only the selected one.
        is_complete: all devices that the phases tell of can be asked.
    """

    phases: tuple[int, ...]
    devices: tuple[int | None, ...]
    is_complete: bool


async def take_census(session: VEBusSession, *, probe_devices: bool) -> Census:
    """Count phases and devices.

    Args:
        session: with the first device selected.
        probe_devices: look for more devices than the selected one.

    Raises:
        NoReply: not even the first phase answers.
    """
    frames, found = await asyncio.gather(_read_phases(session), _find(session, USUAL_INDEXES if probe_devices else ()))
    wanted = sum(frame.inverter_factor for frame in frames.values())
    if probe_devices and wanted > len(found):
        found |= await _find(session, [index for index in USUAL_INDEXES if index not in found])
        for index in range(len(USUAL_INDEXES), LAST_INDEX + 1, len(USUAL_INDEXES)):
            if wanted <= len(found):
                break
            found |= await _find(session, range(index, min(index + len(USUAL_INDEXES), LAST_INDEX + 1)))
    devices: tuple[int | None, ...] = tuple(sorted(found)) if len(found) > 1 else (None,)
    return Census(tuple(frames), devices, is_complete=len(devices) >= wanted)


async def _read_phases(session: VEBusSession) -> dict[int, AcInfo]:
    """Return the frame of each phase."""
    frames = {1: await _read_first_phase(session)}
    count = frames[1].phase_count or 1
    for phase in range(2, max(2, min(count, MAX_PHASES)) + 1):
        frame = await ask_again(
            lambda phase=phase: session.ac_frame(phase, is_optional=count < phase),  # type: ignore[misc]  # bound now
            times=3 if phase <= count else 1,
        )
        if frame is not None:
            frames[phase] = frame
        elif phase <= count:
            raise NoReply(f"{session.connection.line.name}: phase {phase} of {count} does not answer")
    return frames


async def _read_first_phase(session: VEBusSession) -> AcInfo:
    """Return the frame of L1; how many phases and devices there are, two frames in a row have to tell."""
    frames: list[AcInfo] = []

    async def ask() -> tuple[int, int]:
        frames.append(await session.ac_frame(1))
        return frames[-1].phase_info, frames[-1].inverter_factor

    await ask_twice(ask, "the number of phases")
    return frames[-1]


async def _find(session: VEBusSession, indexes: Iterable[int]) -> set[int]:
    """Return which of these devices answer, asked all at once."""

    async def answers(index: int) -> bool:
        try:
            await session.get_ram_raw(RamVar.BATTERY_VOLTAGE, device=index, is_optional=True)
        except (NoReply, Unsupported):
            return False
        return True

    asked = list(indexes)
    answered = await asyncio.gather(*map(answers, asked))
    return {index for index, is_there in zip(asked, answered, strict=True) if is_there}
