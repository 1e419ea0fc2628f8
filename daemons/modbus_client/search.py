"""Finding out what is at a spec, over a line of our own or between the requests of one that is polled."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Protocol

from modbus_client.hooks import HOOKS
from modbus_client.protocol.errors import NoAnswer
from modbus_client.protocol.identify import identify
from modbus_client.protocol.prepare import is_unset, prepare
from modbus_client.protocol.spec import MAX_UNIT
from modbus_client.protocol.talk import Talk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from modbus_client.loader.catalogue import Catalogue
    from modbus_client.protocol.identify import Match
    from modbus_client.protocol.request import Outcome, Request
    from modbus_client.protocol.spec import DeviceSpec
    from modbus_client.protocol.steps import Steps

PROBE_TIMEOUT_S = 1.0
PATIENCE = 1000
"""A person who asks for one device waits until everything has been tried."""


MAX_NEIGHBOURS = 16
"""Units that are asked behind one address."""


class Asker(Protocol):
    """A line, or the driver of one that devices are polled on."""

    @property
    def is_open(self) -> bool:
        """There is a connection."""

    async def ask(self, unit: int, request: Request, timeout_s: float) -> Outcome:
        """Make one request."""


async def ask_line(line: Asker, unit: int, steps: Steps[Any], timeout_s: float = PROBE_TIMEOUT_S) -> Any:
    """Hold a conversation over a line; return its result, with whatever it raises."""
    talk = Talk(steps)
    while talk.request is not None:
        talk.tell(await line.ask(unit, talk.request, timeout_s))
    return talk.result


async def find_device(
    line: Asker, spec: DeviceSpec, catalogue: Catalogue, *, timeout_s: float = PROBE_TIMEOUT_S, patience: int = PATIENCE
) -> tuple[int, Any] | None:
    """Identify what is at a spec; with unit 0 try the default units of every family. None: nothing that is known."""
    units = [spec.unit] if spec.unit else catalogue.units(spec)
    for unit in units:
        candidates = catalogue.candidates(spec)
        if not spec.unit:
            candidates = [pair for pair in candidates if unit in pair[1].units]
        try:
            match = await ask_line(line, unit, identify(candidates, HOOKS, patience, spec.part), timeout_s)
        except NoAnswer:
            if not line.is_open:
                return None
            continue
        if match is not None:
            return unit, match
    return None


async def find_neighbours(
    line: Asker, spec: DeviceSpec, match: Match, *, timeout_s: float, patience: int
) -> AsyncIterator[int]:
    """Yield further units behind an address where a SunSpec device was found: several inverters, a meter at unit 240.

    Asked are the family's usual units, and the one after each that is there. Many devices answer for whatever unit is
    asked, so only one with a serial number that has not been seen yet counts.
    """
    serial = await _serial_in_chain(line, spec, match, timeout_s)
    seen = {serial}
    ahead = {unit for probe in match.definition.probes for unit in probe.units} | {spec.unit + 1}
    asked = {spec.unit}
    while serial is not None and (ahead := ahead - asked) and len(asked) <= MAX_NEIGHBOURS:
        unit = min(ahead)
        asked.add(unit)
        place = spec.with_unit(unit)
        candidates = [(match.definition, probe) for probe in match.definition.probes_for(spec)]
        with contextlib.suppress(NoAnswer):
            found = await ask_line(line, unit, identify(candidates, HOOKS, patience), timeout_s)
            other = await _serial_in_chain(line, place, found, timeout_s) if found else None
            if other is not None and other not in seen:
                seen.add(other)
                ahead |= {min(unit + 1, MAX_UNIT)}
                yield unit


async def _serial_in_chain(line: Asker, spec: DeviceSpec, match: Match, timeout_s: float) -> str | None:
    """Return the serial number of a SunSpec device; None of others, and without one. Raises NoAnswer."""
    if "chain" not in match.facts:
        return None
    serial = (await ask_line(line, spec.unit, prepare(match, spec, None, {}), timeout_s)).info_value("/Serial")
    return None if is_unset(str(serial or "")) else str(serial)
