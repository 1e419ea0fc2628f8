"""Holds a conversation of the client's pure part with the register image of a simulated device, without any wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymodbus.pdu import DecodePDU

from modbus_client.line import make_message, parse_message
from simulators.modbus.pdu import answer

if TYPE_CHECKING:
    from modbus_client.protocol.request import Outcome, Request
    from modbus_client.protocol.steps import Steps
    from simulators.modbus.image import Image

_replies = DecodePDU(is_server=False)


def outcome_of(request: Request, image: Image) -> Outcome:
    message = make_message(request)
    reply = _replies.decode(answer(bytes([message.function_code]) + message.encode(), image))
    assert reply is not None
    outcome = parse_message(request, reply)
    assert outcome is not None
    return outcome


def converse(steps: Steps[Any], image: Image, log: list[Request] | None = None) -> Any:
    """Run a conversation to its end; return its result."""
    try:
        request = next(steps)
        while True:
            if log is not None:
                log.append(request)
            request = steps.send(outcome_of(request, image))
    except StopIteration as end:
        return end.value
