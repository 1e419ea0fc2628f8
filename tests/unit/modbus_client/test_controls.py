"""What becomes of a write: the device machine is real, its line is an image that answers at once, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modbus_client import controls
from modbus_client.controls import Controls
from modbus_client.hooks import HOOKS
from modbus_client.loader.catalogue import load_catalogue
from modbus_client.protocol.effects import Answered, Found, WentDown
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


async def test_a_limit_that_was_refused_is_not_said_to_be_taken_a_second_later() -> None:
    image = make_image("growatt")
    image.registers["h", 2] = 1  # it would store each limit in its flash
    made, _ = _controls(image, "pvinverter")
    assert await made.write("/Ac/PowerLimit", 2100.0, 4200.0) is False
    assert await made.write("/Ac/PowerLimit", 2100.0, 4200.0) is False  # too early to ask the inverter again
    assert image.registers["h", 3] != 50


async def test_a_limit_that_is_refused_again_and_again_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    image = make_image("growatt")
    image.registers["h", 2] = 1
    made, _ = _controls(image, "pvinverter")
    await made.write("/Ac/PowerLimit", 2100.0, 4200.0)
    assert made.set_point is not None
    made.set_point.interval_s = 0.0
    assert [await made.tick() for _ in range(3)] == [False, False, False]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    image.registers["h", 2] = 0
    assert await made.tick() is True
    assert made.limit_w == 2100.0
    assert image.registers["h", 3] == 50
    assert await made.tick() is None


async def test_what_one_inverter_was_told_is_not_told_to_the_one_that_takes_its_place() -> None:
    image = make_image("growatt")
    made, wire = _controls(image, "pvinverter")
    assert await made.write("/Ac/PowerLimit", 2100.0, 4200.0) is True
    prepared = wire.bench.device.prepared
    assert prepared is not None
    made.use(prepared, [])  # looked at again, and the same one
    assert made.set_point is not None
    assert made.set_point.wanted == 50.0
    made.use(replace(prepared, ident="pv_other"), [])
    assert made.set_point.wanted is None


async def test_nothing_is_written_to_what_is_not_identified() -> None:
    image = make_image("growatt")
    made, wire = _controls(image, "pvinverter")
    made.set_point.wanted = 50.0  # type: ignore[union-attr]  # it has one
    wire.bench.image = None
    wire.bench.until(WentDown)
    wire.bench.image = make_image("dse")  # another device is at this address now
    before = dict(wire.bench.image.registers)
    assert await made.write("/Ac/PowerLimit", 2100.0, 4200.0) is False
    assert await made.tick() is None
    assert await made.force_limit(0.0, 4200.0) is False
    assert wire.bench.image.registers == before
    assert "not identified" in made.last_refusal
