"""A Modbus line: requests out, replies back, one at a time; the only file that knows pymodbus.

pymodbus codes the frames and messages; connections, waiting and pacing are here, because its client retries, reconnects
and counts timeouts by itself, for all units behind one address together.
"""

from __future__ import annotations

import asyncio
import logging
import struct
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerAscii, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, WriteSingleCoilRequest
from pymodbus.pdu.mei_message import ReadDeviceInformationRequest
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    ReadWriteMultipleRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from daemonkit.errors import LinkLost
from modbus_client.protocol.request import (
    Exchange,
    Failure,
    Identify,
    Outcome,
    Read,
    ReadCoil,
    Reason,
    Reply,
    Request,
    Write,
    WriteCoil,
)
from modbus_client.wire import Wire, open_wire

if TYPE_CHECKING:
    from modbus_client.protocol.spec import Endpoint

MAX_BUFFER = 1024
"""The longest frame has 513 bytes (ASCII); what is longer without being one is noise."""
SILENT_CHARACTERS = 3.5
"""Between two RTU frames (Modbus over Serial Line 1.02, 2.5.1.1) ..."""
SHORTEST_SILENCE_S = 0.00175
"""... and at least this from 19200 baud on."""
SETTLE_S = 0.05
"""After a timeout on a serial line: an answer that comes late must not be taken for the next one's."""

Tap = Callable[[bool, bytes], None]
"""Called with (sent, bytes) for every frame."""

_FRAMERS = {"tcp": FramerSocket, "udp": FramerSocket, "rtu": FramerRTU, "rtutcp": FramerRTU, "ascii": FramerAscii}

logging.getLogger("pymodbus_internal").setLevel(logging.CRITICAL)  # it logs each lost reply as an error


class Line:
    """One connection, opened when it is first needed. Use it from one task.

    Counts what the status shows: bytes, frames that were damaged, and for how long the line was busy.
    """

    def __init__(self, endpoint: Endpoint, *, gap_s: float = 0.0, tap: Tap | None = None) -> None:
        self.endpoint = endpoint
        self.garbled = 0
        self.busy_s = 0.0
        self.peer = ""
        self._gap_s = max(gap_s, self._silence_s())
        self._tap = tap
        self._framer = _FRAMERS[endpoint.method](DecodePDU(is_server=False))
        self._wire: Wire | None = None
        self._reply: asyncio.Future[Outcome] | None = None
        self._request: Request | None = None
        self._unit = 0
        self._transaction = 0
        self._buffer = b""
        self._free_at = 0.0

    @property
    def is_open(self) -> bool:
        """There is a connection."""
        return self._wire is not None

    async def open(self) -> None:
        """Connect, if there is no connection. Raises LinkLost."""
        if self._wire is None:
            self._wire = await open_wire(self.endpoint, self._on_data, self._on_lost)
            self.peer = self._wire.peer()
            self._buffer = b""

    def close(self) -> None:
        """Disconnect."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def ask(self, unit: int, request: Request, timeout_s: float) -> Outcome:
        """Make one request; `timeout_s` counts besides the time that the bytes take on a serial line."""
        try:
            await self.open()
        except LinkLost as error:
            return Failure(Reason.LOST, text=str(error))
        await self._wait_for_silence()
        if self._wire is None:
            return Failure(Reason.LOST, text="the connection ended")
        started = time.monotonic()
        outcome = await self._exchange(unit, request, timeout_s)
        now = time.monotonic()
        self.busy_s += now - started
        late_s = SETTLE_S if self._is_silent(outcome) and self.endpoint.method != "tcp" else 0.0
        self._free_at = now + self._gap_s + late_s
        return outcome

    async def _exchange(self, unit: int, request: Request, timeout_s: float) -> Outcome:
        if self._wire is None:
            return Failure(Reason.LOST, text="the connection ended")
        self._transaction = self._transaction % 0xFFFF + 1
        message = make_message(request)
        message.dev_id, message.transaction_id = unit, self._transaction
        frame = self._framer.buildFrame(message)
        self._buffer, self._request, self._unit = b"", request, unit
        damaged = self.garbled
        self._reply = asyncio.get_running_loop().create_future()
        try:
            self._show(True, frame)
            self._wire.write(frame)
            async with asyncio.timeout(timeout_s + self._wire_time_s(frame, request)):
                return await self._reply
        except TimeoutError:
            if self.garbled > damaged or self._buffer:
                return Failure(Reason.GARBLED, text="damaged frame")
            return Failure(Reason.TIMEOUT, text=f"no answer within {timeout_s:.2f} s")
        finally:
            self._reply = None

    def _on_data(self, data: bytes) -> None:
        self._show(False, data)
        if self._reply is None or self._reply.done() or self._request is None:
            return  # late, or nobody asked
        self._buffer = (self._buffer + data)[-MAX_BUFFER:]
        networked = self.endpoint.method in {"tcp", "udp"}
        try:
            # On a network the transaction number tells; some devices answer as another unit than was asked.
            used, message = self._framer.handleFrame(
                self._buffer, 0 if networked else self._unit, self._transaction if networked else 0
            )
        except (ModbusException, struct.error, IndexError, ValueError):
            self.garbled += 1
            self._buffer = b""
            return
        self._buffer = self._buffer[used:]
        if message is None:
            self.garbled += used > 0
            return
        outcome = parse_message(self._request, message)
        if outcome is None:
            self.garbled += 1  # an answer to something else: a late one, or another master's
        else:
            self._reply.set_result(outcome)

    def _on_lost(self, why: str) -> None:
        self._wire = None
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(Failure(Reason.LOST, text=why))

    async def _wait_for_silence(self) -> None:
        wait_s = self._free_at - time.monotonic()
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


def _make_write(request: Any) -> ModbusPDU:
    several = request.many or len(request.words) > 1
    kind = WriteMultipleRegistersRequest if several else WriteSingleRegisterRequest
    return kind(address=request.at, registers=list(request.words))


def _make_read(request: Any) -> ModbusPDU:
    kind = ReadHoldingRegistersRequest if request.table == "holding" else ReadInputRegistersRequest
    return kind(address=request.at, count=request.count)


def _make_exchange(request: Any) -> ModbusPDU:
    return ReadWriteMultipleRegistersRequest(
        read_address=request.at, read_count=request.count, write_address=request.at, write_registers=list(request.words)
    )


_MAKERS: dict[type, Callable[[Any], ModbusPDU]] = {
    Read: _make_read,
    Write: _make_write,
    ReadCoil: lambda request: ReadCoilsRequest(address=request.at, count=1),
    WriteCoil: lambda request: WriteSingleCoilRequest(address=request.at, bits=[request.on]),
    Exchange: _make_exchange,
    Identify: lambda _: ReadDeviceInformationRequest(read_code=1, object_id=0),
}


def make_message(request: Request) -> ModbusPDU:
    """Return pymodbus' message for a request."""
    return _MAKERS[type(request)](request)


def parse_message(request: Request, message: ModbusPDU) -> Outcome | None:
    """Return what a message says to a request, None when it answers something else."""
    if isinstance(message, ExceptionResponse):
        return Failure(Reason.REFUSED, message.exception_code)
    if message.function_code != make_message(request).function_code:
        return None
    if isinstance(request, Identify):
        found = getattr(message, "information", {})
        return Reply(texts=tuple((key, _text(value)) for key, value in found.items()))
    if isinstance(request, ReadCoil):
        return Reply((int(message.bits[0]),)) if message.bits else None
    if isinstance(request, Write | WriteCoil):
        return Reply() if message.address == request.at else None
    return Reply(tuple(message.registers)) if len(message.registers) == request.count else None


def _text(value: object) -> str:
    first = value[0] if isinstance(value, list) and value else value
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
