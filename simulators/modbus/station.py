"""One simulated unit: what it answers, how soon, and when it does not."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from simulators.modbus.pdu import answer

if TYPE_CHECKING:
    from simulators.modbus.image import Image


@dataclass
class Behaviour:
    """How a simulated device answers, and when it does not."""

    latency_s: float = 0.0
    is_asleep: bool = False
    loss: float = 0.0  # share of requests without an answer
    damage: float = 0.0  # share of answers with a wrong byte
    seed: int = 1
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)


@dataclass
class Station:
    """One unit: its registers and its manners."""

    image: Image
    behaviour: Behaviour = field(default_factory=Behaviour)
    requests: int = 0

    async def reply(self, pdu: bytes) -> bytes | None:
        """Return the answer after the latency; None when there is none."""
        self.requests += 1
        if self.behaviour.latency_s:
            await asyncio.sleep(self.behaviour.latency_s)
        if self.behaviour.is_asleep or self.behaviour.random.random() < self.behaviour.loss:
            return None
        return answer(pdu, self.image)

    def spoil(self, frame: bytes) -> bytes:
        """Return the frame, sometimes with one wrong bit."""
        if self.behaviour.random.random() >= self.behaviour.damage:
            return frame
        place = self.behaviour.random.randrange(len(frame))
        return frame[:place] + bytes([frame[place] ^ 0x40]) + frame[place + 1 :]


class Answering(Protocol):
    """A unit: a simulated station, or a recorded one."""

    async def reply(self, pdu: bytes) -> bytes | None:
        """Return the answer to a request; None when there is none."""

    def spoil(self, frame: bytes) -> bytes:
        """Return a frame as it arrives."""
