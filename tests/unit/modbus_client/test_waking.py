"""A device that is silent at first, or comes back at a bad moment."""

from __future__ import annotations

import pytest

from modbus_client.hooks import HOOKS
from modbus_client.loader.catalogue import Catalogue, load_catalogue
from modbus_client.protocol.effects import Effect, Found, Measured, Trouble, WentDown, WentUp
from tests.unit.modbus_client.bench import Bench


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(HOOKS)


@pytest.mark.parametrize("silences", range(1, 12))
def test_a_known_device_that_wakes_during_a_search_is_found_by_it(catalogue: Catalogue, silences: int) -> None:
    bench = Bench(catalogue)
    bench.start()
    bench.until(Measured)
    image, bench.image = bench.image, None
    bench.until(WentDown)
    for _ in range(silences):
        bench.step()
    bench.image, woke = image, bench.now
    effects = bench.until(Found)
    assert not [e for e in effects if isinstance(e, Trouble) and e.text]
    assert bench.now - woke <= 30.0


@pytest.mark.parametrize("silences", range(1, 12))
def test_a_new_device_that_wakes_during_a_search_is_found_by_it(catalogue: Catalogue, silences: int) -> None:
    bench = Bench(catalogue)
    image, bench.image = bench.image, None
    for _ in range(silences):
        bench.step()
    bench.image, woke = image, bench.now
    effects = bench.until(Found)
    assert not [e for e in effects if isinstance(e, Trouble) and e.text]
    assert bench.now - woke <= 30.0


def test_silence_from_the_start_is_told_once(catalogue: Catalogue) -> None:
    bench = Bench(catalogue)
    image, bench.image = bench.image, None
    effects: list[Effect] = []
    for _ in range(40):
        effects += bench.step()
    assert len([e for e in effects if isinstance(e, WentDown)]) == 1
    bench.image = image
    assert len([e for e in bench.until(Found) if isinstance(e, WentUp)]) == 1
