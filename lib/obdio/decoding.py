"""python-OBD's decoders, kept from what they get wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from obdio import answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from obdio.table import Table

TEXTS = {"VIN": 17, "CALIBRATION_ID": 16}
"""Texts that python-OBD shortens: its decoder strips the characters 0, 1, 2, x and backslash at both ends."""


def decode(table: Table, command: Any, messages: Sequence[Any]) -> Any:
    """Return the OBDResponse that messages are to command; one without a value when they cannot be read."""
    if not messages:
        return table.obd.OBDResponse(command)
    text = bytes(messages[0].data)
    try:
        response = command(messages)
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        return table.obd.OBDResponse(command)  # an answer that its own decoder cannot read
    if response.value is not None and command.name in TEXTS:
        response.value = bytearray(answers.text_of(text, TEXTS[command.name]))
    elif response.value is not None and command.name == "CVN":
        response.value = text[3:7].hex()
    return response


def decode_part(table: Table, command: Any, message: Any, value: bytes | None) -> Any:
    """Return the OBDResponse to command of the value bytes that message, an answer to several PIDs, has for it."""
    if value is None:
        return table.obd.OBDResponse(command)
    single = type(message)(message.frames)
    single.ecu = table.obd.ECU.ENGINE
    single.data = bytearray((answers.POSITIVE_OFFSET | 1, command.pid)) + value
    return decode(table, command, [single])
