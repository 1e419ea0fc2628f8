"""What goes over a Modbus line: requests to bytes, bytes to outcomes; the only file that knows pymodbus.

pymodbus codes the frames and messages. Connections, waiting and pacing are ours (connection), because its client
retries, reconnects and counts timeouts by itself, for all units behind one address together.
"""

from __future__ import annotations

import logging
import struct
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

if TYPE_CHECKING:
    from collections.abc import Callable

    from modbus_client.protocol.spec import Method

MAX_BUFFER = 1024
"""The longest frame has 513 bytes (ASCII); what is longer without being one is noise."""
_FRAMERS = {"tcp": FramerSocket, "udp": FramerSocket, "rtu": FramerRTU, "rtutcp": FramerRTU, "ascii": FramerAscii}

logging.getLogger("pymodbus_internal").setLevel(logging.CRITICAL)  # it logs each lost reply as an error


class Codec:
    """Frames for one kind of line; between two requests it forgets what it was fed."""

    def __init__(self, method: Method) -> None:
        self._framer = _FRAMERS[method](DecodePDU(is_server=False))
        self._networked = method in {"tcp", "udp"}
        self._transaction = 0
        self._unit = 0
        self._request: Request | None = None
        self._buffer = b""
        self.damaged = 0  # frames, or bytes that were none

    def frame(self, unit: int, request: Request) -> bytes:
        """Return the bytes of a request; what is fed from now on answers it."""
        self._transaction = self._transaction % 0xFFFF + 1
        message = make_message(request)
        message.dev_id, message.transaction_id = unit, self._transaction
        self._unit, self._request, self._buffer = unit, request, b""
        return self._framer.buildFrame(message)

    @property
    def has_remains(self) -> bool:
        """There are bytes that do not make a frame."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Outcome | None:
        """Take bytes in; return the answer once it is complete. Damage is counted, and costs the bytes so far."""
        if self._request is None:
            return None
        self._buffer = (self._buffer + data)[-MAX_BUFFER:]
        try:
            # On a network the transaction number tells; some devices answer as another unit than was asked.
            used, message = self._framer.handleFrame(
                self._buffer, 0 if self._networked else self._unit, self._transaction if self._networked else 0
            )
        except (ModbusException, struct.error, IndexError, ValueError):
            self.damaged += 1
            self._buffer = b""
            return None
        self._buffer = self._buffer[used:]
        if message is None:
            self.damaged += used > 0
            return None
        outcome = parse_message(self._request, message)
        self.damaged += outcome is None  # an answer to something else: a late one, or another master's
        return outcome


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
