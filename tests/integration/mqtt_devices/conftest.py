from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.integration.mqtt_devices.gx import GX

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.peers.dbus import DBusDaemon
    from tests.peers.mosquitto import Mosquitto


@pytest.fixture
def library() -> str:
    """Overridden by tests that run on both."""
    return "dbus_fast"


@pytest_asyncio.fixture
async def gx(dbus_daemon: DBusDaemon, mosquitto: Mosquitto, tmp_path: Path, library: str) -> AsyncIterator[GX]:
    """A GX on which nothing runs yet."""
    async with GX(dbus_daemon, mosquitto, tmp_path, library) as whole:
        yield whole
