"""The settings service on a real bus, asked over raw D-Bus and by dbus-send, which shares no code with it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from dbus_fast import Variant

from simulators.gx.connection import Connection
from simulators.gx.settings import SETTINGS_INTERFACE, SETTINGS_SERVICE, SettingsSimulator
from simulators.gx.wire import BUS_ITEM, to_plain
from simulators.peers.process import find_program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from dbus_fast import Message

    from tests.peers.dbus import DBusDaemon

pytestmark = pytest.mark.peer

CALL_CPU_S = 0.005
"""A tenth of it on an idle machine: a hundred devices with thirty settings each register within a few seconds."""


class Client:
    """Calls and signals of one bus connection."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.signals: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.connection = Connection(address, on_signal=self._note)

    def _note(self, message: Message) -> None:
        if message.member == "PropertiesChanged":
            self.signals.put_nowait((message.path or "", to_plain(message.body[0])))

    async def item(self, path: str, member: str, *value: Variant) -> Any:
        body = await self.connection.call(SETTINGS_SERVICE, path, BUS_ITEM, member, "v" * len(value), value)
        return to_plain(body[0])

    async def add(self, *entries: dict[str, Any], path: str = "/") -> list[dict[str, Any]]:
        wrapped = [{key: Variant(*pair) for key, pair in entry.items()} for entry in entries]
        body = await self.connection.call(
            SETTINGS_SERVICE, path, SETTINGS_INTERFACE, "AddSettings", "aa{sv}", [wrapped]
        )
        answers: list[dict[str, Any]] = to_plain(body[0])
        return answers

    async def send(self, path: str, member: str, *arguments: str) -> str:
        """Ask with dbus-send; returns what it prints, errors included."""
        process = await asyncio.create_subprocess_exec(
            find_program("dbus-send"),
            f"--bus={self.address}",
            "--print-reply=literal",
            f"--dest={SETTINGS_SERVICE}",
            path,
            member,
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        return " ".join(output.decode().split())


@pytest.fixture
async def client(dbus_daemon: DBusDaemon) -> AsyncIterator[Client]:
    async with SettingsSimulator(dbus_daemon.address):
        client = Client(dbus_daemon.address)
        async with client.connection:
            await client.connection.match(f"type='signal',interface='{BUS_ITEM}'")
            yield client


def a_setting(path: str = "/Settings/A/B", **more: Any) -> dict[str, Any]:
    return {"path": ("s", path), "default": ("i", 4), **more}


async def test_dbus_send_adds_reads_and_writes(client: Client) -> None:
    add = f"{SETTINGS_INTERFACE}.AddSetting"
    arguments = ["string:Gui", "string:Sub/Light", "variant:int32:4", "string:i", "variant:int32:0"]
    assert await client.send("/Settings", add, *arguments, "variant:int32:10") == "int32 0"
    leaf = "/Settings/Gui/Sub/Light"
    assert await client.send(leaf, f"{BUS_ITEM}.GetValue") == "variant int32 4"
    assert await client.send(leaf, f"{BUS_ITEM}.SetValue", "variant:string:7") == "int32 0"
    assert await client.send(leaf, f"{BUS_ITEM}.SetValue", "variant:int32:11") == "int32 -1"
    assert await client.send(leaf, f"{BUS_ITEM}.GetText") == "7"
    assert await client.send(leaf, f"{BUS_ITEM}.GetMax") == "variant int32 10"
    assert await client.send("/Settings/Gui", f"{BUS_ITEM}.GetText") == "variant array [ dict entry( Sub/Light 7 ) ]"


async def test_wrong_calls_get_the_errors_of_libdbus(client: Client) -> None:
    assert "UnknownObject" in await client.send("/Settings/None", f"{BUS_ITEM}.GetValue")
    assert "UnknownMethod" in await client.send("/Settings", f"{BUS_ITEM}.GetItems")
    assert "UnknownMethod" in await client.send("/", f"{BUS_ITEM}.SetValue", "int32:1")
    assert "Invalid object path" in await client.send(
        "/", f"{SETTINGS_INTERFACE}.AddSetting", *["string:Settings", "string:a b", "variant:int32:1", "string:i"],
        "variant:int32:0", "variant:int32:0",
    )  # fmt: skip


async def test_add_settings_answers_each_entry(client: Client) -> None:
    answers = await client.add(
        a_setting(),
        a_setting("/Settings/A/C", default=("x", 2**40)),
        a_setting("Settings/A/D"),
        a_setting("/Elsewhere"),
        a_setting("/Settings/_A"),
        a_setting("/Settings/T", default=("b", True)),
        {"default": ("i", 1)},
        a_setting(default=("s", "x")),
        a_setting(max=("i", 3)),
        a_setting("/Settings/A"),
    )
    assert answers == [
        {"path": "/Settings/A/B", "error": 0, "value": 4},
        {"path": "/Settings/A/C", "error": 0, "value": 2**40},
        {"path": "Settings/A/D", "error": -9},
        {"path": "/Elsewhere", "error": -9},
        {"path": "/Settings/_A", "error": -2},
        {"path": "/Settings/T", "error": -3},
        {"error": -4},
        {"path": "/Settings/A/B", "error": -5},
        {"path": "/Settings/A/B", "error": -7},
        {"path": "/Settings/A", "error": -8},
    ]


async def test_paths_are_relative_to_the_group_that_is_asked(client: Client) -> None:
    await client.add(a_setting())
    assert (await client.add(a_setting("C"), path="/Settings/A"))[0]["error"] == 0
    assert await client.item("/Settings", "GetValue") == {"A/B": 4, "A/C": 4}
    assert await client.item("/", "GetValue") == {"Settings/A/B": 4, "Settings/A/C": 4}


async def test_attributes_of_open_limits_are_int32_zero(client: Client) -> None:
    await client.add(a_setting(default=("d", 4.0), max=("d", 9.5), silent=("i", 1)))
    body = await client.connection.call(SETTINGS_SERVICE, "/Settings/A/B", SETTINGS_INTERFACE, "GetAttributes")
    assert body == [Variant("d", 4.0), Variant("i", 0), Variant("d", 9.5), 1]
    items = await client.item("/", "GetItems")
    assert items["/Settings/A/B"] == {"Value": 4.0, "Text": "4.0", "Max": 9.5, "Default": 4.0}


async def test_changes_are_told_on_the_leaf_only(client: Client) -> None:
    await client.add(a_setting(min=("i", 0), max=("i", 10)))
    await client.item("/Settings/A/B", "SetValue", Variant("i", 4))
    await client.item("/Settings/A/B", "SetValue", Variant("i", 5))
    await client.connection.call(SETTINGS_SERVICE, "/Settings", SETTINGS_INTERFACE, "RemoveSettings", "as", [["A/B"]])
    signals = [await asyncio.wait_for(client.signals.get(), 30) for _ in range(3)]
    assert signals == [
        ("/Settings/A/B", {"Value": 4, "Text": "4", "Min": 0, "Max": 10, "Default": 4}),
        ("/Settings/A/B", {"Value": 5, "Text": "5"}),
        ("/Settings/A/B", {"Value": None, "Text": "---"}),
    ]
    assert client.signals.empty()
    assert "UnknownObject" in await client.send("/Settings/A", f"{BUS_ITEM}.GetValue")


async def test_two_devices_never_share_an_instance(client: Client) -> None:
    path = "/Settings/Devices/{}/ClassAndVrmInstance"
    answers = await client.add(*({"path": ("s", path.format(name)), "default": ("s", "tank:1")} for name in "xyz"))
    assert [answer["value"] for answer in answers] == ["tank:1", "tank:2", "tank:3"]
    assert await client.item(path.format("z"), "SetDefault") == -1


async def test_settings_survive_a_restart(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    file = tmp_path / "settings.xml"
    async with SettingsSimulator(dbus_daemon.address, file=file):
        client = Client(dbus_daemon.address)
        async with client.connection:
            await client.add(a_setting())
            await client.item("/Settings/A/B", "SetValue", Variant("i", 5))
        assert not file.exists(), "a burst of changes is one write, later"
    async with SettingsSimulator(dbus_daemon.address, file=file):
        client = Client(dbus_daemon.address)
        async with client.connection:
            assert await client.item("/Settings/A/B", "GetValue") == 5


async def test_changes_reach_the_file_without_a_restart(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    file = tmp_path / "settings.xml"
    async with SettingsSimulator(dbus_daemon.address, file=file, save_delay_s=0.01):
        client = Client(dbus_daemon.address)
        async with client.connection:
            await client.add(a_setting())
            async with asyncio.timeout(30):
                while not file.exists():  # noqa: ASYNC110 - a file tells nobody that it is there
                    await asyncio.sleep(0.01)


async def test_it_is_fast_enough_for_a_hundred_devices(client: Client) -> None:
    await client.add(a_setting())
    begin = time.process_time()  # of caller and simulator; what the machine does besides is not their business
    for number in range(300):
        await client.item("/Settings/A/B", "SetValue", Variant("i", number))
    assert (time.process_time() - begin) / 300 <= CALL_CPU_S
