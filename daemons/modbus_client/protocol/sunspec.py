"""The chain of SunSpec models: a marker, then models one behind the other, each with its number and length.

Field notes: SMA answers an exception instead of the end marker, so a refused header is the end of the chain; SolarEdge
chains several devices (an inverter, then its meters), each beginning with another model 1; others put an inverter and
its meter behind one model 1; and many offer the same values twice, as integers and as floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modbus_client.protocol.steps import read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modbus_client.protocol.request import Table
    from modbus_client.protocol.steps import Steps

MARKER = (0x5375, 0x6E53)
"""`SunS` in two registers."""
END = 0xFFFF
COMMON = 1
MAX_MODELS = 64
"""A chain longer than this is damage; devices in the field have up to about twenty."""
_FORMS = 10
"""Models 101 to 103 are one measurement in integers, 111 to 113 the same in floats, and so with meters and others."""

Chain = list[tuple[int, int]]
"""Number and address of the header of each model, in the order of the chain."""


@dataclass(frozen=True, slots=True)
class Member:
    """One device of a chain."""

    model: int  # the one that measures
    headers: Mapping[int, int]  # address of each of its models' headers
    number: int  # among the devices behind one common model, from 1: they share its serial number


def walk_chain(candidates: tuple[int, ...], table: Table = "holding") -> Steps[Chain | None]:
    """Return the models, None when there is no SunSpec marker. Raises NoAnswer."""
    for start in candidates:
        words = yield from read(table, start, 2, 1)
        if words == MARKER:
            return (yield from _walk(start + 2, table))
    return None


def _walk(at: int, table: Table) -> Steps[Chain]:
    models: Chain = []
    while len(models) < MAX_MODELS:
        header = yield from read(table, at, 2)
        if header is None or header[0] == END or at + 2 + header[1] > END:
            break
        models.append((header[0], at))
        at += 2 + header[1]
    return models


def members_of(chain: Chain, kinds: Mapping[int, str]) -> list[Member]:
    """Return the devices of a chain. `kinds` says what each measuring model is, the preferred ones first.

    Of one kind behind one common model only the first form counts: the other one is the same device once more.
    """
    members: list[Member] = []
    for segment in _segments(chain):
        forms: dict[str, int] = {}
        for model, kind in kinds.items():
            if any(number == model for number, _ in segment):
                forms.setdefault(kind, model // _FORMS)
        found = [(model, at) for model, at in segment if model in kinds and forms[kinds[model]] == model // _FORMS]
        order = list(forms)
        found.sort(key=lambda place: order.index(kinds[place[0]]))  # stable: else as in the chain
        members += [_member(segment, kinds, place, number) for number, place in enumerate(found, 1)]
    return members


def _segments(chain: Chain) -> list[Chain]:
    segments: list[Chain] = [[]]
    for model, at in chain:
        if model == COMMON and segments[-1]:
            segments.append([])
        segments[-1].append((model, at))
    return segments


def _member(segment: Chain, kinds: Mapping[int, str], place: tuple[int, int], number: int) -> Member:
    """Give a device what it shares with nobody: nameplate and controls belong to the first one of a segment."""
    headers: dict[int, int] = {}
    for model, at in segment:
        if model == COMMON or (number == 1 and model not in kinds):
            headers.setdefault(model, at)
    headers[place[0]] = place[1]
    return Member(place[0], headers, number)


def kinds_of(models: Sequence[tuple[int, int, Mapping[str, object]]]) -> dict[int, str]:
    """Return {model: kind} of a definition's table of (first, last, facts); without the fact `kind` all are one."""
    return {number: str(facts.get("kind", "device")) for low, high, facts in models for number in range(low, high + 1)}
