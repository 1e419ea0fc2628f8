"""Keeps the charge current that Venus asks for within what the device's owner has set. Pure.

The device has one word for both: what is written to its RAM hides what its EEPROM holds, until it restarts. So a word
that we have not put there is the owner's, and "no limit", which Venus says by a huge number, means that one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ChargeLimit:
    """Words of one device.

    Attributes:
        owners: what the owner has set, None before it was first seen.
        ours: what the device may have because of us: before and after our last write, which may have failed.
    """

    owners: int | None = None
    ours: tuple[int, ...] = ()

    def cap(self, present: int, wanted: int) -> int:
        """Return the word to write, given the one that is there."""
        if self.owners is None or present not in self.ours:
            self.owners = present
        word = min(wanted, self.owners)
        self.ours = (present, word)
        return word

    def restore(self, stored: object) -> None:
        """Take over what an earlier process knew; what makes no sense is left out."""
        if isinstance(stored, list) and stored and all(type(word) is int for word in stored):
            self.owners, self.ours = stored[0], tuple(stored[1:])

    def store(self) -> list[int]:
        """Return what `restore` takes."""
        return [] if self.owners is None else [self.owners, *self.ours]
