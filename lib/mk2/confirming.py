"""Reads twice what a write is built on: with a checksum of eight bits a damaged frame may well look good."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mk2.errors import NoReply, Unsafe
from mk2.frames.switch import SwitchState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mk2.reading import ConfigReading
    from mk2.session import VEBusSession

READS = 5
"""Readings of which two in a row must agree; on a line where they do not, nothing is written."""

T = TypeVar("T")


async def ask_twice(question: Callable[[], Awaitable[T]], what: str) -> T:
    """Return the answer that two questions in a row had.

    Raises:
        NoReply: no two answers agree.
    """
    before = await question()
    for _ in range(READS - 1):
        now = await question()
        if now == before:
            return now
        before = now
    raise NoReply(f"no two readings of {what} agree; is the cable good?")


async def read_config_twice(session: VEBusSession) -> ConfigReading:
    """Return limits and switches as two readings in a row, the last of polling included, have told them.

    Raises:
        NoReply: no two readings agree, or the device does not answer.
    """
    before = session.last_config
    for _ in range(READS - 1):
        now = await session.config(urgent=True)
        if before is not None and _switches(before) == _switches(now):
            return now
        before = now
    raise NoReply(f"{session.connection.line.name}: no two readings of the switches agree; is the cable good?")


async def read_setting_twice(session: VEBusSession, setting: int) -> int:
    """Return the raw word of a setting as two readings in a row have told it.

    Raises:
        NoReply: no two readings agree, or the device does not answer.
    """
    what = f"setting {setting}"
    return await ask_twice(lambda: session.get_setting_raw(setting), f"{session.connection.line.name}: {what}")


async def read_present_state(session: VEBusSession, config: ConfigReading) -> SwitchState:
    """Return the switch position that changes nothing when it is sent.

    The remote switch as the device reports it, unless that would stop a device that runs: without a panel its bits
    are all zero while the front switch keeps the device on.

    Raises:
        Unsafe: the device is off, and not because the interface was told so: an "off" sent along would be remembered
            and keep the front switch from starting the device.
    """
    frame = config.frame
    report = await session.switch_report()
    if report.state == frame.remote_state or frame.remote_state is not SwitchState.OFF:
        return frame.remote_state
    if frame.active_state is SwitchState.OFF:
        raise Unsafe(f"{session.connection.line.name}: the device is off, but not from here; set its mode first")
    return frame.active_state


def _switches(reading: ConfigReading) -> tuple[int, ...]:
    frame = reading.frame
    return frame.ac_flags, frame.limit_min, frame.limit_max, frame.limit, frame.switch_register
