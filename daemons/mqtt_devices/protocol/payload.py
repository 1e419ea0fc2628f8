"""Bytes from the broker to JSON values that are safe to pass on. Whatever a client sends, only Rejected comes out."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from mqtt_devices.errors import Reason, Rejected

# The largest honest Status holds all 64 services with ids and types of full length (about 12 kB); four times that is
# plenty, and keeps the time and memory that one message can cost on a small GX in the range of milliseconds.
MAX_PAYLOAD_BYTES = 48 * 1024
# An honest message is nested twice. Below this depth neither reading nor writing JSON can exhaust Python's stack.
MAX_DEPTH = 32
# Longest text that goes on to D-Bus, the settings or a log line.
MAX_TEXT = 255


def parse_object(payload: bytes) -> dict[str, Any]:
    """Parse one JSON object.

    Raises:
        Rejected: too long, not UTF-8, not JSON (NaN and Infinity included), nested too deeply, or no object.
    """
    value = _parse_json(_decode(payload))
    if not isinstance(value, dict):
        raise Rejected(Reason.NOT_AN_OBJECT, "", "a payload is one JSON object")
    return value


def parse_any(payload: bytes) -> Any:
    """Parse JSON of any kind, else text as it is.

    Raises:
        Rejected: too long, not UTF-8, nested too deeply, or a text that D-Bus cannot carry.
    """
    text = _decode(payload)
    try:
        return _parse_json(text)
    except Rejected:
        return check_text(text.strip(), "")


def parse_plain(payload: bytes) -> Any:
    """Parse a single value: JSON, a JSON object with the key value, else the text as it is. Empty is None: unknown.

    Raises:
        Rejected: too long, not UTF-8, nested too deeply, or an object without value.
    """
    text = _decode(payload)
    if not text.strip():
        return None
    try:
        value = _parse_json(text)
    except Rejected:
        # `Offline`, `nan`; but what begins like a structure was meant to be one.
        if text.lstrip()[0] in '{["':
            raise
        return check_text(text, "")
    if isinstance(value, dict):
        if "value" not in value:
            raise Rejected(Reason.MISSING, "value", 'a plain value or {"value": ...}')
        return value["value"]
    return value


def _decode(payload: bytes) -> str:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise Rejected(Reason.TOO_LONG, "", f"a payload has at most {MAX_PAYLOAD_BYTES} bytes, this one has more")
    try:
        # Some microcontroller JSON writers put a byte order mark in front.
        return payload.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Rejected(Reason.NOT_UTF8, "", "a payload is UTF-8 text") from None


def _parse_json(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        # ValueError also covers integers of more digits than Python converts; RecursionError is "[" * 10,000.
        raise Rejected(Reason.NOT_JSON, "", "a payload is valid JSON") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deeper(value, MAX_DEPTH):
        raise Rejected(Reason.NOT_JSON, "", f"a payload is nested at most {MAX_DEPTH} deep")
    return value


def check_text(text: str, field: str, maximum: int = MAX_TEXT) -> str:
    """Return `text` if D-Bus can carry it.

    Raises:
        Rejected: it is longer than `maximum`, or holds a NUL or half a surrogate pair. JSON can express both; a D-Bus
            string cannot, and the bus daemon cuts the connection of a client that sends one (D-Bus specification,
            "Basic types", string).
    """
    if len(text) > maximum:
        raise Rejected(Reason.TOO_LONG, field, f"at most {maximum} characters")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Rejected(Reason.BAD_TEXT, field, "text without NUL characters and unpaired surrogates")
    return text


def _is_deeper(value: object, depth: int) -> bool:
    generation = [value]
    for _ in range(depth):
        generation = [
            child
            for parent in generation
            if isinstance(parent, list | dict)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return any(isinstance(value, list | dict) for value in generation)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
