"""A device machine on a bench: an image answers it, and its clock stands until the device wants something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modbus_client.hooks import HOOKS
from modbus_client.protocol.device import Device
from modbus_client.protocol.effects import Effect, Found
from modbus_client.protocol.request import Failure, Outcome, Reason
from modbus_client.protocol.spec import parse_spec
from simulators.modbus.models import make_image
from tests.unit.modbus_client.conversation import outcome_of

if TYPE_CHECKING:
    from modbus_client.loader.catalogue import Catalogue
    from simulators.modbus.image import Image

TIMEOUT = Failure(Reason.TIMEOUT, text="no answer")


class Bench:
    """A device, its image and a clock that the test moves."""

    def __init__(self, catalogue: Catalogue, image: Image | None = None) -> None:
        spec = parse_spec("tcp:meter:502:1")
        self.now = 0.0
        self.image: Image | None = image or make_image("em24")
        self.device = Device(spec=spec, candidates=catalogue.choice(spec), hooks=HOOKS, now=0.0)
        self.requests: list[object] = []

    def step(self) -> list[Effect]:
        """Let the device make its next request, at the time that it wants."""
        self.now = max(self.now, self.device.wake_at())
        job = self.device.take(self.now)
        if job is None:
            return []
        self.requests.append(job.request)
        outcome: Outcome = outcome_of(job.request, self.image) if self.image else TIMEOUT
        self.now += 0.01 if self.image else job.timeout_s
        return self.device.done(job, outcome, 0.01, self.now)

    def until(self, kind: type, limit: int = 200) -> list[Effect]:
        seen: list[Effect] = []
        for _ in range(limit):
            seen += self.step()
            if any(isinstance(effect, kind) for effect in seen):
                return seen
        raise AssertionError(f"no {kind.__name__} in {limit} requests: {seen}")

    def start(self) -> None:
        (found,) = [e for e in self.until(Found) if isinstance(e, Found)]
        self.device.start(found.prepared.registers("grid"), self.now)
