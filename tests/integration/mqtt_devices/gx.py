"""A GX with real bus, real broker and the real daemon process, and what the tests do with it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

import aiomqtt

from simulators.gx.gateway import GatewaySimulator
from simulators.gx.settings import SettingsSimulator
from simulators.gx.system import SystemSimulator
from tests.peers.missing_stdlib import gx_environment, gx_module_command
from tests.peers.process import Peer
from velib_async.bus import BUS_ITEM, Bus, open_bus
from velib_async.errors import CallError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.peers.dbus import DBusDaemon
    from tests.peers.mosquitto import Mosquitto

PORTAL = "c0619ab00000"
# For everything that happens within milliseconds on an idle machine.
LIMIT_S = 60.0
_POLL_S = 0.05


class MqttDevicesProcess(Peer):
    """The daemon on a Python that lacks what a GX lacks."""

    def __init__(self, bus: str, port: int, directory: Path, *arguments: str, before: str = "") -> None:
        command = gx_module_command("mqtt_devices", "-b", bus, "--mqtt-port", str(port), *arguments, before=before)
        paths = {f"VENUS_DAEMONS_{name}": str(directory / name.lower()) for name in ("DATA", "RUN", "LOG")}
        for path in paths.values():
            (directory / path).mkdir(parents=True, exist_ok=True)
        super().__init__("mqtt-devices", command, env=gx_environment(**paths))

    def is_ready(self) -> bool:
        """Say whether it has begun; what it waits for may still be missing."""
        return " starts, pid " in self.output


class GX:
    """A simulated GX. `await gx.start(...)` brings parts up; leaving the context ends all."""

    def __init__(self, bus: DBusDaemon, broker: Mosquitto, directory: Path, library: str) -> None:
        self.dbus = bus
        self.broker = broker
        self.directory = directory
        self.library = library
        self.daemon_address = bus.address
        self.before = ""  # statements that the daemon runs first
        self.settings_file = directory / "settings.xml"
        self._stack = AsyncExitStack()
        self._parts: dict[str, AsyncExitStack] = {}
        self._messages: defaultdict[str, list[bytes]] = defaultdict(list)
        self._arrived = asyncio.Event()
        self.daemon: MqttDevicesProcess | None = None
        self.bus: Bus

    async def __aenter__(self) -> Self:
        self.bus = await open_bus(self.dbus.address)
        self._stack.push_async_callback(self.bus.close)
        return self

    async def __aexit__(self, *error: object) -> None:
        if self.daemon is not None:
            await asyncio.to_thread(self.daemon.close)
        for part in reversed(list(self._parts)):
            await self.stop(part)
        await self._stack.aclose()

    # Parts

    async def start(self, *parts: str) -> None:
        """Start parts: settings, system, gateway, client (all when none is named)."""
        for part in parts or ("settings", "system", "gateway", "client"):
            stack = AsyncExitStack()
            if part == "settings":
                await stack.enter_async_context(SettingsSimulator(self.dbus.address, file=self.settings_file))
            elif part == "system":
                await stack.enter_async_context(SystemSimulator(self.dbus.address, portal_id=PORTAL))
            elif part == "gateway":
                gateway = GatewaySimulator(self.dbus.address, port=self.broker.port, portal_id=PORTAL)
                await stack.enter_async_context(gateway)
                await gateway.wait_connected()
            else:
                await self._start_client(stack)
            self._parts[part] = stack

    async def stop(self, part: str) -> None:
        """Stop a part."""
        await self._parts.pop(part).aclose()

    async def start_daemon(self, *arguments: str) -> MqttDevicesProcess:
        """Start the daemon; when it ran before, a new one with the same data."""
        if self.daemon is not None:
            await asyncio.to_thread(self.daemon.close)
        chosen = ("--dbus-library", self.library, *arguments)
        self.daemon = MqttDevicesProcess(
            self.daemon_address, self.broker.port, self.directory, *chosen, before=self.before
        )
        await asyncio.to_thread(self.daemon.start)
        return self.daemon

    async def start_all(self, *arguments: str) -> MqttDevicesProcess:
        """Start everything, and wait until the daemon listens."""
        await self.start()
        daemon = await self.start_daemon(*arguments)
        await self.wait_log("is connected")
        return daemon

    async def wait_log(self, text: str, count: int = 1) -> None:
        """Wait until the daemon's log holds `text` so many times."""
        await self.wait(lambda: self.daemon is not None and self.daemon.output.count(text) >= count, f"log: {text}")

    async def wait(self, is_true: Callable[[], bool], what: str) -> None:
        """Wait for a condition; fails with the daemon's last lines."""
        end = time.monotonic() + LIMIT_S
        while not is_true():
            if time.monotonic() > end:
                output = self.daemon.output[-3000:] if self.daemon else ""
                raise AssertionError(f"did not happen within {LIMIT_S:g} s: {what}\n{output}")
            await asyncio.sleep(_POLL_S)

    # MQTT

    async def publish(self, topic: str, payload: object, *, retain: bool = False) -> None:
        """Publish bytes or text as they are, anything else as JSON."""
        raw = payload if isinstance(payload, bytes | str) else json.dumps(payload)
        await self.client.publish(topic, raw, retain=retain)

    async def status(self, client_id: str = "fe001", **fields: Any) -> None:
        """Publish a Status."""
        message = {"clientId": client_id, "connected": 1, "version": "v1", "services": {"t1": "temperature"}, **fields}
        await self.publish(f"device/{client_id}/Status", message)

    async def register(self, client_id: str = "fe001", **fields: Any) -> dict[str, Any]:
        """Publish a Status and return the reply."""
        self.forget(f"device/{client_id}/DBus")
        await self.status(client_id, **fields)
        reply: dict[str, Any] = await self.receive(f"device/{client_id}/DBus")
        return reply

    def forget(self, topic: str) -> None:
        """Drop what was received on a topic."""
        self._messages.pop(topic, None)

    async def receive(self, topic: str) -> Any:
        """The next JSON message on a topic, of those received and those to come."""
        await self.wait(lambda: bool(self._messages[topic]), f"message on {topic}")
        return json.loads(self._messages[topic].pop(0))

    async def _start_client(self, stack: AsyncExitStack) -> None:
        self.client = await stack.enter_async_context(aiomqtt.Client("127.0.0.1", self.broker.port))
        for topic in ("device/#", "N/#", "W/#"):
            await self.client.subscribe(topic)
        task = asyncio.create_task(self._collect(self.client))

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        stack.push_async_callback(end)

    async def _collect(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            self._messages[str(message.topic)].append(message.payload)

    async def restart_broker(self) -> None:
        """Stop the broker and start it again; the test's own client with it."""
        await self.stop("client")
        await asyncio.to_thread(self.broker.stop)
        await asyncio.to_thread(self.broker.start)
        await self.start("client")

    # D-Bus

    async def names(self) -> set[str]:
        """All names of Venus on the bus."""
        (names,) = await self.bus.call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ListNames"
        )
        return {name for name in names if name.startswith("com.victronenergy.")}

    async def get(self, service: str, path: str) -> Any:
        """A value, None when unknown."""
        (value,) = await self.bus.call(service, path, BUS_ITEM, "GetValue")
        return None if value == [] else value

    async def get_text(self, service: str, path: str) -> str:
        """A text."""
        (text,) = await self.bus.call(service, path, BUS_ITEM, "GetText")
        return str(text)

    async def set(self, service: str, path: str, value: object) -> int:
        """SetValue; returns its code."""
        (code,) = await self.bus.call(service, path, BUS_ITEM, "SetValue", "v", (value,))
        return int(code)

    async def setting(self, path: str) -> Any:
        """A value of localsettings."""
        return await self.get("com.victronenergy.settings", path)

    async def wait_value(self, service: str, path: str, value: object) -> None:
        """Wait until a path has a value of this type."""
        end = time.monotonic() + LIMIT_S
        found: Any = None
        while time.monotonic() < end:
            with contextlib.suppress(CallError):
                found = await self.get(service, path)
            if found == value and type(found) is type(value):
                return
            await asyncio.sleep(_POLL_S)
        raise AssertionError(f"{service}{path} is {found!r}, not {value!r}, after {LIMIT_S:g} s")

    async def wait_names(
        self, *, present: tuple[str, ...] = (), absent: tuple[str, ...] = (), poll_s: float = _POLL_S
    ) -> None:
        """Wait until names are there and others are not."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            names = await self.names()
            if set(present) <= names and not names & set(absent):
                return
            await asyncio.sleep(poll_s)
        raise AssertionError(f"names are {sorted(names)}")


def temperature(client_id: str = "fe001", service_id: str = "t1") -> str:
    """The bus name of a temperature service."""
    return f"com.victronenergy.temperature.mqtt_{client_id}_{service_id}"
