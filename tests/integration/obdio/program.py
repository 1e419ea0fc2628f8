"""Programs that use obdio, as peers, and clients for them."""

from __future__ import annotations

import asyncio
import sys
import urllib.error
import urllib.request
from collections import defaultdict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import socketio  # type: ignore[import-untyped]

from simulators.peers.process import Peer
from tests.peers.missing_stdlib import gx_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

LIMIT_S = 40.0


class ObdProgram(Peer):
    """A script that ends in run_server(port=port)."""

    def __init__(self, script: Path | str, port: int) -> None:
        super().__init__("obdio program", env=gx_environment())
        path = self.directory / "program.py"
        path.write_text(script if isinstance(script, str) else script.read_text())
        self.command = [sys.executable, str(path)]
        self.port = port

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        """Say whether the server answers."""
        try:
            with urllib.request.urlopen(self.url, timeout=2):  # noqa: S310 - our own server
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False


class Client:
    """A Socket.IO client that keeps what it gets."""

    def __init__(self) -> None:
        self.sio = socketio.AsyncClient(reconnection=False)
        self.got: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.sio.on("*", self._keep)
        self.sio.on("connect_error", self._refused)
        self.refusal = ""

    async def _keep(self, event: str, *args: Any) -> None:
        self.got[event].append(args)

    async def _refused(self, data: Any) -> None:
        self.refusal = str(data)

    async def ask(self, event: str, *args: Any) -> Any:
        """Send an event and return its acknowledgement."""
        data = args[0] if len(args) == 1 else args or None
        return await self.sio.call(event, data, timeout=LIMIT_S)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until condition holds, LIMIT_S at most."""
        async with asyncio.timeout(LIMIT_S):
            while not condition():  # noqa: ASYNC110 - any condition of a test
                await asyncio.sleep(0.02)

    async def until_car(self) -> None:
        """Wait for the car: on a busy machine the adapter may be given up, and be found again."""
        async with asyncio.timeout(LIMIT_S):
            while await self.ask("status") != "Car Connected":  # noqa: ASYNC110 - the server has no event for a test
                await asyncio.sleep(0.1)

    async def until_quiet(self) -> None:
        """Wait until no value is pushed any more; what is under way may still come."""
        async with asyncio.timeout(LIMIT_S):
            count = -1
            while count != len(self.got["watching"]):
                count = len(self.got["watching"])
                await asyncio.sleep(0.5)

    def values(self, name: str) -> list[Any]:
        """Return the values pushed for a command, None where there was none."""
        return [data["value"] for (data,) in self.got["watching"] if data["command"]["name"] == name]


@asynccontextmanager
async def connected(url: str, **options: Any) -> AsyncIterator[Client]:
    """Connect a client; options go to socketio.AsyncClient.connect."""
    client = Client()
    await client.sio.connect(url, transports=["websocket"], **options)
    try:
        yield client
    finally:
        await client.sio.disconnect()


async def wait_for_car(url: str) -> None:
    """Wait until a server that has just been started has a car."""
    async with connected(url) as client:
        await client.until_car()


async def refused_while_running(client: Client) -> None:
    """Confirm clearing until it is refused: the emulator's engine stands still in some of its RPM values."""
    for _ in range(50):
        answer = await client.ask("clear_dtc", {"confirm": 0})
        if "error" in answer:
            assert "the engine runs" in answer["error"]["reason"]
            return
        assert answer["cleared"] is True
    raise AssertionError("never refused")
