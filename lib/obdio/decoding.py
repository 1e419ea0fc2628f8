"""python-OBD's decoders, kept from what they get wrong."""

from __future__ import annotations

import math
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


def decode_voltage(table: Table, messages: Sequence[Any]) -> float | None:
    """Return the voltage that the adapter's lines tell, None when none does.

    Any of them may: an adapter that was reset when the engine was cranked echoes the request, or tells of its reset.
    """
    command = table.find("ELM_VOLTAGE")
    values = [decode(table, command, [message]).value for message in messages]
    volts = [float(value.magnitude) for value in values if value is not None and math.isfinite(value.magnitude)]
    return volts[-1] if volts else None


def decode_part(table: Table, command: Any, message: Any, value: bytes | None) -> Any:
    """Return the OBDResponse to command of the value bytes that message, an answer to several PIDs, has for it."""
    if value is None:
        return table.obd.OBDResponse(command)
    single = type(message)(message.frames)
    single.ecu = table.obd.ECU.ENGINE
    single.data = bytearray((answers.POSITIVE_OFFSET | 1, command.pid)) + value
    return decode(table, command, [single])
