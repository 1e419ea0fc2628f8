"""modbus-client as a process of its own, with everything around it that it has on a GX."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Self

from simulators.gx.settings import SettingsSimulator
from tests.peers.dbus import DBusDaemon
from tests.peers.missing_stdlib import gx_environment, gx_module_command
from tests.peers.process import Peer
from velib_async.bus import Bus, open_bus
from velib_async.errors import CallError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PATIENCE_S = 40.0  # a loaded machine; what is waited for takes a second or two
TOO_LATE = "no answer within 0.9 s"  # the daemon refuses what the device does not confirm in time
ITEM = "com.victronenergy.BusItem"


def client_environment(directory: Path) -> dict[str, str]:
    """Return the environment of a daemon whose data lie in `directory`."""
    return gx_environment(VENUS_DAEMONS_DATA=str(directory), VENUS_DAEMONS_RUN=str(directory / "run"))


class Installation:
    """A private D-Bus with simulated settings, and the daemon on it. Use it as an async context."""

    def __init__(
        self,
        directory: Path,
        *arguments: str,
        config: str = "",
        library: str = "dbus_fast",
        prefix: Sequence[str] = (),
    ) -> None:
        self.directory = directory
        self._prefix = prefix  # a program that runs the daemon
        self.dbus = DBusDaemon()
        (directory / "conf/venus-daemons").mkdir(parents=True)
        silent = "" if "discovery:" in config else "discovery: false\n"
        (directory / "conf/venus-daemons/modbus-client.yml").write_text(silent + config)
        self.arguments = [*arguments, "--dbus-library", library]
        self.address = ""  # where the daemon finds its bus; empty: directly
        self.peer: Peer | None = None
        self.bus: Bus

    async def __aenter__(self) -> Self:
        self.dbus.start()
        self.settings = SettingsSimulator(self.dbus.address)
        await self.settings.__aenter__()
        self.bus = await open_bus(self.dbus.address)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.bus.close()
        if self.peer is not None:
            await asyncio.to_thread(self.peer.close)
        await self.settings.__aexit__(None, None, None)
        self.dbus.close()

    def start(self) -> None:
        """Start the daemon."""
        (self.directory / "run").mkdir(exist_ok=True)
        command = gx_module_command("modbus_client", "-b", self.address or self.dbus.address, *self.arguments)
        self.peer = Peer("modbus-client", [*self._prefix, *command], env=client_environment(self.directory))
        self.peer.start()

    @property
    def output(self) -> str:
        return self.peer.output if self.peer else ""

    async def get(self, service: str, path: str) -> Any:
        """Return a value; None when it is invalid, or there is no such service or path."""
        try:
            (value,) = await self.bus.call(service, path, ITEM, "GetValue")
        except CallError:
            return None
        return None if value == [] else value

    async def text(self, service: str, path: str) -> str:
        (text,) = await self.bus.call(service, path, ITEM, "GetText")
        return str(text)

    async def set(self, service: str, path: str, value: Any) -> int:
        (code,) = await self.bus.call(service, path, ITEM, "SetValue", "v", [value])
        return int(code)

    async def put(self, service: str, path: str, value: Any) -> None:
        """Write a value that is to be accepted; again when the answer came too late, as it may on a busy machine."""
        async with asyncio.timeout(PATIENCE_S):
            told = self.output.count(TOO_LATE)
            while await self.set(service, path, value) != 0:
                told += 1
                assert self.output.count(TOO_LATE) == told, self.output

    async def wait_until(self, is_right: Callable[[], bool], what: str) -> None:
        """Wait until something outside of the bus is as it should be."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while not is_right():
            assert asyncio.get_running_loop().time() < deadline, f"never: {what}\n{self.output}"
            await asyncio.sleep(0.05)

    async def wait_for(self, service: str, path: str, is_right: Callable[[Any], bool]) -> Any:
        """Wait until a value is as it should be; fail with what it was, and the daemon's output."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        value = await self.get(service, path)
        while not is_right(value):
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"{service}{path} is {value!r}\n{self.output}")
            await asyncio.sleep(0.05)
            value = await self.get(service, path)
        return value

    async def wait_value(self, service: str, path: str, expected: float, within: float = 0.06) -> None:
        await self.wait_for(service, path, lambda value: value is not None and abs(value - expected) <= within)

    async def wait_log(self, text: str) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while text not in (output := self.output):
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"{text!r} is not in:\n{output}")
            await asyncio.sleep(0.05)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.directory / "run/modbus-client.json").read_text())
        return found
