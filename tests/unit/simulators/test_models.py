"""The physics of the simulated things stays within nature, however time is cut."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.mqtt.gps import METRES_PER_DEGREE, Boat
from simulators.mqtt.pvinverter import DAY_S, PvInverter
from simulators.mqtt.tank import WASTE_WATER, Tank
from simulators.mqtt.temperature import OFF_BELOW_C, ON_ABOVE_C, Fridge

if TYPE_CHECKING:
    from simulators.mqtt.model import Model

steps = st.lists(st.floats(0.0, 5.0), min_size=1, max_size=60)
seeds = st.integers(0, 10**6)


def noise(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - noise of a sensor


def number(model: Model, path: str) -> float:
    value = model.values()[path]
    assert isinstance(value, int | float)
    return value


@pytest.mark.parametrize("model", [Tank(), Fridge(), Boat(), PvInverter()])
def test_every_value_is_finite_and_every_path_begins_with_a_capital(model: Model) -> None:
    model.advance(1.0)
    for path, value in {**model.setup(), **model.values()}.items():
        assert path[0].isupper()
        assert isinstance(value, str) or math.isfinite(value)
    assert str(model.setup()["CustomName"]).startswith("Simulated ")


@given(seeds, steps)
def test_a_tank_stays_between_empty_and_full(seed: int, elapsed: list[float]) -> None:
    tank = Tank(capacity_m3=0.2, noise=noise(seed))
    for seconds in elapsed:
        tank.advance(seconds)
        assert 0 <= number(tank, "Level") <= 100
        assert number(tank, "Remaining") == pytest.approx(number(tank, "Level") / 100 * 0.2, abs=1e-4)


def test_a_tank_is_used_up_and_refilled() -> None:
    tank = Tank(noise=noise(1))
    levels = []
    for _ in range(7200):
        tank.advance(1.0)
        levels.append(number(tank, "Level"))
    assert min(levels) < 11
    assert max(levels) > 95


def test_a_waste_tank_fills_and_is_pumped_out() -> None:
    tank = Tank(fluid=WASTE_WATER, filled=0.3, noise=noise(1))
    assert tank.values() == {"Level": 30.0, "Remaining": 0.06}
    tank.advance(1.0)
    assert number(tank, "Level") > 30
    levels = []
    for _ in range(7200):
        tank.advance(1.0)
        levels.append(number(tank, "Level"))
    assert max(levels) > 89
    assert min(levels) < 5


def test_a_fridge_keeps_between_the_limits_of_its_thermostat() -> None:
    fridge = Fridge(noise=noise(1))
    seen = []
    for _ in range(3600):
        fridge.advance(1.0)
        seen.append(number(fridge, "Temperature"))
    assert OFF_BELOW_C - 0.5 < min(seen) < OFF_BELOW_C + 0.5
    assert ON_ABOVE_C - 0.5 < max(seen) < ON_ABOVE_C + 0.5


@given(seeds, steps)
def test_a_boat_moves_as_far_as_its_speed_says(seed: int, elapsed: list[float]) -> None:
    boat = Boat(radius_m=400.0, speed_m_per_s=3.0, noise=noise(seed))
    for seconds in elapsed:
        before = number(boat, "Position/Latitude"), number(boat, "Position/Longitude")
        boat.advance(seconds)
        north_m = (number(boat, "Position/Latitude") - before[0]) * METRES_PER_DEGREE
        east_m = (number(boat, "Position/Longitude") - before[1]) * METRES_PER_DEGREE * math.cos(math.radians(52.6))
        assert math.hypot(north_m, east_m) == pytest.approx(3.0 * seconds, abs=0.5)
        assert 0 <= number(boat, "Course") < 360


def test_a_boat_heads_where_it_goes() -> None:
    boat = Boat()
    before = number(boat, "Position/Latitude"), number(boat, "Position/Longitude")
    boat.advance(1.0)
    north = number(boat, "Position/Latitude") - before[0]
    east = (number(boat, "Position/Longitude") - before[1]) * math.cos(math.radians(52.6))
    assert math.degrees(math.atan2(east, north)) % 360 == pytest.approx(number(boat, "Course"), abs=3)


@given(seeds, steps)
def test_an_inverter_obeys_ohm_and_counts_its_energy(seed: int, elapsed: list[float]) -> None:
    inverter = PvInverter(peak_w=3000.0, noise=noise(seed))
    for seconds in elapsed:
        before = number(inverter, "Ac/Energy/Forward")
        inverter.advance(seconds)
        power_w = number(inverter, "Ac/L1/Power")
        assert 0 <= power_w <= 3000
        product = number(inverter, "Ac/L1/Voltage") * number(inverter, "Ac/L1/Current")
        assert product == pytest.approx(power_w, abs=0.5)
        gained_kwh = number(inverter, "Ac/Energy/Forward") - before
        assert gained_kwh == pytest.approx(power_w * seconds / 3.6e6, abs=2e-4)


def test_an_inverter_rests_at_night() -> None:
    inverter = PvInverter(noise=noise(1))
    seen = []
    for _ in range(int(DAY_S)):
        inverter.advance(1.0)
        seen.append((number(inverter, "Ac/Power") > 0, number(inverter, "StatusCode")))
    assert set(seen) == {(True, 7), (False, 8)}
