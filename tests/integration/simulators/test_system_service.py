"""The system service, and with it any service made of items, asked by dbus-send and over raw D-Bus."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from dbus_fast import DBusError, Variant

from simulators.gx.connection import Connection
from simulators.gx.items import Item, ItemsService
from simulators.gx.system import SYSTEM_SERVICE, SystemSimulator
from simulators.gx.wire import BUS_ITEM, to_plain
from simulators.peers.process import find_program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dbus_fast import Message

    from tests.peers.dbus import DBusDaemon

pytestmark = pytest.mark.peer

LIMIT_S = 20.0
PORTAL = "c0619ab00000"


@pytest.fixture
async def system(dbus_daemon: DBusDaemon) -> AsyncIterator[SystemSimulator]:
    async with SystemSimulator(dbus_daemon.address, portal_id=PORTAL) as simulator:
        yield simulator


async def send(address: str, path: str, member: str, *arguments: str) -> str:
    command = (f"--bus={address}", "--print-reply=literal", f"--dest={SYSTEM_SERVICE}", path, f"{BUS_ITEM}.{member}")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        find_program("dbus-send"), *command, *arguments, stdout=pipe, stderr=pipe
    )
    output, errors = await process.communicate()
    return " ".join((output + errors).decode().split())


@pytest.mark.usefixtures("system")
async def test_dbus_send_reads_and_writes(dbus_daemon: DBusDaemon) -> None:
    bus = dbus_daemon.address
    assert await send(bus, "/Serial", "GetValue") == f"variant {PORTAL}"
    assert await send(bus, "/FirmwareVersion", "GetValue") == "variant array [ ]"
    assert await send(bus, "/FirmwareVersion", "GetText") == "---"
    assert await send(bus, "/Relay/0/State", "GetMax") == "variant int32 1"
    assert await send(bus, "/Relay/0/State", "SetValue", "variant:int32:1") == "int32 0"
    assert await send(bus, "/Relay/0/State", "GetValue") == "variant int32 1"
    assert await send(bus, "/Relay/0/State", "SetValue", "variant:int32:7") == "int32 2"
    assert await send(bus, "/Serial", "SetValue", "variant:string:x") == "int32 1"
    assert "UnknownObject" in await send(bus, "/None", "GetValue")
    assert "UnknownMethod" in await send(bus, "/Relay", "SetValue", "variant:int32:1")


@pytest.mark.usefixtures("system")
async def test_inner_nodes_answer_with_their_tree(dbus_daemon: DBusDaemon) -> None:
    async with Connection(dbus_daemon.address) as connection:

        async def ask(path: str, member: str) -> Any:
            return to_plain((await connection.call(SYSTEM_SERVICE, path, BUS_ITEM, member))[0])

        assert await ask("/Relay", "GetValue") == {"0/State": 0}
        assert (await ask("/", "GetValue"))["Mgmt/ProcessName"] == "simulators.gx"
        assert (await ask("/", "GetItems"))["/Relay/0/State"] == {"Value": 0, "Text": "0", "Min": 0, "Max": 1}
        xml = await connection.call(SYSTEM_SERVICE, "/Relay", "org.freedesktop.DBus.Introspectable", "Introspect")
        assert '<node name="0"/>' in xml[0]


async def test_changes_of_one_turn_are_one_signal_and_leaving_invalidates(dbus_daemon: DBusDaemon) -> None:
    signals: asyncio.Queue[Any] = asyncio.Queue()

    def note(message: Message) -> None:
        if message.member == "ItemsChanged":
            signals.put_nowait(to_plain(message.body[0]))

    items = {"/A": Item(1), "/B": Item(1.0, unit="V"), "/C": Item("same")}
    async with Connection(dbus_daemon.address, on_signal=note) as connection:
        await connection.match(f"type='signal',interface='{BUS_ITEM}'")
        async with ItemsService(dbus_daemon.address, "com.victronenergy.test.one", items) as service:
            service["/A"], service["/B"], service["/C"] = 2, 12.5, "same"
            first = await asyncio.wait_for(signals.get(), LIMIT_S)
            assert first == {"/A": {"Value": 2, "Text": "2"}, "/B": {"Value": 12.5, "Text": "12.5 V"}}
        last = await asyncio.wait_for(signals.get(), LIMIT_S)
        assert last == {path: {"Value": None, "Text": "---"} for path in items}


@pytest.mark.usefixtures("system")
async def test_a_taken_name_is_refused(dbus_daemon: DBusDaemon) -> None:
    with pytest.raises(DBusError, match="is taken"):
        async with SystemSimulator(dbus_daemon.address, portal_id=PORTAL):
            pass


@pytest.mark.usefixtures("system")
async def test_a_write_without_reply_is_done_too(dbus_daemon: DBusDaemon) -> None:
    command = (f"--bus={dbus_daemon.address}", "--type=method_call", f"--dest={SYSTEM_SERVICE}", "/Relay/0/State")
    process = await asyncio.create_subprocess_exec(
        find_program("dbus-send"), *command, f"{BUS_ITEM}.SetValue", "variant:int32:1"
    )
    assert await process.wait() == 0
    async with Connection(dbus_daemon.address) as connection, asyncio.timeout(LIMIT_S):
        ask = (SYSTEM_SERVICE, "/Relay/0/State", BUS_ITEM, "GetValue")
        while await connection.call(*ask) != [Variant("i", 1)]:  # noqa: ASYNC110 - asked, not told
            await asyncio.sleep(0.01)
