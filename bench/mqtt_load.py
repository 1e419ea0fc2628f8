"""Devices for the benchmark of mqtt-devices: they register and send values, and take the time."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import aiomqtt

if TYPE_CHECKING:
    from collections.abc import Iterable

SERVICES_PER_DEVICE = 10
LIMIT_S = 120.0


class Load:
    """A client that plays all devices. Use as an async context manager."""

    def __init__(self, port: int) -> None:
        self._client = aiomqtt.Client("127.0.0.1", port)
        self._replies: asyncio.Queue[str] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Load:  # noqa: PYI034 - not to be subclassed
        await self._client.__aenter__()
        await self._client.subscribe("device/+/DBus")
        await self._client.subscribe("device/+/Error")
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._client.__aexit__(None, None, None)

    async def register(self, devices: Iterable[str], kind: str, services: int = SERVICES_PER_DEVICE) -> float:
        """Register devices at once; returns the seconds until the last was answered."""
        names = list(devices)
        begin = time.perf_counter()
        for name in names:
            status = {
                "clientId": name,
                "connected": 1,
                "services": {f"s{number}": kind for number in range(services)},
            }
            await self._client.publish(f"device/{name}/Status", json.dumps(status))
        async with asyncio.timeout(LIMIT_S):
            for _ in names:
                await self._replies.get()
        return time.perf_counter() - begin

    async def send_values(self, devices: list[str], per_s: int, seconds: float) -> tuple[int, list[float]]:
        """Send value messages at a steady pace; returns how many, and how long a registration takes meanwhile."""
        count = int(per_s * seconds)
        begin = time.perf_counter()
        lags: list[float] = []
        probing = asyncio.create_task(self._probe(lags))
        try:
            for number in range(count):
                device = devices[number % len(devices)]
                service = number // len(devices) % SERVICES_PER_DEVICE
                values = {"P1": number, "P2": number / 2}
                await self._client.publish(f"device/{device}/s{service}", json.dumps(values))
                ahead_s = begin + number / per_s - time.perf_counter()
                if ahead_s > 0:
                    await asyncio.sleep(ahead_s)
        finally:
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)
        return count, lags

    async def _probe(self, lags: list[float]) -> None:
        while True:
            lags.append(await self.register(["probe"], "benchmark", 0))
            await asyncio.sleep(1)

    async def _read(self) -> None:
        async for message in self._client.messages:
            if str(message.topic).endswith("/Error"):
                payload: Any = message.payload
                raise RuntimeError(f"{message.topic}: {payload!r}")
            self._replies.put_nowait(str(message.topic))
