"""The chain of SunSpec models: a marker, then models one behind the other, each with its number and length.

Field notes: SMA answers an exception instead of the end marker, so a refused header is the end of the chain; SolarEdge
chains several devices, each beginning with another model 1, of which the first is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modbus_client.protocol.steps import read

if TYPE_CHECKING:
    from modbus_client.protocol.request import Table
    from modbus_client.protocol.steps import Steps

MARKER = (0x5375, 0x6E53)
"""`SunS` in two registers."""
END = 0xFFFF
COMMON = 1
MAX_MODELS = 64
"""A chain longer than this is damage; devices in the field have up to about twenty."""


def walk_chain(candidates: tuple[int, ...], table: Table = "holding") -> Steps[dict[int, int] | None]:
    """Return {model: address of its header}, None when there is no SunSpec marker. Raises NoAnswer."""
    for start in candidates:
        words = yield from read(table, start, 2, 1)
        if words == MARKER:
            return (yield from _walk(start + 2, table))
    return None


def _walk(at: int, table: Table) -> Steps[dict[int, int]]:
    models: dict[int, int] = {}
    for _ in range(MAX_MODELS):
        header = yield from read(table, at, 2)
        if header is None or header[0] == END or at + 2 + header[1] > END:
            break
        model, length = header
        if model == COMMON and COMMON in models:
            break  # the next device of the same chain
        models.setdefault(model, at)
        at += 2 + length
    return models
