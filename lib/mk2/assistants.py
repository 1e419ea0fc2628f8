"""Assistants: programs inside the device, which keep their words in the variables from 128 on.

Each record begins with a word: the number of words that follow in its low four bits, the kind of assistant above them.
A word of zero ends the table. Kind 5 is ESS: its first word takes a power set point, its second flags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mk2.confirming import ask_twice
from mk2.ram_var import FIRST_ASSISTANT_VAR
from mk2.session import ask_again

if TYPE_CHECKING:
    from mk2.session import VEBusSession

ESS = 5
ESS_WORDS = 2
"""Set point and flags: a record with fewer is not what we know, and behind it is somebody else's."""

LAST_VAR = 0xFF
MAX_RECORDS = 24
"""More records than fit into the variables 128 to 255 with any use; a table without an end stops here."""


@dataclass(frozen=True, slots=True)
class Assistants:
    """The kinds found, in order, and the variable of the ESS record's head, if there is one."""

    kinds: tuple[int, ...]
    ess_head: int | None

    @property
    def ess_base(self) -> int | None:
        """The variable with the power set point; the flags are in the next."""
        return None if self.ess_head is None else self.ess_head + 1


async def scan_assistants(session: VEBusSession, device: int | None) -> Assistants | None:
    """Return the assistants of one device as two scans in a row found them, None when the table cannot be read.

    Raises:
        NoReply: no two scans agree. Where a set point goes depends on this, so a damaged word must not count.
    """
    return await ask_twice(lambda: _scan(session, device), "the assistants")


async def _scan(session: VEBusSession, device: int | None) -> Assistants | None:
    var, kinds, ess_head = FIRST_ASSISTANT_VAR, [], None
    for _ in range(MAX_RECORDS):
        words = await ask_again(lambda var=var: session.get_ram_raw(var, device=device))  # type: ignore[misc]  # bound now
        if words is None:
            return None
        if not words[0]:
            break
        kind, length = words[0] >> 4, words[0] & 0x0F
        kinds.append(kind)
        if kind == ESS and ess_head is None and length >= ESS_WORDS and var + ESS_WORDS <= LAST_VAR:
            ess_head = var
        var += 1 + length
        if var > LAST_VAR:
            break
    return Assistants(tuple(kinds), ess_head)
