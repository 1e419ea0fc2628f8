"""The machine of one device, told outcomes one by one; no line, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modbus_client.hooks import HOOKS
from modbus_client.loader.catalogue import load_catalogue
from modbus_client.protocol.device import MAX_TALKS
from modbus_client.protocol.effects import Answered, Found, Measured, Trouble, WentDown, WentUp
from modbus_client.protocol.job import FAST, SEEK, WRITE, State
from modbus_client.protocol.liveness import MAX_RETRY_S
from modbus_client.protocol.request import Write
from modbus_client.protocol.schedule import Schedule
from modbus_client.protocol.writing import write_register
from simulators.modbus.models import make_image
from tests.unit.modbus_client.bench import TIMEOUT, Bench
from tests.unit.modbus_client.conversation import outcome_of

if TYPE_CHECKING:
    from modbus_client.loader.catalogue import Catalogue
    from simulators.modbus.image import Image


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(HOOKS)


def test_a_device_is_found_and_polled(catalogue: Catalogue) -> None:
    bench = Bench(catalogue)
    assert bench.device.priority(0.0) == SEEK
    effects = bench.until(Found)
    assert isinstance(effects[0], WentUp)
    assert bench.device.wake_at() == float("inf")  # until the driver has settled its role
    prepared = bench.device.prepared
    assert prepared is not None
    bench.device.start(prepared.registers("grid"), bench.now)
    assert bench.device.priority(bench.now) == FAST
    (measured,) = [e for e in bench.until(Measured) if isinstance(e, Measured)]
    assert measured.readings["/Ac/Power"] == 1234.0


def test_silence_ends_in_one_word_and_growing_pauses(catalogue: Catalogue) -> None:
    bench = Bench(catalogue)
    bench.start()
    bench.until(Measured)
    bench.image = None
    began = bench.now
    assert len([e for e in bench.until(WentDown) if isinstance(e, WentDown)]) == 1
    assert 5.0 <= bench.now - began <= 8.0
    assert bench.device.state is State.SEEKING
    pauses = []
    for _ in range(12):
        before = bench.now
        assert not [e for e in bench.step() if not isinstance(e, Trouble)]
        pauses.append(bench.now - before)
    assert pauses[0] < 3.0
    assert max(pauses) <= MAX_RETRY_S + 2.0


def test_a_device_that_wakes_is_back_within_half_a_minute(catalogue: Catalogue) -> None:
    bench = Bench(catalogue)
    bench.start()
    bench.until(Measured)
    image, bench.image = bench.image, None
    for _ in range(30):
        bench.step()
    asleep = bench.now
    bench.image = image
    effects = bench.until(Found)
    assert any(isinstance(e, WentUp) for e in effects)
    assert bench.now - asleep <= 30.0
    bench.device.start([], bench.now)


def test_a_single_lost_reply_is_nothing(catalogue: Catalogue) -> None:
    bench = Bench(catalogue)
    bench.start()
    image = bench.image
    for round_number in range(20):
        bench.image = None if round_number % 4 == 3 else image
        assert not [e for e in bench.step() if isinstance(e, WentDown)]


def test_an_unknown_device_says_so_and_is_left_in_peace(catalogue: Catalogue) -> None:
    image = make_image("em24")
    image.put("h", 0x000B, "u16", 9999)
    bench = Bench(catalogue, image)
    effects = bench.until(Trouble)
    while not any(isinstance(e, Trouble) and e.text for e in effects):
        effects += bench.step()
    assert bench.device.wake_at() - bench.now > 20.0


def test_a_dead_address_costs_few_requests(catalogue: Catalogue) -> None:
    bench = Bench(catalogue)
    bench.image = None
    for _ in range(40):
        bench.step()
    assert bench.now > 40 * 5  # mostly pauses
    assert len({str(request) for request in bench.requests}) > 4  # and yet every family gets its turn


def test_a_write_goes_first_and_is_answered(catalogue: Catalogue) -> None:
    bench = Bench(catalogue)
    bench.start()
    device = bench.device
    assert device.prepared is not None
    register = next(r for r in device.prepared.registers("grid") if r.path == "/PhaseConfig")
    ticket, effects = device.talk(write_register(register, 3, None, None), bench.now + 1.0)
    assert not effects
    assert device.priority(bench.now) == WRITE
    assert bench.step() == [Answered(ticket)]
    assert bench.requests[-1] == Write(0x1002, (3,))


def test_a_refused_write_says_what_the_device_said(catalogue: Catalogue) -> None:
    bench = Bench(catalogue)
    bench.start()
    assert bench.image is not None
    bench.image.read_only.add(("h", 0x1002))
    assert bench.device.prepared is not None
    register = next(r for r in bench.device.prepared.registers("grid") if r.path == "/PhaseConfig")
    ticket, _ = bench.device.talk(write_register(register, 3, None, None), bench.now + 1.0)
    assert bench.step() == [Answered(ticket, "refused with exception 4 (device failure)")]


def test_a_write_that_nobody_waits_for_any_more_is_not_made(catalogue: Catalogue) -> None:
    bench = Bench(catalogue)
    bench.start()
    assert bench.device.prepared is not None
    register = next(r for r in bench.device.prepared.registers("grid") if r.path == "/PhaseConfig")
    bench.device.talk(write_register(register, 3, None, None), bench.now - 0.1)
    bench.step()
    assert not any(isinstance(request, Write) for request in bench.requests)


def test_writes_do_not_pile_up(catalogue: Catalogue) -> None:
    bench = Bench(catalogue)
    bench.start()
    assert bench.device.prepared is not None
    register = next(r for r in bench.device.prepared.registers("grid") if r.path == "/PhaseConfig")
    for _ in range(MAX_TALKS):
        assert not bench.device.talk(write_register(register, 3, None, None), 1e9)[1]
    _, effects = bench.device.talk(write_register(register, 3, None, None), 1e9)
    assert isinstance(effects[0], Answered)
    assert "too many" in effects[0].error


def test_a_changed_setup_register_prepares_the_device_anew(catalogue: Catalogue) -> None:
    bench = Bench(catalogue)
    bench.start()
    bench.until(Measured)
    assert bench.image is not None
    bench.image.put("h", 0x1002, "u16", 3)  # one phase now
    (found,) = [e for e in bench.until(Found, 500) if isinstance(e, Found)]
    assert found.prepared.facts["phases"] == (1,)


def _em24_in_another_application() -> Image:
    image = make_image("em24")
    image.put("h", 0xA000, "u16", 0)
    return image


def test_em24_in_another_application_is_put_right(catalogue: Catalogue) -> None:
    image = _em24_in_another_application()
    bench = Bench(catalogue, image)
    bench.until(Found)
    assert image.registers["h", 0xA000] == 7


def test_em24_that_refuses_says_what_to_do(catalogue: Catalogue) -> None:
    image = _em24_in_another_application()
    image.read_only.add(("h", 0xA000))
    image.put("h", 0xA100, "u16", 3)
    bench = Bench(catalogue, image)
    told = [effect for _ in range(40) for effect in bench.step() if isinstance(effect, Trouble) and effect.text]
    assert "front selector is locked" in str(told)


def test_em24_with_a_locked_selector_is_not_written_to(catalogue: Catalogue) -> None:
    image = _em24_in_another_application()
    image.put("h", 0xA100, "u16", 3)
    bench = Bench(catalogue, image)
    bench.until(Trouble, 40)
    for _ in range(40):
        bench.step()
    assert not [request for request in bench.requests if isinstance(request, Write)]


def test_em24_that_does_not_take_the_application_is_rarely_written_to(catalogue: Catalogue) -> None:
    image = _em24_in_another_application()
    image.on_write = lambda at, _: image.put("h", at, "u16", 0)
    bench = Bench(catalogue, image)
    while bench.now < 7100.0:
        bench.step()
    assert len([request for request in bench.requests if isinstance(request, Write)]) == 2


def test_power_goes_first_and_nobody_starves(catalogue: Catalogue) -> None:
    """Two polled devices and one that is dead share a line on which each request takes 0.4 s."""
    benches = [Bench(catalogue) for _ in range(3)]
    benches[2].image = None
    for bench in benches[:2]:
        bench.start()
    schedule = Schedule([bench.device for bench in benches])
    now, served = 1.0, {id(bench.device): 0 for bench in benches}
    for _ in range(300):
        turn = schedule.take(now)
        if turn is None:
            now = max(now, schedule.wake_at())
            continue
        device, job = turn
        served[id(device)] += 1
        image = next(bench.image for bench in benches if bench.device is device)
        now += 0.4
        device.done(job, outcome_of(job.request, image) if image else TIMEOUT, 0.4, now)
    first, second, dead = (served[id(bench.device)] for bench in benches)
    assert abs(first - second) <= 0.2 * first
    assert 2 <= dead <= 0.2 * first
