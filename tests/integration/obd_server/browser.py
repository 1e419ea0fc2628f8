"""A real headless Chromium, driven over its own DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from simulators.peers.process import Peer, find_program

if TYPE_CHECKING:
    from types import TracebackType

ARTIFACTS = Path(__file__).parents[3] / "artifacts/obd-server"
LIMIT_S = 60.0
MAX_MESSAGE = 64 << 20


class Chromium(Peer):
    """The program; its pages are opened with Page."""

    def __init__(self) -> None:
        super().__init__("chromium")
        self.command = [
            find_program("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-dev-shm-usage", "--remote-debugging-port=0",
            f"--user-data-dir={self.directory / 'profile'}", "about:blank",
        ]  # fmt: skip

    @property
    def _report(self) -> Path:
        return self.directory / "profile/DevToolsActivePort"

    @property
    def debug_url(self) -> str:
        """Where the DevTools protocol is spoken."""
        return f"http://127.0.0.1:{self._report.read_text().split()[0]}"

    def is_ready(self) -> bool:
        """Say whether the protocol's port is known."""
        return self._report.exists() and len(self._report.read_text().split()) > 1


class Page:
    """One page of a fixed size."""

    def __init__(self, chromium: Chromium, url: str, *, width: int = 390, height: int = 844) -> None:
        self._chromium = chromium
        self._url = url
        self._size = (width, height)
        self._numbers = itertools.count(1)
        self.console: list[str] = []

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        async with self._session.put(f"{self._chromium.debug_url}/json/new?about:blank") as answer:
            target = json.loads(await answer.text())
        self._socket = await self._session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=MAX_MESSAGE)
        width, height = self._size
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=True
        )
        await self.send("Runtime.enable")
        await self.send("Log.enable")
        await self.send("Page.enable")
        await self.send("Page.navigate", url=self._url)
        await self.until("location.href !== 'about:blank' && document.readyState === 'complete'")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        await self._session.close()

    async def send(self, method: str, **parameters: Any) -> Any:
        """Send a command of the protocol and return its result."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(LIMIT_S):
            while True:
                message = await self._socket.receive_json()
                if message.get("id") == number:
                    assert "error" not in message, message
                    return message["result"]
                if message.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                    self.console.append(json.dumps(message["params"]))

    async def run(self, script: str) -> Any:
        """Run JavaScript on the page and return its value."""
        result = await self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def until(self, script: str) -> Any:
        """Wait until JavaScript gives something true, LIMIT_S at most."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while not (value := await self.run(script)):  # noqa: ASYNC110 - any condition on a page
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"never true: {script}\n{await self.text()}\n{self.console}") from None
        return value

    async def text(self) -> str:
        """Return all that is to be read."""
        return str(await self.run("document.body.innerText"))

    async def shoot(self, name: str) -> Path:
        """Keep a picture of the whole page."""
        result = await self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path = ARTIFACTS / f"{name}.png"
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(result["data"]))
        return path

    async def press(self, key: str) -> None:
        """Press and release a key, such as Tab."""
        for kind in ("keyDown", "keyUp"):
            await self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=9)
