"""The buses on which everything must behave alike: in memory, and a real dbus-daemon with either library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.network import Network

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(
    params=[
        "memory",
        pytest.param("dbus_fast", marks=pytest.mark.peer),
        pytest.param("dbus_next", marks=pytest.mark.peer),
    ]
)
async def network(request: pytest.FixtureRequest) -> AsyncIterator[Network]:
    daemon = None if request.param == "memory" else request.getfixturevalue("dbus_daemon")
    network = Network(request.param, daemon)
    yield network
    await network.close()
