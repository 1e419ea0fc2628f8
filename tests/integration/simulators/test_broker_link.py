"""The connection to the broker that comes back by itself."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import aiomqtt
import pytest

from simulators.broker import BrokerLink

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.peers.mosquitto import Mosquitto

pytestmark = pytest.mark.peer

LIMIT_S = 30.0


class Inbox:
    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self.connections = 0

    def receive(self, topic: str, payload: bytes) -> None:
        self.messages.put_nowait((topic, payload))

    def connected(self) -> None:
        self.connections += 1

    async def next(self) -> tuple[str, bytes]:
        return await asyncio.wait_for(self.messages.get(), LIMIT_S)


async def until_away(link: BrokerLink) -> None:
    async with asyncio.timeout(LIMIT_S):
        while link.is_connected:  # noqa: ASYNC110 - the link tells this by its property only
            await asyncio.sleep(0.01)


async def test_messages_come_and_go_in_order(mosquitto: Mosquitto) -> None:
    inbox = Inbox()
    async with BrokerLink(mosquitto.host, mosquitto.port, topics=["a/#"], on_message=inbox.receive) as link:
        for number in range(50):
            link.publish(f"a/{number}", str(number))
        assert [await inbox.next() for _ in range(50)] == [(f"a/{n}", str(n).encode()) for n in range(50)]


async def test_what_is_said_while_the_broker_is_away_arrives_later(mosquitto: Mosquitto) -> None:
    inbox = Inbox()
    link = BrokerLink(
        mosquitto.host, mosquitto.port, topics=["a"], on_message=inbox.receive, on_connect=inbox.connected
    )
    async with link:
        await link.wait_connected()
        await asyncio.to_thread(mosquitto.stop)
        await until_away(link)
        link.publish("a", "said while away")
        await asyncio.to_thread(mosquitto.start)
        assert await inbox.next() == ("a", b"said while away")
        assert inbox.connections == 2


async def test_the_last_words_leave_before_the_end_and_the_will_does_not(mosquitto: Mosquitto) -> None:
    async with aiomqtt.Client(mosquitto.host, mosquitto.port) as listener:
        await listener.subscribe("#")
        link = BrokerLink(
            mosquitto.host, mosquitto.port, topics=[], on_message=Inbox().receive, will=("will", "went badly")
        )
        async with link:
            await link.wait_connected()
            link.publish("last", "words")
        await listener.publish("mark", "")
        seen = []
        async with asyncio.timeout(LIMIT_S):
            async for message in listener.messages:
                seen.append(message.topic.value)
                if seen[-1] == "mark":
                    break
        assert seen == ["last", "mark"]


async def test_it_ends_at_once_when_no_broker_was_ever_there(free_port: Callable[[], int]) -> None:
    link = BrokerLink("127.0.0.1", free_port(), topics=["a"], on_message=Inbox().receive)
    async with asyncio.timeout(LIMIT_S), link:
        link.publish("a", "nobody hears")
        await asyncio.sleep(0.05)
        assert not link.is_connected


async def test_it_ends_also_when_its_goodbye_is_not_answered(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unanswered(aiomqtt.Client):
        async def __aexit__(self, *exc: object) -> None:
            await super().__aexit__(*exc)  # type: ignore[arg-type] # the three of the protocol
            raise aiomqtt.MqttError("Operation timed out")

    monkeypatch.setattr("simulators.broker.aiomqtt.Client", Unanswered)
    async with asyncio.timeout(LIMIT_S):
        async with BrokerLink(mosquitto.host, mosquitto.port, topics=["a"], on_message=Inbox().receive) as link:
            await link.wait_connected()


async def test_it_ends_also_when_a_publication_swallows_that_it_should(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Swallowing(aiomqtt.Client):
        async def publish(self, *_: Any, **__: Any) -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    monkeypatch.setattr("simulators.broker.aiomqtt.Client", Swallowing)
    monkeypatch.setattr("simulators.broker.DRAIN_S", 0.1)
    async with asyncio.timeout(LIMIT_S):
        async with BrokerLink(mosquitto.host, mosquitto.port, topics=["a"], on_message=Inbox().receive) as link:
            await link.wait_connected()
            link.publish("a", "x")


async def test_a_fault_of_the_listener_is_not_swallowed(mosquitto: Mosquitto) -> None:
    def fail(_topic: str, _payload: bytes) -> None:
        raise LookupError("a bug")

    async def use() -> None:
        async with BrokerLink(mosquitto.host, mosquitto.port, topics=["a"], on_message=fail) as link:
            await link.wait_connected()
            link.publish("a", "x")
            await until_away(link)

    with pytest.raises(ExceptionGroup) as caught:
        await use()
    assert caught.group_contains(LookupError, match="a bug")
