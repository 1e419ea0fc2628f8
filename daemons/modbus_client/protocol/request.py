"""What can be asked of a device, and what can come back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Table = Literal["holding", "input"]

MAX_READ = 125
"""Registers in one read (Modbus Application Protocol 1.1b3, 6.3 and 6.4)."""
MAX_WRITE = 123
"""Registers in one write (6.12)."""


@dataclass(frozen=True, slots=True)
class Read:
    """Function 3 (holding) or 4 (input)."""

    table: Table
    at: int
    count: int


@dataclass(frozen=True, slots=True)
class Write:
    """Function 6, or 16 when there are several words or `many` asks for it."""

    at: int
    words: tuple[int, ...]
    many: bool = False


@dataclass(frozen=True, slots=True)
class ReadCoil:
    """Function 1, one coil."""

    at: int


@dataclass(frozen=True, slots=True)
class WriteCoil:
    """Function 5."""

    at: int
    on: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """Function 23: write, then read, in one transaction."""

    at: int
    words: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Identify:
    """Function 43/14, the three mandatory objects: vendor, product code, revision."""


Request = Read | Write | ReadCoil | WriteCoil | Exchange | Identify


@dataclass(frozen=True, slots=True)
class Reply:
    """The device answered: registers, coil (0 or 1), nothing after a write, or texts by object number."""

    words: tuple[int, ...] = ()
    texts: tuple[tuple[int, str], ...] = ()


class Reason(StrEnum):
    """Why there is no reply."""

    REFUSED = "refused"  # a Modbus exception: the device is there
    TIMEOUT = "timeout"  # silence
    GARBLED = "garbled"  # something came, no valid frame in it (checksum, other unit, other function)
    LOST = "lost"  # there is no connection


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without a reply."""

    reason: Reason
    code: int = 0  # the Modbus exception code of a refusal
    text: str = ""

    def __str__(self) -> str:
        if self.reason is Reason.REFUSED:
            return f"refused with exception {self.code} ({EXCEPTIONS.get(self.code, 'unknown')})"
        return self.text or self.reason.value


ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
GATEWAY_NO_PATH = 10
GATEWAY_NO_RESPONSE = 11
EXCEPTIONS = {
    ILLEGAL_FUNCTION: "illegal function",
    ILLEGAL_ADDRESS: "illegal data address",
    ILLEGAL_VALUE: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity error",
    GATEWAY_NO_PATH: "gateway path unavailable",
    GATEWAY_NO_RESPONSE: "gateway: target did not respond",
}
"""Modbus Application Protocol 1.1b3, chapter 7."""

Outcome = Reply | Failure


def is_silence(outcome: Outcome) -> bool:
    """Tell whether the device itself said nothing. A gateway's exceptions 10 and 11 mean just that."""
    if isinstance(outcome, Reply):
        return False
    return outcome.reason is not Reason.REFUSED or outcome.code in {GATEWAY_NO_PATH, GATEWAY_NO_RESPONSE}
