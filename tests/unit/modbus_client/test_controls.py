"""What becomes of a write: the device machine is real, its line is an image that answers at once, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modbus_client import controls
from modbus_client.controls import Controls
from modbus_client.hooks import HOOKS
from modbus_client.loader.catalogue import load_catalogue
from modbus_client.protocol.effects import Answered, Found
from simulators.modbus.models import make_image
from tests.unit.modbus_client.bench import Bench
from tests.unit.modbus_client.conversation import outcome_of

if TYPE_CHECKING:
    import pytest

    from modbus_client.protocol.request import Outcome
    from simulators.modbus.image import Image

CATALOGUE = load_catalogue(HOOKS)


class Wire:
    """Stands where the driver of a line does: a wake makes the device ask, and its controls hear the answers."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.controls: Controls | None = None
        self.is_dead = False

    def wake(self) -> None:
        while not self.is_dead and self.bench.device.wake_at() == 0.0:
            job = self.bench.device.take(self.bench.now)
            if job is None or job.talk is None:
                return
            assert self.bench.image is not None
            outcome: Outcome = outcome_of(job.request, self.bench.image)
            for effect in self.bench.device.done(job, outcome, 0.01, self.bench.now):
                if isinstance(effect, Answered) and self.controls is not None:
                    self.controls.answered(effect)


def _controls(image: Image, role: str = "grid") -> tuple[Controls, Wire]:
    bench = Bench(CATALOGUE, image)
    (found,) = [effect for effect in bench.until(Found) if isinstance(effect, Found)]
    registers = found.prepared.registers(role)
    bench.device.start(registers, bench.now)
    wire = Wire(bench)
    made: Any = Controls(bench.device, wire, "a device")  # type: ignore[arg-type] # a wire is a driver's part of it
    made.use(found.prepared, registers)
    wire.controls = made
    return made, wire


async def test_a_value_that_the_device_takes_is_accepted() -> None:
    image = make_image("em24")
    made, _ = _controls(image)
    assert made.handles("/PhaseConfig")
    assert await made.write("/PhaseConfig", 3) is True
    assert image.registers["h", 0x1002] == 3


async def test_a_value_that_the_device_refuses_is_refused_with_the_reason() -> None:
    image = make_image("em24")
    image.read_only.add(("h", 0x1002))
    made, _ = _controls(image)
    assert await made.write("/PhaseConfig", 3) is False
    assert made.last_refusal == "/PhaseConfig: refused with exception 4 (device failure)"


async def test_a_device_that_does_not_answer_has_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "ANSWER_LIMIT_S", 0.05)
    image = make_image("em24")
    made, wire = _controls(image)
    wire.is_dead = True
    assert await made.write("/PhaseConfig", 3) is False
    assert "no answer within 0.05 s" in made.last_refusal
    wire.is_dead = False
    wire.bench.now += 1e9  # whatever the clock says then, the write must not happen late
    wire.wake()
    assert image.registers["h", 0x1002] == 0


async def test_what_no_register_stands_for_is_not_handled() -> None:
    made, _ = _controls(make_image("em24"))
    assert not made.handles("/Ac/Power")
    assert await made.write("/Ac/PowerLimit", 100.0, 4200.0) is False


async def test_a_power_limit_needs_the_rated_power_and_keeps_its_interval() -> None:
    image = make_image("growatt")
    made, _ = _controls(image, "pvinverter")
    assert await made.write("/Ac/PowerLimit", 2100.0, None) is False
    assert "rated power" in made.last_refusal
    assert await made.write("/Ac/PowerLimit", 2100.0, 4200.0) is True
    assert image.registers["h", 3] == 50
    assert await made.write("/Ac/PowerLimit", 0.0, 4200.0) is True  # too early: kept for later, and not below 2 %
    assert image.registers["h", 3] == 50
    assert await made.force_limit(0.0, 4200.0) is True
    assert image.registers["h", 3] == 2


async def test_a_momentary_command_is_taken_and_not_shown() -> None:
    image = make_image("dse")
    made, _ = _controls(image, "genset")
    assert await made.write("/EnableRemoteStartMode", 1) is None
    assert image.registers["h", 4104] == 35701
    assert await made.write("/EnableRemoteStartMode", 5) is False


async def test_vregs_of_a_device_without_them_fail() -> None:
    made, _ = _controls(make_image("em24"))
    assert await made.vreg_get(0x010C) == bytes([0x80, 0x00])
    assert await made.vreg_set(0x010C, b"x") == bytes([0x81, 0x00])
