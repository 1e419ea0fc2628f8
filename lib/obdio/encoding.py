"""Vehicle values as JSON that every Socket.IO client can read.

python-OBD and pint are recognised by the qualified names of their classes, so that importing this module imports
neither of them: a program that only encodes plain values never pays for the unit registry.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import IO, Any

MAX_DEPTH = 32
"""Nesting after which a value is written as null: a structure that contains itself must end."""
MAX_ITEMS = 10_000
"""Elements taken from one iterable: the longest real one (all commands) has some 300."""
DECIMALS = 6
"""Digits kept after the point: OBD scalings have at most 16 bits, the rest is binary noise."""


def _number(value: float) -> float | None:
    return round(value, DECIMALS) if math.isfinite(value) else None


def _plain_list(values: Iterable[Any], depth: int) -> list[Any]:
    return [_plain(value, depth) for value in islice(values, MAX_ITEMS)]


def _command(command: Any, _depth: int) -> dict[str, Any]:
    return {
        "name": command.name,
        "desc": command.desc,
        "fast": bool(command.fast),
        "command": bytes(command.command).decode("ascii", "replace"),
        "bytes": str(command.bytes),  # a string: what clients of the reference server get
        "ecu": command.ecu,
    }


def _response(response: Any, depth: int) -> dict[str, Any] | None:
    if response.command is None:
        return None
    encoded = {
        "value": _plain(response.value, depth),
        "command": _command(response.command, depth),
        "time": int(response.time * 1000),
        "unit": response.unit,
    }
    if isinstance(response.value, bytes | bytearray):
        encoded["text"] = response.value.decode("ascii", "replace").strip("\0 ")
    return encoded


def _status(status: Any, depth: int) -> dict[str, Any]:
    tests = [test for test in vars(status).values() if type(test).__name__ == "StatusTest" and test.name]
    return {
        "MIL": bool(status.MIL),
        "DTC_COUNT": status.DTC_count,
        "ignition_type": status.ignition_type,
        "tests": _plain_list(tests, depth),
    }


def _status_test(test: Any, _depth: int) -> dict[str, Any]:
    return {"available": bool(test.available), "complete": bool(test.complete), "name": test.name}


def _monitor(monitor: Any, depth: int) -> list[Any]:
    # A Monitor has __getitem__ that never raises IndexError: iterating over it would never end.
    return _plain_list(monitor.tests, depth)


def _monitor_test(test: Any, depth: int) -> dict[str, Any]:
    names = ("tid", "name", "desc", "value", "min", "max")
    encoded = {name: _plain(getattr(test, name), depth) for name in names}
    encoded["passed"] = bool(test.passed)
    return encoded


def _protocol(protocol: Any, _depth: int) -> dict[str, Any]:
    return {"id": protocol.ELM_ID, "name": protocol.ELM_NAME}


def _frame_or_message(wire: Any, depth: int) -> dict[str, Any]:
    return {name: _plain(value, depth) for name, value in vars(wire).items()}


_ENCODERS: dict[str, Callable[[Any, int], Any]] = {
    "obd.OBDResponse.OBDResponse": _response,
    "obd.OBDResponse.Status": _status,
    "obd.OBDResponse.StatusTest": _status_test,
    "obd.OBDResponse.Monitor": _monitor,
    "obd.OBDResponse.MonitorTest": _monitor_test,
    "obd.OBDCommand.OBDCommand": _command,
    "obd.protocols.protocol.Protocol": _protocol,
    "obd.protocols.protocol.Message": _frame_or_message,
    "obd.protocols.protocol.Frame": _frame_or_message,
    "pint.facets.plain.quantity.PlainQuantity": lambda quantity, depth: _plain(quantity.magnitude, depth),
    "pint.facets.plain.unit.PlainUnit": lambda unit, _depth: str(unit),
}


def _encoder_of(cls: type) -> Callable[[Any, int], Any] | None:
    for base in cls.__mro__:
        encoder = _ENCODERS.get(f"{base.__module__}.{base.__qualname__}")
        if encoder is not None:
            return encoder
    return None


def _plain_object(value: Any, depth: int) -> Any:
    encoder = _encoder_of(value if isinstance(value, type) else type(value))
    if encoder is not None:
        return encoder(value, depth)
    if isinstance(value, Iterable):
        return _plain_list(value, depth)
    return f"Object of type {type(value).__name__} is not JSON serializable"


def _plain(value: Any, depth: int) -> Any:  # noqa: PLR0911 - one return per JSON type reads best
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return _number(value)
    if depth >= MAX_DEPTH:
        return None
    if isinstance(value, Mapping):
        return {_key(key): _plain(element, depth + 1) for key, element in value.items()}
    if isinstance(value, bytes | bytearray):
        return list(value)
    if isinstance(value, list | tuple):
        return _plain_list(value, depth + 1)
    return _plain_object(value, depth + 1)


def _key(key: Any) -> str:
    return key.decode("ascii", "replace") if isinstance(key, bytes) else str(key)


def plain(value: Any) -> Any:
    """Return value as dictionaries, lists, strings and finite numbers.

    NaN and infinity become None. A type that is not known becomes a string that says so: one strange value must not
    cost a client its link.
    """
    return _plain(value, 0)


class OBDEncoder(json.JSONEncoder):
    """A json.JSONEncoder that knows every python-OBD type; never writes NaN, never fails on a value."""

    def default(self, o: Any) -> Any:
        """Return the plain form of o."""
        return plain(o)

    def encode(self, o: Any) -> str:
        """Return o as JSON."""
        return super().encode(plain(o))

    def iterencode(self, o: Any, _one_shot: bool = False) -> Any:  # noqa: FBT001, FBT002 - the base class's signature
        """Yield o as pieces of JSON."""
        return super().iterencode(plain(o), _one_shot)


def dumps(obj: Any, **options: Any) -> str:
    """Return obj as JSON, as json.dumps does, with vehicle types understood."""
    options["allow_nan"] = False
    try:
        return json.dumps(obj, **options)  # most data is plain already, and the C encoder is ten times as fast
    except (TypeError, ValueError, RecursionError):
        return json.dumps(obj, **{"cls": OBDEncoder} | options)


def dump(obj: Any, fp: IO[str], **options: Any) -> None:
    """Write obj as JSON to fp."""
    fp.write(dumps(obj, **options))


def loads(s: str | bytes | bytearray, **options: Any) -> Any:
    """Return what the JSON text s says, as json.loads does."""
    return json.loads(s, **options)


def load(fp: IO[str], **options: Any) -> Any:
    """Return what the JSON text in fp says, as json.load does."""
    return json.load(fp, **options)
