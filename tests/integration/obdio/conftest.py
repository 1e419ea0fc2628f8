from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulators.obd.vehicle import Vehicle

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared_vehicle() -> Iterator[Vehicle]:
    """A vehicle for tests that leave it as it was."""
    with Vehicle() as vehicle:
        yield vehicle


@pytest.fixture
def vehicle() -> Iterator[Vehicle]:
    with Vehicle() as vehicle:
        yield vehicle
