"""A running service as an operator sees it, with dbus-send and busctl."""

from __future__ import annotations

import asyncio
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.peers.process import find_program
from velib_async.bus import Library, open_bus
from velib_async.service import DoubleItem, IntegerItem, Service, TextItem
from velib_async.vreglink import VREG_LINK, VregLinkItem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.peers.dbus import DBusDaemon

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]

NAME = "com.victronenergy.grid.example"


@pytest.fixture(params=["dbus_fast", "dbus_next"])
async def service(dbus_daemon: DBusDaemon, request: pytest.FixtureRequest) -> AsyncIterator[Service]:
    library: Library = "dbus_next" if request.param == "dbus_next" else "dbus_fast"
    bus = await open_bus(dbus_daemon.address, library=library)
    async with Service(bus, NAME) as service:
        service.add_item(IntegerItem("/DeviceInstance", 30))
        service.add_item(DoubleItem("/Ac/L1/Power", 12.5, text=lambda v: f"{v:.0f} W"))
        service.add_item(DoubleItem("/Ac/L2/Power", None))
        service.add_item(IntegerItem("/Mode", 1, writeable=True, onchange=lambda v: v != 3, minimum=0, maximum=5))
        service.add_item(TextItem("/CustomName", "Grid", writeable=True))
        await service.register()
        yield service
    await bus.close()


async def run(*command: str) -> str:
    program = find_program(command[0])
    result = await asyncio.to_thread(
        subprocess.run, [program, *command[1:]], capture_output=True, text=True, timeout=30, check=False
    )
    return result.stdout + result.stderr


async def dbus_send(daemon: DBusDaemon, path: str, member: str, *arguments: str) -> list[str]:
    output = await run(
        "dbus-send",
        f"--bus={daemon.address}",
        "--print-reply=literal",
        f"--dest={NAME}",
        path,
        f"com.victronenergy.BusItem.{member}",
        *arguments,
    )
    return output.split()


async def busctl(daemon: DBusDaemon, path: str, member: str, *arguments: str) -> str:
    address = f"--address={daemon.address}"
    return (await run("busctl", address, "call", NAME, path, "com.victronenergy.BusItem", member, *arguments)).strip()


async def test_values_read_with_dbus_send(dbus_daemon: DBusDaemon, service: Service) -> None:
    assert service["/Mode"] == 1
    assert await dbus_send(dbus_daemon, "/Ac/L1/Power", "GetValue") == ["variant", "double", "12.5"]
    assert await dbus_send(dbus_daemon, "/Ac/L1/Power", "GetText") == ["12", "W"]
    node = await dbus_send(dbus_daemon, "/Ac", "GetValue")
    assert "L1/Power" in node
    assert "/Ac/L1/Power" not in node
    root = await dbus_send(dbus_daemon, "/", "GetValue")
    assert {"DeviceInstance", "Ac/L1/Power", "Ac/L2/Power", "Mode", "CustomName"} <= set(root)
    assert "Error" in (await dbus_send(dbus_daemon, "/Nowhere", "GetValue"))[0]


async def test_values_written_with_dbus_send(dbus_daemon: DBusDaemon, service: Service) -> None:
    for value, expected in (("int32:2", 0), ("double:4.0", 0), ("int32:3", 2), ("int32:6", 1), ("string:x", 1)):
        assert await dbus_send(dbus_daemon, "/Mode", "SetValue", f"variant:{value}") == ["int32", str(expected)]
    assert service["/Mode"] == 4
    assert await dbus_send(dbus_daemon, "/Ac/L1/Power", "SetValue", "variant:double:1") == ["int32", "1"]


async def test_values_with_busctl(dbus_daemon: DBusDaemon, service: Service) -> None:
    assert await busctl(dbus_daemon, "/Mode", "GetMax") == "v i 5"
    assert await busctl(dbus_daemon, "/Ac/L2/Power", "GetValue") == "v ai 0"
    assert await busctl(dbus_daemon, "/Ac", "GetValue") == 'v a{sv} 2 "L1/Power" d 12.5 "L2/Power" ai 0'
    assert await busctl(dbus_daemon, "/Ac", "GetText") == 'v a{ss} 2 "L1/Power" "12 W" "L2/Power" "---"'
    assert await busctl(dbus_daemon, "/CustomName", "SetValue", "v", "s", "Netz ü") == "i 0"
    assert service["/CustomName"] == "Netz ü"
    items = await busctl(dbus_daemon, "/", "GetItems")
    assert '"/Mode" 4 "Value" i 1 "Text" s "1" "Min" i 0 "Max" i 5' in items


async def test_tree_with_busctl(dbus_daemon: DBusDaemon, service: Service) -> None:
    tree = await run("busctl", f"--address={dbus_daemon.address}", "tree", "--list", NAME)
    assert set(service.items) | {"/", "/Ac", "/Ac/L1", "/Ac/L2"} == set(tree.split())


async def test_registers_with_busctl(dbus_daemon: DBusDaemon, service: Service) -> None:
    async def get_vreg(register: int) -> bytes:
        return b"\0\0" + register.to_bytes(2, "little")

    async def set_vreg(_: int, data: bytes) -> bytes:
        return b"\0\1" + data

    path, address = "/Devices/0/VregLink", f"--address={dbus_daemon.address}"
    service.add_item(VregLinkItem(path, get_vreg, set_vreg))
    description = await run("busctl", address, "introspect", NAME, path)
    assert [line.split()[2:4] for line in description.splitlines() if "etVreg" in line] == [
        ["q", "qay"],
        ["qay", "qay"],
    ]
    assert await run("busctl", address, "call", NAME, path, VREG_LINK, "GetVreg", "q", "258") == "qay 0 2 2 1\n"
    arguments = ("SetVreg", "qay", "258", "1", "9")
    assert await run("busctl", address, "call", NAME, path, VREG_LINK, *arguments) == "qay 1 1 9\n"
