from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from simulators.obd.vehicle import Vehicle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def shared_vehicle() -> Iterator[Vehicle]:
    """A vehicle for tests that leave it as it was."""
    with Vehicle() as vehicle:
        yield vehicle


@pytest.fixture
def vehicle() -> Iterator[Vehicle]:
    with Vehicle() as vehicle:
        yield vehicle


@pytest.fixture
def free_port() -> Callable[[], int]:
    def find() -> int:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return int(server.getsockname()[1])

    return find
