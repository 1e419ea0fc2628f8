"""What goes wrong on the wire."""

from __future__ import annotations

import random


class Trouble:
    """Faults, each with its probability per frame: a flipped bit, a lost byte, a cut frame, noise behind, all lost."""

    def __init__(self, seed: int) -> None:
        self.flipped = 0.0
        self.lost_byte = 0.0
        self.cut = 0.0
        self.noise = 0.0
        self.dropped = 0.0
        self._random = random.Random(seed)

    def spoil(self, raw: bytes) -> bytes:
        """Return what becomes of a frame."""
        chance = self._random.random
        if chance() < self.dropped:
            return b""
        if chance() < self.flipped:
            at = self._random.randrange(len(raw))
            raw = raw[:at] + bytes([raw[at] ^ 1 << self._random.randrange(8)]) + raw[at + 1 :]
        if chance() < self.lost_byte:
            at = self._random.randrange(len(raw))
            raw = raw[:at] + raw[at + 1 :]
        if chance() < self.cut:
            raw = raw[: self._random.randrange(len(raw))]
        if chance() < self.noise:
            raw += self._random.randbytes(self._random.randrange(1, 6))
        return raw
