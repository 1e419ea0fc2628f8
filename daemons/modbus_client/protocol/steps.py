"""Conversations with a device as generators: they yield requests and are sent outcomes, so they need no I/O."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from modbus_client.protocol.errors import NoAnswer
from modbus_client.protocol.holes import Holes
from modbus_client.protocol.plan import plan
from modbus_client.protocol.request import Failure, Outcome, Read, Reason, Reply, Request, Table, is_silence

if TYPE_CHECKING:
    from modbus_client.protocol.plan import Block, Limits
    from modbus_client.protocol.register import Register

T = TypeVar("T")
Steps = Generator[Request, Outcome, T]

ATTEMPTS = 3
"""Silences in a row that a conversation bears: a lost frame on a noisy line must not start it over."""


@dataclass(frozen=True, slots=True)
class Value:
    """A register and what was read from it; `words` is empty when the device has no such register."""

    register: Register
    words: tuple[int, ...]
    value: Any


def ask(request: Request, attempts: int = ATTEMPTS) -> Steps[Outcome]:
    """Make a request, again after a silence. Raises NoAnswer after `attempts`.

    A damaged answer is asked for again in any case: somebody is there.
    """
    asked = 0
    while True:
        outcome = yield request
        asked += 1
        if not is_silence(outcome):
            return outcome
        damaged = isinstance(outcome, Failure) and outcome.reason is Reason.GARBLED
        if asked >= (ATTEMPTS if damaged else attempts):
            raise NoAnswer(str(outcome))


def read(table: Table, at: int, count: int, attempts: int = ATTEMPTS) -> Steps[tuple[int, ...] | None]:
    """Read registers; None when the device refuses. Raises NoAnswer."""
    outcome = yield from ask(Read(table, at, count), attempts)
    return outcome.words if isinstance(outcome, Reply) and len(outcome.words) == count else None


def read_registers(registers: Iterable[Register], limits: Limits) -> Steps[list[Value]]:
    """Read registers in as few requests as the device takes; a refused one has no words. Raises NoAnswer."""
    wanted = list(registers)
    image: dict[tuple[Table, int], int] = {}
    holes = Holes(limits)
    pending = plan(wanted, limits)
    while pending:
        block = pending.pop(0)
        outcome = yield from ask(block.read)
        if isinstance(outcome, Reply):
            image.update(_words_of(block, outcome))
        elif holes.refused(block, outcome.code):
            pending[:0] = plan(block.registers, limits)
    return [_value(register, image) for register in wanted]


def _words_of(block: Block, reply: Reply) -> dict[tuple[Table, int], int]:
    return {(block.read.table, block.read.at + n): word for n, word in enumerate(reply.words)}


def _value(register: Register, image: dict[tuple[Table, int], int]) -> Value:
    places = [(register.table, at) for at in range(register.at, register.at + register.count)]
    if not all(place in image for place in places):
        return Value(register, (), None)
    words = tuple(image[place] for place in places)
    scale = None if register.scale_at is None else image.get((register.table, register.scale_at))
    return Value(register, words, register.decode(words, scale))
