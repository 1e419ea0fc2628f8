"""Who is on the other side: found out once after every start of the bus."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mk2.assistants import Assistants, scan_assistants
from mk2.errors import NoReply, Unsupported
from mk2.pending import Kind
from mk2.ram_var import RamVar
from mk2.reading import INFO_SCALES
from mk2.session import POWERS, DeviceVersion, VEBusSession, ask_again
from mk2.slots import SLOTS

if TYPE_CHECKING:
    from mk2.frames.interface import Version
    from mk2.ram_var import RamVarInfo

MAX_DEVICES = 3
"""Devices that are looked for by index; more are rare, and each one that is missing costs a second at the start."""

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
        has_powers: the device measures its powers (`POWERS`).
        has_snapshot: it can latch variables.
        assistants: of the first device, None while unknown.
        setpoints: per device, where its ESS assistant keeps its words.
    """

    interface: Version
    device: DeviceVersion
    phases: tuple[int, ...]
    devices: tuple[int | None, ...]
    has_powers: bool
    has_snapshot: bool
    assistants: Assistants | None
    setpoints: tuple[int | None, ...]


async def identify(
    session: VEBusSession,
    *,
    cache: dict[int, dict[int, RamVarInfo]] | None = None,
    probe_info: bool = True,
    probe_devices: bool = True,
) -> Identity:
    """Find out all there is to know before polling, and set the connection's windows accordingly.

    Args:
        session: an open session whose interface answers.
        cache: scales of variables by version of the device; what it holds is not asked for, what is learned is added.
        probe_info: find out whether two info requests may be under way.
        probe_devices: look for more devices than the selected one.

    Raises:
        NoReply: the device does not answer; start again.
    """
    connection = session.connection
    interface = await session.version()
    connection.pad_final_ff = interface.version < FIRST_PADDING_FREE
    for window in connection.ledger.windows.values():
        window.set_limit(1)
    connection.ledger.total.set_limit(1 if not interface.is_mk3 else len(SLOTS) + 2)
    if interface.is_mk3:
        connection.ledger.windows[Kind.WINMON].set_limit(len(SLOTS))
    await session.select(0)
    device = await session.device_version()
    if cache is not None:
        session.scales = cache.setdefault(device.number, {})
    await asyncio.gather(*(session.ram_info(var) for var in INFO_SCALES))
    has_powers = await _learn_powers(session)
    phases = await _find_phases(session)
    devices = await _find_devices(session) if interface.is_mk3 and probe_devices else (None,)
    first = await scan_assistants(session, devices[0])
    others = [await scan_assistants(session, device) for device in devices[1:]]
    setpoints = tuple(found.ess_base if found else None for found in (first, *others))
    has_snapshot = await _has_snapshot(session, devices)
    _forget_trouble(session)  # what did not answer until now is not there; that says nothing of the wire
    if probe_info and interface.is_mk3:
        await _probe_info_window(session)
    return Identity(interface, device, phases, devices, has_powers, has_snapshot, first, setpoints)


def _forget_trouble(session: VEBusSession) -> None:
    for window in (*session.connection.ledger.windows.values(), session.connection.ledger.total):
        window.set_limit(window.limit)


async def _learn_powers(session: VEBusSession) -> bool:
    found = [await ask_again(lambda var=var: session.ram_info(var)) for var in POWERS]  # type: ignore[misc]  # bound now
    return any(found)


async def _find_phases(session: VEBusSession) -> tuple[int, ...]:
    first = await session.ac(1)
    count = first.phase_count or 1
    if count > 1:
        return tuple(range(1, min(count, 4) + 1))
    # A MultiPlus-II 2x120V says that it has one phase, and answers for the second all the same.
    second = await ask_again(lambda: session.ac(2), times=1)
    return (1,) if second is None else (1, 2)


async def _find_devices(session: VEBusSession) -> tuple[int | None, ...]:
    found: list[int | None] = []
    for index in range(MAX_DEVICES):
        word = await ask_again(lambda index=index: session.get_ram_raw(RamVar.BATTERY_VOLTAGE, device=index), times=2)  # type: ignore[misc]  # bound now
        if word is None:
            break
        found.append(index)
    return tuple(found) if len(found) > 1 else (None,)


async def _has_snapshot(session: VEBusSession, devices: tuple[int | None, ...]) -> bool:
    async def take() -> bool:
        for device in devices:
            await session.snapshot(*POWERS, device=device)
        return True

    return bool(await ask_again(take))


async def _probe_info_window(session: VEBusSession) -> None:
    window = session.connection.ledger.windows[Kind.INFO]
    window.set_limit(2)
    for _ in range(PROBES):
        results = await asyncio.gather(session.dc(), session.ac(1), return_exceptions=True)
        for result in results:
            if isinstance(result, NoReply | Unsupported):
                window.set_limit(1)
                _forget_trouble(session)
                return
            if isinstance(result, BaseException):
                raise result
