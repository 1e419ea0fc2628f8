"""What is asked of a system again and again, and where the answers go."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mk2.errors import NoReply, Refused, Unsupported
from mk2.frames.readings import SnapshotTake
from mk2.pending import Kind
from mk2.ram_var import RamVar
from mk2.schedule import Job
from mk2.session import POWERS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mk2.identity import Identity
    from mk2.session import VEBusSession

CONFIG_S = 1.0
STATE_S = 0.9
"""Below 1, as is the load: after rounds in which other slow questions were first, it is still below 1.5 s."""

EXTENDED_S = 5.0
LOAD_S = 0.8
STANDBY_S = 5.0
"""Half the time after which a bus whose device is off powers down."""

BATTERY_S = 10.0
"""Ripple and terminal voltage: nobody looks at them more often."""


BATTERY_VARS = (RamVar.BATTERY_RIPPLE, RamVar.BATTERY_VOLTAGE)
LOAD_VARS = (RamVar.LOAD_CURRENT, RamVar.IGNORE_AC_INPUT)
SLOW_VARS = (*BATTERY_VARS, *LOAD_VARS)
"""Not every device has all of them."""


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What to poll.

    Attributes:
        snapshots: latch the powers of all devices at one instant, when the device can.
        slow_tier: poll limits, states and extended status; without it only the fast tier runs.
        extra: further slow jobs, e.g. keeping the standby line up.
    """

    snapshots: bool = True
    slow_tier: bool = True
    extra: tuple[Job, ...] = ()


def plan_jobs(
    session: VEBusSession,
    identity: Identity,
    give: Callable[[str, object], None],
    options: JobOptions | None = None,
) -> list[Job]:
    """Return the jobs for a system. Each hands its reading to `give`, under the name of the job.

    Names: dc, ac1.., powers (a tuple of `PowerReading`), config, leds, state, extended (status of each device), battery
    and load (of each device a dictionary of those of `BATTERY_VARS` or `LOAD_VARS` that it has, in V and A; where there
    are no powers also the state of charge).
    """
    options = options or JobOptions()

    def job(name: str, kind: Kind, ask: Callable[[], Awaitable[object]], period_s: float | None = None) -> Job:
        async def run() -> None:
            give(name, await ask())

        return Job(name, kind, run, period_s)

    jobs = [job("dc", Kind.INFO, session.dc)]
    jobs += [job(f"ac{phase}", Kind.INFO, _bind(session.ac, phase)) for phase in identity.phases]
    if identity.has_powers:
        latch = identity.has_snapshot and options.snapshots
        jobs.append(job("powers", Kind.WINMON, _powers(session, identity, latch=latch)))
    if options.slow_tier:
        jobs += [
            job("config", Kind.INFO, session.config, CONFIG_S),
            job("state", Kind.WINMON, session.state, STATE_S),
            job("extended", Kind.WINMON, _each(identity, session.extended_status), EXTENDED_S),
        ]
        load_vars = LOAD_VARS if identity.has_powers else (*LOAD_VARS, RamVar.STATE_OF_CHARGE)
        for name, variables, period_s in (("battery", BATTERY_VARS, BATTERY_S), ("load", load_vars, LOAD_S)):
            known = tuple(var for var in variables if var in session.scales)
            if known:
                jobs.append(job(name, Kind.WINMON, _each(identity, _variables(session, known)), period_s))

    async def ask_leds() -> None:
        if session.config_has_leds is False:
            give("leds", await session.leds())

    if options.slow_tier:
        jobs.append(Job("leds", Kind.PLAIN, ask_leds, STATE_S))

    async def keep_awake() -> None:
        if session.keeps_awake:
            await session.keep_awake()

    return [*jobs, Job("standby", Kind.PLAIN, keep_awake, STANDBY_S), *options.extra]


def _bind(function: Callable[[int], Awaitable[object]], value: int) -> Callable[[], Awaitable[object]]:
    return lambda: function(value)


def _powers(session: VEBusSession, identity: Identity, *, latch: bool) -> Callable[[], Awaitable[object]]:
    """Ask for the powers of all devices, several devices at a time.

    A slave may not have its snapshot ready yet when it is asked for; then it is asked once more.
    """
    known = [var for var in POWERS if var in session.scales]

    async def read(device: int | None) -> tuple[int, ...]:
        if not latch:
            return await session.get_ram_raw(*known, device=device)
        try:
            return await session.read_snapshot(len(known), device=device)
        except Unsupported:
            return await session.read_snapshot(len(known), device=device)

    async def ask() -> object:
        if latch:
            session.connection.send(SnapshotTake(tuple(known)))
        words = await asyncio.gather(*(read(device) for device in identity.devices), return_exceptions=True)
        found = []
        for index, word in enumerate(words):
            if isinstance(word, BaseException):
                raise word
            by_var = dict(zip(known, word, strict=True))
            found.append(session.power_reading([by_var.get(var, 0) for var in POWERS], index))
        return tuple(found)

    return ask


def _variables(session: VEBusSession, ids: tuple[int, ...]) -> Callable[[int | None], Awaitable[dict[int, float]]]:
    """Ask one device for some variables."""

    async def ask(device: int | None) -> dict[int, float]:
        return dict(zip(ids, await session.get_ram(*ids, device=device), strict=True))

    return ask


def _each(identity: Identity, question: Callable[[int | None], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    """Ask every device; one that does not answer gives None, unless none does.

    Raises:
        NoReply, Refused: what the last device said, when no other answered either.
    """

    async def ask() -> object:
        found: list[object] = []
        trouble: NoReply | Refused | None = None
        for device in identity.devices:
            try:
                found.append(await question(device))
            except (NoReply, Refused) as error:
                trouble = error
                found.append(None)
        if trouble is not None and not any(part is not None for part in found):
            raise trouble
        return tuple(found)

    return ask
