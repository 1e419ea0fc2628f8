"""What other programs see of a Service, on every kind of bus."""

from __future__ import annotations

import asyncio
import time
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.network import until
from velib_async.bus import BUS_ITEM, INTROSPECTABLE, PEER, Changes
from velib_async.errors import CallError, ConnectionInUse, NameTaken
from velib_async.mandatory import add_mandatory_items
from velib_async.names import add_match, match_rule, name_owner
from velib_async.service import (
    DoubleArrayItem,
    DoubleItem,
    IntegerArrayItem,
    IntegerItem,
    Item,
    Service,
    TextArrayItem,
    TextItem,
)
from velib_async.values import MAX_ELEMENTS, MAX_VALUE_BYTES, Variant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.contract.network import Network
    from velib_async.bus import Bus

NAME = "com.victronenergy.grid.contract"


class Site:
    """A service, and a client that sees it from outside."""

    def __init__(self, service: Service, client: Bus) -> None:
        self.service = service
        self.client = client
        self.changes: list[dict[str, tuple[Any, str | None]]] = []
        client.add_changes_handler(self._keep)

    async def call(self, path: str, member: str, signature: str = "", *values: Any, interface: str = BUS_ITEM) -> Any:
        (value,) = await self.client.call(NAME, path, interface, member, signature, values)
        return value

    async def write(self, path: str, value: Any) -> int:
        return int(await self.call(path, "SetValue", "v", value))

    async def refused(self, path: str, member: str, signature: str = "", *values: Any) -> str:
        with pytest.raises(CallError) as caught:
            await self.call(path, member, signature, *values)
        return caught.value.name.removeprefix("org.freedesktop.DBus.Error.")

    def _keep(self, _: str, changes: Changes) -> None:
        self.changes.append(dict(changes))


@pytest.fixture
async def site(network: Network) -> AsyncIterator[Site]:
    async with Service(await network.connect(), NAME) as service:
        service.add_item(IntegerItem("/DeviceInstance", 7))
        service.add_item(DoubleItem("/Ac/Power", 12.5, text=lambda v: f"{v:.0f} W"))
        service.add_item(DoubleItem("/Ac/L1/Voltage", None))
        service.add_item(IntegerItem("/Mode", 1, writeable=True, minimum=0, maximum=3, default=2))
        await service.register()
        client = await network.connect()
        await add_match(client, match_rule(type="signal", interface=BUS_ITEM))
        yield Site(service, client)


async def test_leaf_answers_value_text_and_limits(site: Site) -> None:
    assert await site.call("/Ac/Power", "GetValue") == 12.5
    assert await site.call("/Ac/Power", "GetText") == "12 W"
    assert await site.call("/Ac/L1/Voltage", "GetValue") == []
    assert await site.call("/Ac/L1/Voltage", "GetText") == "---"
    assert await site.call("/Mode", "GetMin") == 0
    assert await site.call("/Mode", "GetMax") == 3
    assert await site.call("/Mode", "GetDefault") == 2
    assert await site.refused("/Ac/Power", "GetMin") == "UnknownMethod"
    assert await site.refused("/Ac/Power", "GetDescription", "si", "en", 100) == "UnknownMethod"
    site.service.add_item(TextItem("/About", "x", description="What it is"))
    assert await site.call("/About", "GetDescription", "si", "en", 100) == "What it is"


async def test_nodes_answer_the_tree_below_them_by_relative_keys(site: Site) -> None:
    assert await site.call("/", "GetValue") == {"DeviceInstance": 7, "Ac/Power": 12.5, "Ac/L1/Voltage": [], "Mode": 1}
    assert await site.call("/Ac", "GetValue") == {"Power": 12.5, "L1/Voltage": []}
    assert await site.call("/Ac/L1", "GetText") == {"Voltage": "---"}
    assert await site.call("/", "GetText") == {
        "DeviceInstance": "7",
        "Ac/Power": "12 W",
        "Ac/L1/Voltage": "---",
        "Mode": "1",
    }
    assert await site.write("/Ac", 5) == 1
    assert await site.write("/", 5) == 1


async def test_get_items_carries_limits_where_there_are_any(site: Site) -> None:
    assert await site.call("/", "GetItems") == {
        "/DeviceInstance": {"Value": 7, "Text": "7"},
        "/Ac/Power": {"Value": 12.5, "Text": "12 W"},
        "/Ac/L1/Voltage": {"Value": [], "Text": "---"},
        "/Mode": {"Value": 1, "Text": "1", "Min": 0, "Max": 3, "Default": 2},
    }
    assert await site.refused("/Ac", "GetItems") == "UnknownMethod"


async def test_unknown_paths_and_methods_are_errors(site: Site) -> None:
    assert await site.refused("/Nope", "GetValue") == "UnknownMethod"
    assert await site.refused("/Ac/Pow", "GetValue") == "UnknownMethod"
    assert await site.refused("/Nope", "SetValue", "v", 1) == "UnknownMethod"
    assert await site.refused("/Mode", "Frobnicate") == "UnknownMethod"
    assert await site.refused("/Mode", "SetValue", "i", 1) == "InvalidArgs"
    assert await site.refused("/Mode", "GetValue", "s", "x") == "InvalidArgs"


async def test_ping_is_answered(site: Site) -> None:
    assert await site.client.call(NAME, "/", PEER, "Ping") == []
    assert await site.client.call(NAME, "/Mode", PEER, "Ping") == []


async def test_interface_is_optional(site: Site) -> None:
    assert await site.call("/Mode", "GetValue", interface="") == 1
    assert await site.call("/Ac/L1", "GetValue", interface="") == {"Voltage": []}
    assert "<node" in await site.call("/Ac", "Introspect", interface="")


async def test_introspection_lists_children_and_methods(site: Site) -> None:
    def children(xml: str) -> list[str | None]:
        return [node.get("name") for node in ET.fromstring(xml).findall("node")]  # noqa: S314 - our own

    root = await site.call("/", "Introspect", interface=INTROSPECTABLE)
    assert children(root) == ["DeviceInstance", "Ac", "Mode"]
    assert children(await site.call("/Ac", "Introspect", interface=INTROSPECTABLE)) == ["Power", "L1"]
    leaf = await site.call("/Mode", "Introspect", interface=INTROSPECTABLE)
    assert children(leaf) == []
    methods = {method.get("name") for method in ET.fromstring(leaf).iter("method")}  # noqa: S314
    assert {"GetValue", "GetText", "SetValue", "GetMin", "GetMax", "GetDefault"} <= methods


async def test_changes_of_one_turn_go_out_as_one_signal_with_only_what_changed(site: Site) -> None:
    with site.service as context:
        context["/Ac/Power"] = 100
        context["/Mode"] = 1  # as it was
        context["/Ac/L1/Voltage"] = 230.1
    site.service.item("/Ac/Power").set_local_value(101)
    await until(lambda: site.changes)
    await asyncio.sleep(0.05)
    assert site.changes == [{"/Ac/Power": (101.0, "101 W"), "/Ac/L1/Voltage": (230.1, "230.1")}]
    assert site.service["/Ac/Power"] == 101.0


async def test_block_with_a_thousand_changes_is_one_signal(site: Site) -> None:
    paths = [f"/Item/{number}" for number in range(1_000)]
    for path in paths:
        site.service.add_item(IntegerItem(path, 0))
    await until(lambda: site.changes)
    site.changes.clear()
    with site.service as context:
        for path in paths:
            context[path] = 1
    await until(lambda: site.changes)
    assert site.changes == [dict.fromkeys(paths, (1, "1"))]


async def test_values_go_out_in_their_own_types(site: Site) -> None:
    for item in (
        IntegerItem("/T/Int", 5),
        IntegerItem("/T/Long", 2**31),
        DoubleItem("/T/Double", 5),
        TextItem("/T/Text", "päth"),
        IntegerArrayItem("/T/Ints", [1, 2]),
        DoubleArrayItem("/T/Doubles", [1, 2.5]),
        TextArrayItem("/T/Texts", ["a", "b"]),
        IntegerArrayItem("/T/Empty", []),
        Item("/T/Any", True),
    ):
        site.service.add_item(item)
    values = await site.call("/T", "GetValue")
    assert values == {
        "Int": 5,
        "Long": 2**31,
        "Double": 5.0,
        "Text": "päth",
        "Ints": [1, 2],
        "Doubles": [1.0, 2.5],
        "Texts": ["a", "b"],
        "Empty": [],
        "Any": True,
    }
    assert type(values["Double"]) is float
    assert type(values["Any"]) is bool
    await until(lambda: site.changes)
    assert site.changes[0]["/T/Long"] == (2**31, "2147483648")
    assert site.changes[0]["/T/Empty"] == (None, "---")


async def test_write_is_accepted_stored_and_told(site: Site) -> None:
    assert await site.write("/Mode", 3) == 0
    await until(lambda: site.changes)
    assert site.changes == [{"/Mode": (3, "3")}]
    assert await site.write("/Mode", 3.0) == 0  # equal: accepted without a signal
    await asyncio.sleep(0.05)
    assert len(site.changes) == 1


@pytest.mark.parametrize("value", [4, -1, 1.5, "x", None, [1], {"a": 1}, float("inf")])
async def test_write_that_does_not_fit_is_refused(site: Site, value: object) -> None:
    assert await site.write("/Mode", value) == 1
    assert site.service["/Mode"] == 1


async def test_write_to_a_read_only_item_is_refused(site: Site) -> None:
    assert await site.write("/Ac/Power", 5) == 1


async def test_sync_callback_decides(site: Site) -> None:
    asked: list[int] = []

    def decide(value: int) -> bool | None:
        asked.append(value)
        if value == 9:
            raise RuntimeError("on purpose")
        return None if value == 8 else value < 5

    site.service.add_item(IntegerItem("/W", 0, writeable=True, onchange=decide))
    assert [await site.write("/W", value) for value in (4, 4, 6, 8, 9)] == [0, 0, 2, 2, 1]
    assert asked == [4, 6, 8, 9]
    assert site.service["/W"] == 4


async def test_async_callback_decides_and_may_store_the_value_itself(site: Site) -> None:
    async def decide(item: Item, value: int) -> bool | None:
        await asyncio.sleep(0.01)
        match value:
            case 1:
                return True
            case 2:
                return False
            case 3:
                item.set_local_value(33)
                return None
            case 4:
                item.set_local_value(44)
                return True
            case 5:
                raise RuntimeError("on purpose")
        return None

    site.service.add_item(IntegerItem("/W", 0, writeable=True, onchange=decide))
    results = [(await site.write("/W", value), site.service["/W"]) for value in range(1, 7)]
    assert results == [(0, 1), (2, 1), (0, 33), (0, 44), (1, 44), (0, 44)]


async def test_async_callback_is_awaited_for_a_second_and_goes_on(site: Site) -> None:
    ended = asyncio.Event()

    async def slow(item: Item, value: int) -> None:
        await asyncio.sleep(1.5)
        item.set_local_value(value)
        ended.set()

    site.service.add_item(IntegerItem("/W", 0, writeable=True, onchange=slow))
    begin = time.monotonic()
    assert await site.write("/W", 5) == 1
    assert time.monotonic() - begin > 0.9
    assert site.service["/W"] == 0
    await ended.wait()
    assert site.service["/W"] == 5


async def test_none_is_accepted_where_the_item_says_so(site: Site) -> None:
    site.service.add_item(IntegerItem("/W", 5, writeable=True, nullable=True, minimum=0))
    assert await site.write("/W", None) == 0
    assert site.service["/W"] is None
    assert await site.call("/W", "GetValue") == []


async def test_array_that_is_too_long_is_refused_and_does_no_harm(site: Site) -> None:
    site.service.add_item(Item("/Any", None, writeable=True))
    for raw in (Variant("ai", [1] * 1_700_000), Variant("ay", b"x" * 2_000_000), Variant("as", ["x" * 30_000] * 40)):
        assert await site.write("/Any", raw) == 1
    assert site.service["/Any"] is None
    longest = [-(2**40)] * MAX_ELEMENTS  # its text is longer than a text may be
    assert await site.write("/Any", longest) == 0
    await until(lambda: any(changes.get("/Any", (None,))[0] == longest for changes in site.changes))
    text = await site.call("/Any", "GetText")
    assert str(longest).startswith(text)
    assert len(text) == MAX_VALUE_BYTES
    assert (await site.call("/", "GetItems"))["/Any"] == {"Value": longest, "Text": text}


async def test_failing_formatter_costs_its_text_only(site: Site) -> None:
    site.service.add_item(IntegerItem("/Bad", 5, text=lambda v: f"{v / 0}"))
    site.service.add_item(IntegerItem("/Worse", 5, text=lambda _: "nul\0"))
    items = await site.call("/", "GetItems")
    assert items["/Bad"] == {"Value": 5, "Text": "5"}
    assert items["/Worse"] == {"Value": 5, "Text": "5"}
    assert items["/Ac/Power"]["Text"] == "12 W"


async def test_items_come_and_go_on_a_live_service(site: Site) -> None:
    site.service.add_item(IntegerItem("/New", 5))
    await until(lambda: site.changes)
    assert site.changes.pop() == {"/New": (5, "5")}
    site.service.remove_item("/New")
    await until(lambda: site.changes)
    assert site.changes.pop() == {"/New": (None, "---")}
    assert await site.refused("/New", "GetValue") == "UnknownMethod"


async def test_name_that_is_taken_raises_and_announces_nothing(network: Network, site: Site) -> None:
    other = Service(await network.connect(), NAME)
    other.add_item(IntegerItem("/Other", 1))
    with pytest.raises(NameTaken, match=NAME):
        await other.register()
    other.item("/Other").set_local_value(2)
    await asyncio.sleep(0.05)
    assert site.changes == []
    await other.close()
    assert await site.call("/DeviceInstance", "GetValue") == 7


async def test_close_makes_values_unknown_before_the_name_goes(network: Network, site: Site) -> None:
    events: list[object] = []
    watcher = await network.connect()
    watcher.add_changes_handler(lambda _, changes: events.append({path: value for path, (value, _) in changes.items()}))
    watcher.add_signal_handler(lambda signal: events.append(signal.body[2]))
    await add_match(watcher, match_rule(type="signal", interface=BUS_ITEM))
    await add_match(watcher, match_rule(type="signal", member="NameOwnerChanged", arg0namespace="com.victronenergy"))
    await site.service.close()
    await until(lambda: len(events) == 2)
    assert events == [{"/DeviceInstance": None, "/Ac/Power": None, "/Mode": None}, ""]
    assert await name_owner(watcher, NAME) is None


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 2), (None, 1)], ids=["accepted", "refused", "endless"])
async def test_write_under_way_is_answered_before_the_service_goes(
    site: Site, *, answer: bool | None, code: int
) -> None:
    began, is_closing = asyncio.Event(), asyncio.Event()

    async def decide(_: Item, __: int) -> bool:
        began.set()
        await is_closing.wait()
        await asyncio.sleep(0.05 if answer is not None else 1000)
        return bool(answer)

    site.service.add_item(IntegerItem("/W", 0, writeable=True, onchange=decide))
    writing = asyncio.create_task(site.write("/W", 1))
    await began.wait()
    is_closing.set()
    await site.service.close()
    assert await writing == code


async def test_write_whose_callback_closes_the_service_is_answered(site: Site) -> None:
    async def close(_: Item, __: int) -> bool:
        await site.service.close()
        return True

    site.service.add_item(IntegerItem("/W", 0, writeable=True, onchange=close))
    assert await site.write("/W", 1) == 0


async def test_connection_carries_another_service_after_the_first_is_closed(network: Network) -> None:
    bus = await network.connect()
    first = Service(bus, NAME)
    with pytest.raises(ConnectionInUse):
        Service(bus, NAME)
    await first.close()
    async with Service(bus, NAME) as second:
        await second.register()


async def test_min_interval_limits_signals_and_keeps_the_last_value(network: Network) -> None:
    seen: list[float] = []
    async with Service(await network.connect(), NAME, min_interval_s=0.3) as service:
        service.add_item(IntegerItem("/X", 0))
        await service.register()
        client = await network.connect()
        client.add_changes_handler(lambda _, changes: seen.append(changes["/X"][0]))
        await add_match(client, match_rule(type="signal", interface=BUS_ITEM))
        begin = time.monotonic()
        for number in range(1, 71):
            service.item("/X").set_local_value(number)
            await asyncio.sleep(0.01)
        await until(lambda: seen and seen[-1] == 70)
        assert len(seen) <= (time.monotonic() - begin) / 0.3 + 2
        assert seen == sorted(seen)


async def test_dead_band_drops_small_changes_only(site: Site) -> None:
    item = DoubleItem("/D", 10.0, writeable=True, dead_band=1.0)
    site.service.add_item(item)
    for value, expected in ((10.9, 10.0), (11.0, 11.0), (10.5, 11.0), (None, None), (0.1, 0.1), (0.2, 0.1)):
        item.set_local_value(value)
        assert item.value == expected
    assert await site.write("/D", 0.3) == 0
    assert item.value == 0.3


async def test_mandatory_items_are_there(site: Site) -> None:
    site.service.remove_item("/DeviceInstance")
    add_mandatory_items(
        site.service,
        process_name="test",
        process_version="1.0",
        connection="memory",
        device_instance=3,
        product_id=0xA162,
        product_name="Product",
        firmware_version="v1",
    )
    items = await site.call("/", "GetItems")
    assert items["/ProductId"] == {"Value": 0xA162, "Text": "0xA162"}
    assert items["/DeviceInstance"]["Value"] == 3
    assert items["/FirmwareVersion"]["Value"] == "v1"
    assert items["/HardwareVersion"]["Value"] == []
    assert items["/Connected"]["Value"] == 1
