"""What every Bus does alike: calls, signals, names, the end."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from tests.contract.network import until
from velib_async.errors import BusLost, CallError, CallTimeout, ConnectionInUse, NameTaken, VelibError
from velib_async.names import add_match, list_names, match_rule, name_owner, release_name, remove_match, request_name
from velib_async.values import Variant

if TYPE_CHECKING:
    from tests.contract.network import Network
    from velib_async.bus import CallHandler, IncomingCall, Signal

NAME = "com.victronenergy.test.contract"
INTERFACE = "com.example.Contract"


def kept_in(calls: list[IncomingCall]) -> CallHandler:
    """Makes a handler that takes all calls and answers none."""

    def keep(call: IncomingCall) -> bool:
        calls.append(call)
        return True

    return keep


async def test_call_brings_plain_values_there_and_back(network: Network) -> None:
    server, client = await network.connect(), await network.connect()
    calls: list[IncomingCall] = []

    def answer(call: IncomingCall) -> bool:
        calls.append(call)
        call.reply("a{sv}vxas", {"Int": 1, "List": [1.5, 2.5], "Empty": None}, call.body[1], 2**40, ["a", "ü"])
        return True

    server.set_call_handler(answer)
    result = await client.call(server.unique_name, "/Some/Path", INTERFACE, "Echo", "svay", ["text", {"k": 2}, b"\x01"])
    assert result == [{"Int": 1, "List": [1.5, 2.5], "Empty": []}, {"k": 2}, 2**40, ["a", "ü"]]
    (call,) = calls
    assert (call.sender, call.path, call.interface, call.member) == (
        client.unique_name,
        "/Some/Path",
        INTERFACE,
        "Echo",
    )
    assert call.signature == "svay"
    assert call.body == ["text", {"k": 2}, b"\x01"]


async def test_call_may_be_answered_later_and_once_only(network: Network) -> None:
    server, client = await network.connect(), await network.connect()
    calls: list[IncomingCall] = []
    server.set_call_handler(kept_in(calls))
    waiting = [asyncio.ensure_future(client.call(server.unique_name, "/", INTERFACE, "Wait", "i", [n])) for n in (1, 2)]
    await until(lambda: len(calls) == 2)
    for call in reversed(calls):  # in whichever order
        call.reply("i", call.body[0] * 10)
    assert await asyncio.gather(*waiting) == [[10], [20]]
    with pytest.raises(VelibError, match="answered already"):
        calls[0].reply("i", 5)


async def test_call_raises_what_the_other_side_says(network: Network) -> None:
    server, client = await network.connect(), await network.connect()

    def refuse(call: IncomingCall) -> bool:
        call.refuse("com.example.Error.No", "because")
        return True

    server.set_call_handler(refuse)
    with pytest.raises(CallError, match="because") as caught:
        await client.call(server.unique_name, "/", INTERFACE, "Try")
    assert (caught.value.name, caught.value.text) == ("com.example.Error.No", "because")


async def test_call_to_a_method_that_nobody_takes_is_unknown_method(network: Network) -> None:
    server, client = await network.connect(), await network.connect()
    server.set_call_handler(lambda _: False)
    with pytest.raises(CallError) as caught:
        await client.call(server.unique_name, "/Nowhere", INTERFACE, "Nothing")
    assert caught.value.name == "org.freedesktop.DBus.Error.UnknownMethod"


async def test_call_to_a_name_that_nobody_owns_is_service_unknown(network: Network) -> None:
    client = await network.connect()
    with pytest.raises(CallError) as caught:
        await client.call(NAME, "/", INTERFACE, "Try")
    assert caught.value.name == "org.freedesktop.DBus.Error.ServiceUnknown"


async def test_call_ends_when_its_time_is_over_and_a_late_answer_is_harmless(network: Network) -> None:
    server, client = await network.connect(), await network.connect()
    calls: list[IncomingCall] = []
    server.set_call_handler(kept_in(calls))
    with pytest.raises(CallTimeout, match=r"within 0\.2 s"):
        await client.call(server.unique_name, "/", INTERFACE, "Sleep", timeout_s=0.2)
    calls[0].reply()
    assert await list_names(client)  # the connection works on


async def test_call_to_a_connection_that_leaves_is_answered_by_the_bus(network: Network) -> None:
    server, client = await network.connect(), await network.connect()
    calls: list[IncomingCall] = []
    server.set_call_handler(kept_in(calls))
    waiting = asyncio.ensure_future(client.call(server.unique_name, "/", INTERFACE, "Wait"))
    await until(lambda: calls)
    await server.close()
    with pytest.raises(CallError, match="NoReply"):
        await waiting


@pytest.mark.parametrize(
    ("signature", "value"),
    [
        ("s", "nul\0"),
        ("s", "\ud800"),
        ("s", 5),
        ("i", 2**31),
        ("i", 1.5),
        ("x", 2**63),
        ("y", -1),
        ("d", "1.5"),
        ("ai", 5),
        ("a{sv}", [1]),
        ("(ii)", 1),
        ("v", object()),
        ("v", [1, "mixed"]),
        ("v", 2**64),
    ],
)
async def test_call_refuses_what_the_bus_would_end_the_connection_for(
    network: Network, signature: str, value: object
) -> None:
    client = await network.connect()
    with pytest.raises(ValueError, match=r"."):
        await client.call(NAME, "/", INTERFACE, "Try", signature, [value])
    assert await list_names(client)


async def test_signals_come_through_match_rules_only_and_in_order(network: Network) -> None:
    sender, receiver = await network.connect(), await network.connect()
    received: list[Signal] = []
    # The bus tells each connection its name, at a moment of its own, whatever the rules.
    receiver.add_signal_handler(lambda signal: received.append(signal) if signal.interface == INTERFACE else None)
    rule = match_rule(type="signal", interface=INTERFACE, member="Wanted")
    await add_match(receiver, rule)
    for number in range(50):
        sender.send_signal("/Path", INTERFACE, "Wanted", "iv", [number, "text"])
        sender.send_signal("/Path", INTERFACE, "Unwanted")
    await until(lambda: len(received) == 50)
    assert [signal.body for signal in received] == [[number, "text"] for number in range(50)]
    first = received[0]
    assert (first.sender, first.path, first.interface, first.member) == (
        sender.unique_name,
        "/Path",
        INTERFACE,
        "Wanted",
    )
    await remove_match(receiver, rule)
    sender.send_signal("/Path", INTERFACE, "Wanted", "iv", [50, "text"])
    await list_names(receiver)
    await list_names(sender)
    await list_names(receiver)
    assert len(received) == 50


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        ({}, True),
        ({"path": "/Path"}, True),
        ({"path": "/"}, False),
        ({"sender": NAME}, True),
        ({"sender": "com.victronenergy.test.nobody"}, False),
        ({"arg0": "com.victronenergy.x"}, True),
        ({"arg0": "com.victronenergy"}, False),
        ({"arg0namespace": "com.victronenergy"}, True),
        ({"arg0namespace": "com.victron"}, False),
        ({"interface": INTERFACE, "member": "Wanted", "path": "/Path"}, True),
        ({"interface": INTERFACE, "member": "Other", "path": "/Path"}, False),
    ],
)
async def test_match_rule_lets_through_what_meets_all_its_conditions(
    network: Network, conditions: dict[str, str], *, fits: bool
) -> None:
    sender, receiver = await network.connect(), await network.connect()
    await request_name(sender, NAME)
    received: list[str] = []
    receiver.add_signal_handler(lambda signal: received.append(signal.member))
    await add_match(receiver, match_rule(type="signal", **conditions))
    await add_match(receiver, match_rule(type="signal", member="End"))
    sender.send_signal("/Path", INTERFACE, "Wanted", "s", ["com.victronenergy.x"])
    sender.send_signal("/End", INTERFACE, "End")
    await until(lambda: "End" in received)
    assert ("Wanted" in received) is fits


async def test_match_rule_can_be_removed_as_often_as_it_was_added(network: Network) -> None:
    bus = await network.connect()
    rule = match_rule(type="signal", member="Twice")
    await add_match(bus, rule)
    await add_match(bus, rule)
    await remove_match(bus, rule)
    await remove_match(bus, rule)
    with pytest.raises(CallError, match="MatchRuleNotFound"):
        await remove_match(bus, rule)


async def test_unknown_method_of_the_bus_is_refused(network: Network) -> None:
    bus = await network.connect()
    with pytest.raises(CallError, match="UnknownMethod"):
        await bus.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Frobnicate")


async def test_name_is_owned_by_one_without_a_queue(network: Network) -> None:
    first, second = await network.connect(), await network.connect()
    await request_name(first, NAME)
    await request_name(first, NAME)  # again: harmless
    with pytest.raises(NameTaken, match=NAME):
        await request_name(second, NAME)
    assert await name_owner(second, NAME) == first.unique_name
    assert NAME in await list_names(second)
    await release_name(first, NAME)
    assert await name_owner(second, NAME) is None  # nobody was queued behind it
    await request_name(second, NAME)
    await release_name(first, NAME)  # not its own: harmless
    assert await name_owner(first, NAME) == second.unique_name


async def test_name_that_is_malformed_is_refused(network: Network) -> None:
    bus = await network.connect()
    with pytest.raises(CallError):
        await request_name(bus, "nodots")


async def test_name_changes_are_told(network: Network) -> None:
    watcher, owner = await network.connect(), await network.connect()
    changes: list[list[object]] = []
    watcher.add_signal_handler(lambda signal: changes.append(signal.body))
    await add_match(watcher, match_rule(type="signal", member="NameOwnerChanged", arg0namespace="com.victronenergy"))
    await request_name(owner, NAME)
    await request_name(owner, "com.elsewhere.test")
    await owner.close()
    await until(lambda: len(changes) == 2)
    assert changes == [[NAME, "", owner.unique_name], [NAME, owner.unique_name, ""]]


async def test_connection_carries_one_service(network: Network) -> None:
    bus = await network.connect()
    bus.set_call_handler(lambda _: True)
    with pytest.raises(ConnectionInUse):
        bus.set_call_handler(lambda _: True)
    bus.set_call_handler(None)
    bus.set_call_handler(lambda _: True)


async def test_end_of_the_bus_is_told_within_a_second(network: Network) -> None:
    bus, other = await network.connect(), await network.connect()
    other.set_call_handler(lambda _: True)
    watching = asyncio.ensure_future(bus.wait_lost())
    calling = asyncio.ensure_future(bus.call(other.unique_name, "/", INTERFACE, "Never"))
    await asyncio.sleep(0.05)
    begin = time.monotonic()
    network.stop()
    with pytest.raises(BusLost):
        await watching
    assert time.monotonic() - begin < 20.0  # promised is 1 s; the rest is for a machine that is busy
    with pytest.raises(BusLost):
        await calling
    with pytest.raises(BusLost):
        await bus.call(other.unique_name, "/", INTERFACE, "Never")
    bus.send_signal("/", INTERFACE, "Nobody")  # harmless
    with pytest.raises(BusLost):
        await bus.wait_lost()
    await bus.close()  # harmless


async def test_close_is_no_loss(network: Network) -> None:
    bus = await network.connect()
    watching = asyncio.ensure_future(bus.wait_lost())
    await asyncio.sleep(0)
    await bus.close()
    await watching
    await bus.close()
    with pytest.raises(BusLost):
        await bus.call(NAME, "/", INTERFACE, "Try")


async def test_variants_keep_the_type_that_was_asked_for(network: Network) -> None:
    server, client = await network.connect(), await network.connect()
    calls: list[IncomingCall] = []
    server.set_call_handler(kept_in(calls))
    waiting = asyncio.ensure_future(client.call(server.unique_name, "/", INTERFACE, "Get"))
    await until(lambda: calls)
    calls[0].reply("v", Variant("d", 1))
    (value,) = await waiting
    assert isinstance(value, float)
