"""Finding out what is at a spec, over a line of our own or between the requests of one that is polled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from modbus_client.hooks import HOOKS
from modbus_client.protocol.errors import NoAnswer
from modbus_client.protocol.identify import identify
from modbus_client.protocol.talk import Talk

if TYPE_CHECKING:
    from modbus_client.loader.catalogue import Catalogue
    from modbus_client.protocol.request import Outcome, Request
    from modbus_client.protocol.spec import DeviceSpec
    from modbus_client.protocol.steps import Steps

PROBE_TIMEOUT_S = 1.0
PATIENCE = 1000
"""A person who asks for one device waits until everything has been tried."""


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
            match = await ask_line(line, unit, identify(candidates, HOOKS, patience), timeout_s)
        except NoAnswer:
            if not line.is_open:
                return None
            continue
        if match is not None:
            return unit, match
    return None
