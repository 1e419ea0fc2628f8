"""One connection to devices: one request at a time, paced as the line wants it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from daemonkit.errors import LinkLost
from daemonkit.tty import claim_tty
from modbus_client.line import Codec
from modbus_client.protocol.request import Exchange, Failure, Outcome, Read, Reason, Request
from modbus_client.wire import Wire, open_wire

if TYPE_CHECKING:
    from modbus_client.protocol.spec import Endpoint

OWNER = "modbus-client"
SILENT_CHARACTERS = 3.5
"""Between two RTU frames (Modbus over Serial Line 1.02, 2.5.1.1) ..."""
SHORTEST_SILENCE_S = 0.00175
"""... and at least this from 19200 baud on."""
SETTLE_S = 0.05
"""After a timeout on a serial line: an answer that comes late must not be taken for the next one's."""

Tap = Callable[[bool, bytes], None]
"""Called with (sent, bytes) for every frame."""


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A tty as it was configured: a link in /dev/serial leads to another tty after its adapter was plugged in anew."""

    name: str
    take: bool = False
    """Have Venus let go of it."""
    allow_built_in: bool = False


class Line:
    """One connection, opened when it is first needed. Use it from one task.

    Counts what the status shows: bytes, frames that were damaged, and for how long the line was busy. With
    `serial_port` the tty is looked for, and taken, each time it is opened.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        gap_s: float = 0.0,
        tap: Tap | None = None,
        serial_port: SerialPort | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.busy_s = 0.0
        self.peer = ""
        self._gap_s = max(gap_s, self._silence_s())
        self._tap = tap
        self._port = serial_port
        self._codec = Codec(endpoint.method)
        self._wire: Wire | None = None
        self._reply: asyncio.Future[Outcome] | None = None
        self._free_at = 0.0
        self._late: dict[int, float] = {}  # units whose answer may still come, and until when

    @property
    def garbled(self) -> int:
        """How many damaged frames there were."""
        return self._codec.damaged

    @property
    def is_open(self) -> bool:
        """There is a connection."""
        return self._wire is not None

    async def open(self) -> None:
        """Connect, if there is no connection. Raises LinkLost."""
        if self._wire is None:
            endpoint = self.endpoint
            if self._port is not None:
                port = self._port
                tty = await claim_tty(port.name, OWNER, take=port.take, allow_built_in=port.allow_built_in)
                endpoint = replace(endpoint, target=str(tty))
            self._wire = await open_wire(endpoint, self._on_data, self._on_lost)
            self.peer = self._wire.peer()

    def close(self) -> None:
        """Disconnect."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def hang_up(self) -> None:
        """Begin anew with the next request when nobody answers: a host that has lost a connection never says so.

        The kernel would only find out after minutes of ever rarer attempts. A tty cannot be lost in this way.
        """
        if not self.endpoint.is_serial:
            self.close()

    async def ask(self, unit: int, request: Request, timeout_s: float) -> Outcome:
        """Make one request; `timeout_s` counts besides the time that the bytes take on a serial line."""
        try:
            await self.open()
        except LinkLost as error:
            return Failure(Reason.LOST, text=str(error))
        await self._wait_for_silence(unit)
        if self._wire is None:
            return Failure(Reason.LOST, text="the connection ended")
        started = time.monotonic()
        outcome = await self._exchange(unit, request, timeout_s)
        now = time.monotonic()
        self.busy_s += now - started
        late_s = SETTLE_S if self._is_silent(outcome) and self.endpoint.method != "tcp" else 0.0
        self._free_at = now + self._gap_s + late_s
        if late_s and self.endpoint.method != "udp":
            self._late[unit] = now + timeout_s
        return outcome

    async def _exchange(self, unit: int, request: Request, timeout_s: float) -> Outcome:
        if self._wire is None:
            return Failure(Reason.LOST, text="the connection ended")
        frame, damaged = self._codec.frame(unit, request), self.garbled
        self._reply = asyncio.get_running_loop().create_future()
        try:
            self._show(True, frame)
            self._wire.write(frame)
            async with asyncio.timeout(timeout_s + self._wire_time_s(frame, request)):
                return await self._reply
        except TimeoutError:
            if self.garbled > damaged or self._codec.has_remains:
                return Failure(Reason.GARBLED, text="damaged frame")
            return Failure(Reason.TIMEOUT, text=f"no answer within {timeout_s:.2f} s")
        finally:
            self._reply = None

    def _on_data(self, data: bytes) -> None:
        self._show(False, data)
        if self._reply is None or self._reply.done():
            return  # late, or nobody asked
        outcome = self._codec.feed(data)
        if outcome is not None:
            self._reply.set_result(outcome)

    def _on_lost(self, why: str) -> None:
        self._wire = None
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(Failure(Reason.LOST, text=why))

    async def _wait_for_silence(self, unit: int) -> None:
        """Wait for the gap; and longer before the unit is asked anew that was just silent.

        Only its length tells what a frame of a serial line answers: voltages that come late would pass for power, with
        a good checksum. Other units are not held up, because their answers have another number.
        """
        wait_s = max(self._free_at, self._late.pop(unit, 0.0)) - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    def _silence_s(self) -> float:
        if not self.endpoint.is_serial:
            return 0.0
        return max(SHORTEST_SILENCE_S, SILENT_CHARACTERS * self._byte_s())

    def _byte_s(self) -> float:
        return self.endpoint.framing.bits_per_byte / self.endpoint.number if self.endpoint.is_serial else 0.0

    def _wire_time_s(self, frame: bytes, request: Request) -> float:
        count = request.count if isinstance(request, Read | Exchange) else 4
        ascii_factor = 2 if self.endpoint.method == "ascii" else 1
        return self._byte_s() * (len(frame) + ascii_factor * (2 * count + 5))

    def _show(self, sent: bool, data: bytes) -> None:  # noqa: FBT001 - (sent, bytes) is the tap's own signature
        if self._tap is not None:
            self._tap(sent, data)

    @staticmethod
    def _is_silent(outcome: Outcome) -> bool:
        return isinstance(outcome, Failure) and outcome.reason in {Reason.TIMEOUT, Reason.GARBLED}
