"""Who is on the other side: found out once after every start of the bus."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mk2.assistants import Assistants, scan_assistants
from mk2.census import take_census
from mk2.confirming import ask_twice
from mk2.errors import NoReply, Unsupported
from mk2.jobs import SLOW_VARS
from mk2.knowledge import Knowledge
from mk2.pending import Kind
from mk2.ram_var import RamVar
from mk2.reading import INFO_SCALES
from mk2.session import POWERS, VEBusSession, ask_again
from mk2.slots import SLOTS

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from mk2.device_version import DeviceVersion
    from mk2.frames.interface import Version

PROBES = 3
"""So often two info requests must both be answered before two are trusted to be taken at once."""

FIRST_PADDING_FREE = 1_130_128
"""From this version on an interface takes frames that end in FF."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What one system is and can do.

    Attributes:
        phases: numbers of the phases that answer, from 1.
        devices: index of each device for requests, `(None,)` when there is only the selected one.
        has_powers: the powers (`POWERS`) of all devices can be read; without, voltages and currents have to do.
        has_snapshot: it can latch variables.
        assistants: of each device, None where the table cannot be read.
        setpoints: per device, where its ESS assistant keeps its words; None for all while a device cannot be asked.
    """

    interface: Version
    device: DeviceVersion
    phases: tuple[int, ...]
    devices: tuple[int | None, ...]
    has_powers: bool
    has_snapshot: bool
    assistants: tuple[Assistants | None, ...]
    setpoints: tuple[int | None, ...]


async def identify(
    session: VEBusSession,
    *,
    interface: Version | None = None,
    knowledge: Knowledge | None = None,
    probe_info: bool = True,
    probe_devices: bool = True,
) -> Identity:
    """Find out all there is to know before polling, and set the connection's windows accordingly.

    Args:
        session: an open session whose interface answers.
        interface: its version, when that is known already.
        knowledge: what it holds is not asked for, what is learned is added.
        probe_info: find out whether two info requests may be under way.
        probe_devices: look for more devices than the selected one.

    Raises:
        NoReply: the device does not answer; start again.
    """
    connection = session.connection
    interface = interface or await session.version()
    connection.pad_final_ff = interface.version < FIRST_PADDING_FREE
    for window in connection.ledger.windows.values():
        window.set_limit(1)
    connection.ledger.total.set_limit(1 if not interface.is_mk3 else len(SLOTS) + 2)
    if interface.is_mk3:
        connection.ledger.windows[Kind.WINMON].set_limit(len(SLOTS))
    await session.select(0)
    device = await ask_twice(session.device_version, "the version")
    knowledge = knowledge or Knowledge()
    session.scales = knowledge.scales.setdefault(device.number, {})
    # Info and winmon requests go on side by side: at 2400 baud the start takes half the time.
    has_powers, census, first = await _together(
        _learn_scales(session),
        take_census(session, probe_devices=probe_devices and interface.is_mk3),
        scan_assistants(session, None),
    )
    (has_snapshot, others), _ = await _together(
        _ask_devices(session, census.devices),
        _open_info_window(session, knowledge.info_windows, (interface.version, device.number))
        if probe_info and interface.is_mk3
        else asyncio.sleep(0),
    )
    _forget_trouble(session)  # what did not answer until now is not there; that says nothing of the wire
    assistants = (first, *others)
    setpoints = tuple(found.ess_base if found and census.is_complete else None for found in assistants)
    return Identity(
        interface,
        device,
        census.phases,
        census.devices,
        has_powers and census.is_complete,
        has_snapshot,
        assistants,
        setpoints,
    )


async def _together(*questions: Coroutine[Any, Any, Any]) -> list[Any]:
    """Wait for all answers; the first error ends the other questions and is raised."""
    tasks = [asyncio.ensure_future(question) for question in questions]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _forget_trouble(session: VEBusSession) -> None:
    for window in (*session.connection.ledger.windows.values(), session.connection.ledger.total):
        window.set_limit(window.limit)


async def _learn_scales(session: VEBusSession) -> bool:
    """Learn the scales, of some of which not every device has the variable; return whether it measures powers."""
    needed = (session.ram_info(var) for var in INFO_SCALES)
    others = (ask_again(lambda var=var: session.ram_info(var)) for var in {*POWERS, *SLOW_VARS} - {*INFO_SCALES})  # type: ignore[misc]  # bound now
    await _together(*needed, *others)
    return all(var in session.scales for var in POWERS if var != RamVar.STATE_OF_CHARGE)


async def _ask_devices(
    session: VEBusSession, devices: tuple[int | None, ...]
) -> tuple[bool, Sequence[Assistants | None]]:
    """Return whether all devices can latch variables, and the assistants of all but the first."""
    others = await asyncio.gather(*(scan_assistants(session, device) for device in devices[1:]))

    async def take() -> bool:
        for device in devices:
            await session.snapshot(*POWERS, device=device)
        return True

    return bool(await ask_again(take)), others


async def _open_info_window(
    session: VEBusSession, known: dict[tuple[int, int], int], versions: tuple[int, int]
) -> None:
    """Have as many info requests under way as this firmware takes; find out how many unless that is known."""
    if versions not in known:
        # One missed answer is no proof: what is kept is not found out again.
        takes_two = await _takes_two_infos(session) or await _takes_two_infos(session)
        known[versions] = 2 if takes_two else 1
    session.connection.ledger.windows[Kind.INFO].set_limit(known[versions])


async def _takes_two_infos(session: VEBusSession) -> bool:
    session.connection.ledger.windows[Kind.INFO].set_limit(2)
    for _ in range(PROBES):
        results = await asyncio.gather(session.dc(), session.ac(1), return_exceptions=True)
        for result in results:
            if isinstance(result, NoReply | Unsupported):
                _forget_trouble(session)
                return False
            if isinstance(result, BaseException):
                raise result
    return True
