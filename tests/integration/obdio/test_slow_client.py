"""A client that does not take what it is sent must cost neither memory nor the others' values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from obdio.clients import MAX_BACKLOG
from tests.integration.obdio.program import ObdProgram, connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.obd.vehicle import Vehicle

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]

SEPARATOR = "\x1e"
"""Between the packets of one answer, by Engine.IO's protocol."""


class PollingClient:
    """Socket.IO by long polling, which takes its packets only when it asks for them."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = f"{url}/socket.io/?EIO=4&transport=polling"

    async def open(self, *watched: str) -> None:
        """Connect and watch."""
        handshake = (await self.take())[0]
        self._url += "&sid=" + handshake.split('"sid":"', 1)[1].split('"', 1)[0]
        await self._send("40")
        while not any(packet.startswith("40") for packet in await self.take()):
            pass
        names = ",".join(f'"{name}"' for name in watched)
        await self._send(f'42["watch",[{names}]]')

    async def take(self) -> list[str]:
        """Take what waits."""
        async with self._session.get(self._url) as answer:
            return (await answer.text()).split(SEPARATOR)

    async def _send(self, packet: str) -> None:
        async with self._session.post(self._url, data=packet) as answer:
            assert answer.status == 200


async def test_a_client_that_takes_nothing_is_left_out_until_it_does(
    shared_vehicle: Vehicle, free_port: Callable[[], int]
) -> None:
    tcp = free_port()
    script = (
        f"import obdio; io = obdio.OBDio(); io.connect_obd({shared_vehicle.port!r}, protocol='6', delay_cmds=0.001);"
        f"io.create_server(); io.run_server(port={tcp})"
    )
    with ObdProgram(script, tcp) as program:
        async with aiohttp.ClientSession() as session, connected(program.url) as other:
            slow = PollingClient(session, program.url)
            await slow.open("RPM")
            await other.ask("watch", ["RPM"])
            await other.until(lambda: len(other.values("RPM")) > MAX_BACKLOG + 200)
            waiting = [packet for packet in await slow.take() if "watching" in packet]
            assert MAX_BACKLOG / 2 < len(waiting) <= MAX_BACKLOG + 20  # those of one batch may come on top
            count = len(other.values("RPM"))
            await other.until(lambda: len(other.values("RPM")) > count + 20)
            assert any("watching" in packet for packet in await slow.take())
