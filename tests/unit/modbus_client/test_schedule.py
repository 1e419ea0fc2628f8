"""Whose turn it is on a line that is full."""

from __future__ import annotations

from dataclasses import replace

from modbus_client.hooks import HOOKS
from modbus_client.loader.catalogue import load_catalogue
from modbus_client.protocol.device import Device
from modbus_client.protocol.effects import Found
from modbus_client.protocol.job import State
from modbus_client.protocol.schedule import Schedule
from modbus_client.protocol.spec import parse_spec
from simulators.modbus.models import make_image
from tests.unit.modbus_client.conversation import outcome_of

REQUEST_S = 0.2  # 80 registers at 9600 baud
CATALOGUE = load_catalogue(HOOKS)


def _device(unit: int, definition: str) -> Device:
    spec = parse_spec(f"rtu:ttyUSB0:9600:{unit}")
    return Device(spec=spec, candidates=CATALOGUE.choice(spec, definition), hooks=HOOKS, now=0.0)


def test_a_device_that_wakes_beside_one_that_fills_the_line_is_found_soon() -> None:
    meter, inverter = _device(1, "eastron_sdm"), _device(2, "growatt_min")
    images = {1: make_image("sdm630"), 2: make_image("growatt")}
    schedule, now, woke_at, asked = Schedule([meter]), 0.0, 0.0, {1: 0, 2: 0}
    while inverter.state is State.SEEKING:
        turn = schedule.take(now)
        assert turn is not None, "the line is never idle"
        device, job = turn
        now += REQUEST_S
        asked[device.spec.unit] += 1
        effects = device.done(job, outcome_of(job.request, images[device.spec.unit]), REQUEST_S, now)
        for effect in effects:
            if isinstance(effect, Found) and device is meter:
                registers = [replace(register, age_s=0.0) for register in effect.prepared.registers("grid")]
                device.start(registers, now)
                schedule.devices.append(inverter)
                woke_at = now
        assert now < woke_at + 10.0  # of the clock in this test; the device itself takes four requests
    assert asked[1] > asked[2], "the fast one goes first all the same"
