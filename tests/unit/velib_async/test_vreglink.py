from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from velib_async.bus import BUS_ITEM, INTROSPECTABLE
from velib_async.errors import CallError
from velib_async.memory import MemoryHub
from velib_async.service import Service
from velib_async.vreglink import VREG_LINK, VregLinkItem
from velib_async.writing import UNFINISHED_LIMIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from velib_async.bus import Bus

NAME = "com.victronenergy.test.vreg"


@pytest.fixture
async def client() -> AsyncIterator[Bus]:
    registers = {0x10C: b"name"}

    async def get_vreg(register: int) -> bytes:
        if register == 0xDEAD:
            raise RuntimeError("on purpose")
        if register == 0xBAD:
            return b"\0"
        return b"\0\0" + registers[register] if register in registers else b"\x80\x01"

    async def set_vreg(register: int, data: bytes) -> bytes:
        registers[register] = data
        return b"\0\0" + data

    hub = MemoryHub()
    async with Service(hub.connect(), NAME) as service:
        service.add_item(VregLinkItem("/Devices/0/VregLink", get_vreg, set_vreg))
        await service.register()
        yield hub.connect()


async def call(client: Bus, member: str, signature: str, *values: object, interface: str = VREG_LINK) -> list[object]:
    return await client.call(NAME, "/Devices/0/VregLink", interface, member, signature, values)


async def test_registers_are_read_and_written(client: Bus) -> None:
    assert await call(client, "GetVreg", "q", 0x10C) == [0, b"name"]
    assert await call(client, "SetVreg", "qay", 0x10D, b"\1\2") == [0, b"\1\2"]
    assert await call(client, "GetVreg", "q", 0x10D) == [0, b"\1\2"]
    assert await call(client, "GetVreg", "q", 0x9999) == [0x8001, b""]


@pytest.mark.parametrize("register", [0xDEAD, 0xBAD])
async def test_failure_of_the_device_is_an_error(client: Bus, register: int) -> None:
    with pytest.raises(CallError, match=r"GetVreg 0x0*(dead|bad) failed"):
        await call(client, "GetVreg", "q", register)


@pytest.mark.parametrize(
    ("member", "signature", "values", "error"),
    [
        ("GetVreg", "i", (1,), "InvalidArgs"),
        ("SetVreg", "q", (1,), "InvalidArgs"),
        ("Other", "", (), "UnknownMethod"),
    ],
)
async def test_other_calls_are_refused(
    client: Bus, member: str, signature: str, values: tuple[object, ...], error: str
) -> None:
    with pytest.raises(CallError, match=error):
        await call(client, member, signature, *values)


async def test_calls_do_not_pile_up() -> None:
    async def never(*_: object) -> bytes:
        await asyncio.sleep(3600)
        return b""

    hub = MemoryHub()
    async with Service(hub.connect(), NAME) as service:
        service.add_item(VregLinkItem("/Devices/0/VregLink", never, never))
        await service.register()
        client = hub.connect()
        waiting = [asyncio.ensure_future(call(client, "GetVreg", "q", number)) for number in range(UNFINISHED_LIMIT)]
        await asyncio.sleep(0)
        with pytest.raises(CallError, match="LimitsExceeded"):
            await call(client, "GetVreg", "q", 0)
        for future in waiting:
            future.cancel()


async def test_it_is_an_item_too(client: Bus) -> None:
    assert await call(client, "GetValue", "", interface=BUS_ITEM) == [[]]


async def test_introspection_lists_the_registers_interface_beside_the_items(client: Bus) -> None:
    (xml,) = await call(client, "Introspect", "", interface=INTROSPECTABLE)
    interfaces = {
        interface.get("name"): {
            method.get("name"): [(argument.get("direction"), argument.get("type")) for argument in method]
            for method in interface
        }
        for interface in ET.fromstring(str(xml))  # noqa: S314 - our own
    }
    assert interfaces[VREG_LINK] == {
        "GetVreg": [("in", "q"), ("out", "q"), ("out", "ay")],
        "SetVreg": [("in", "q"), ("in", "ay"), ("out", "q"), ("out", "ay")],
    }
    assert "GetValue" in interfaces[BUS_ITEM]
    (xml,) = await client.call(NAME, "/Devices", INTROSPECTABLE, "Introspect")
    assert VREG_LINK not in str(xml)
