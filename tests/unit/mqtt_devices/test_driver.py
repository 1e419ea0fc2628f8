from __future__ import annotations

import asyncio
import json
import logging
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mqtt_devices import driver as driver_module
from mqtt_devices.broker import Broker
from mqtt_devices.driver import Driver
from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.admission import Policy
from mqtt_devices.protocol.broker_address import BrokerAddress
from mqtt_devices.protocol.effects import Expire, Outcome, Plan, Publish, ServiceKey, Write
from mqtt_devices.protocol.inbox import Inbox, Message
from mqtt_devices.protocol.lazy_types import LazyTypes
from mqtt_devices.protocol.registry import Registry
from tests.service_types import TYPES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mqtt_devices.protocol.service_types import ServiceType

LIMIT_S = 30.0


class Services:
    """Carries plans out on nothing; `gate` closed makes that take as long as the test wants."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.writes: list[Write] = []
        self.expired: list[Expire] = []
        self.failing: set[str] = set()
        self.gate = asyncio.Event()
        self.gate.set()

    async def apply(self, plan: Plan) -> Outcome:
        self.plans.append(plan)
        await self.gate.wait()
        opened = {name: 1 for name in plan.open if name not in self.failing}
        failed = {name: Rejected(Reason.BUS_FAILED, "", "no") for name in plan.open if name in self.failing}
        return Outcome(plan.client_id, opened, failed)

    def write(self, write: Write) -> None:
        self.writes.append(write)

    def expire(self, expire: Expire) -> None:
        self.expired.append(expire)


class Bench:
    """A driver between a broker that is not connected and services that exist only here."""

    def __init__(self, types: LazyTypes | None = None) -> None:
        types = types or LazyTypes(TYPES, TYPES.__getitem__)
        self.inbox = Inbox()
        self.registry = Registry(types, Policy())
        self.broker = Broker(BrokerAddress(), inbox=self.inbox)
        self.remembered = 0
        self.driver = Driver(
            self.registry,
            brokers={"": self.broker},
            inbox=self.inbox,
            arrived=self.broker.arrived,
            types=types,
            on_remember=self.count_remember,
        )
        self.services = Services()

    def count_remember(self) -> None:
        self.remembered += 1

    def put(self, topic: str, payload: object) -> None:
        self.inbox.put(Message(topic, json.dumps(payload).encode(), retained=False))
        self.broker.arrived.set()

    def status(self, client_id: str, *names: str, **more: Any) -> None:
        services = dict.fromkeys(names, "tank")
        self.put(f"device/{client_id}/Status", {"clientId": client_id, "connected": 1, "services": services, **more})

    @property
    def published(self) -> list[str]:
        return [request.topic for request in self.broker._outbox if isinstance(request, Publish)]

    async def run_until(self, is_true: Any) -> None:
        async with self.running():
            await self.until(is_true)

    async def until(self, is_true: Any) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not is_true():  # noqa: ASYNC110 - looks at what has no event
                await asyncio.sleep(0.005)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        running = asyncio.create_task(self.driver.run(self.services, "portal"))
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_driver_handles_what_came_before_it_ran() -> None:
    bench = Bench()
    bench.status("a", "t")
    bench.put("device/b/Proxy", 5)
    await bench.run_until(lambda: len(bench.published) == 2)
    assert sorted(bench.published) == ["device/a/DBus", "device/b/Error"]


async def test_slow_device_does_not_delay_the_others() -> None:
    bench = Bench()
    bench.services.gate.clear()
    for client_id in "abc":
        bench.status(client_id, "t")
    await bench.run_until(lambda: len(bench.services.plans) == 3)
    assert bench.published == []


async def test_writes_reach_the_services() -> None:
    bench = Bench()
    bench.status("a", "t")

    def send_proxy_and_look() -> bool:
        if bench.published == ["device/a/DBus"] and not bench.services.writes:
            bench.put("device/a/Proxy", {"topicPath": "W/portal/tank/1", "values": {"Level": 5}})
        return bool(bench.services.writes)

    await bench.run_until(send_proxy_and_look)
    assert bench.services.writes[0] == Write(ServiceKey("a", "t"), {"Level": 5.0})


async def test_lost_service_is_opened_again() -> None:
    bench = Bench()
    bench.status("a", "t")

    def lose_and_look() -> bool:
        if len(bench.services.plans) == 1 and bench.published:
            bench.registry.devices["a"].retry_s = 0.01
            bench.driver.lose(ServiceKey("a", "t"))
        return len(bench.services.plans) == 2

    await bench.run_until(lose_and_look)
    assert bench.services.plans[1].open == {"t": "tank"}


async def test_failed_service_is_retried_when_its_time_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mqtt_devices.protocol.device.FIRST_RETRY_S", 0.01)
    bench = Bench()
    bench.services.failing = {"t"}
    bench.status("a", "t")

    def mend_and_look() -> bool:
        device = bench.registry.devices.get("a")
        if device is not None and device.failed:
            device.retry_at = 0.0
            bench.driver._deadline_changed.set()
            bench.services.failing.clear()
        return bool(device and device.opened)

    await bench.run_until(mend_and_look)
    assert bench.published.count("device/a/DBus") == 2


async def test_topics_of_a_new_connection_include_the_last_wills() -> None:
    bench = Bench()
    bench.status("a", "t", lwt_topic="tele/a/LWT")
    await bench.run_until(lambda: bool(bench.published))
    assert bench.driver.get_topics() == ["device/+/#", "tele/a/LWT"]


async def test_flood_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench = Bench()
    for number in range(1000):
        bench.put(f"device/x{number}/Status", number)
    await bench.run_until(lambda: bench.registry.rejected == 1000)
    assert len(caplog.records) < 400


async def test_bug_in_one_message_costs_that_message_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench()
    receive = bench.registry.receive

    def fail_for_b(message: Message, now: float) -> Any:
        if "/b/" in message.topic:
            raise ZeroDivisionError
        return receive(message, now)

    monkeypatch.setattr(bench.registry, "receive", fail_for_b)
    bench.status("b", "t")
    bench.status("a", "t")
    await bench.run_until(lambda: bool(bench.published))
    assert bench.published == ["device/a/DBus"]
    assert "because of a bug" in caplog.text


EV = ServiceKey("ev", "e")


async def ready_charger(bench: Bench) -> None:
    """Have an EV charger registered."""
    bench.put("device/ev/e", {"type": "evcharger", "Current": 6})
    await bench.until(lambda: bool(bench.services.writes))


async def test_device_answers_to_what_the_user_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "ANSWER_LIMIT_S", LIMIT_S)
    rule = TYPES["evcharger"].paths["StartStop"]
    bench = Bench()
    async with bench.running():
        await ready_charger(bench)
        for payload in (False, True):
            asked = asyncio.create_task(bench.driver.ask(EV, rule, 1))
            await asyncio.sleep(0)
            bench.put("device/ev/e/Result/StartStop", payload)
            assert await asked is payload
        assert not bench.registry.pending_changes


async def test_silence_is_a_yes_and_a_newer_value_takes_the_place_of_an_older(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "ANSWER_LIMIT_S", 0.05)
    rule = TYPES["evcharger"].paths["SetCurrent"]
    bench = Bench()
    async with bench.running():
        await ready_charger(bench)
        assert all(await asyncio.gather(bench.driver.ask(EV, rule, 8.0), bench.driver.ask(EV, rule, 9.0)))
        assert bench.registry.pending_changes == {(EV, "SetCurrent"): 9.0}


async def test_device_that_does_not_answer_makes_venus_wait_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "ANSWER_LIMIT_S", 0.05)
    paths = TYPES["evcharger"].paths
    bench = Bench()
    async with bench.running():
        await ready_charger(bench)
        bench.broker._is_up = True  # what expires is dropped without a connection
        assert await bench.driver.ask(EV, paths["SetCurrent"], 8.0)
        asking = bench.driver.ask(EV, paths["StartStop"], 1)
        with pytest.raises(StopIteration) as end:  # at once, without a turn of the loop
            asking.send(None)
        assert end.value.value is True
        assert {"device/ev/e/Set/SetCurrent", "device/ev/e/Set/StartStop"} <= {*bench.published}
        assert bench.registry.pending_changes == {(EV, "SetCurrent"): 8.0, (EV, "StartStop"): 1}


async def test_what_venus_writes_again_and_again_is_not_waited_for() -> None:
    rule = TYPES["pvinverter"].paths["Ac/PowerLimit"]
    bench = Bench()
    async with bench.running():
        bench.put("device/ev/e", {"type": "pvinverter", "Ac/Power": 6})
        await bench.until(lambda: bool(bench.services.writes))
        asking = bench.driver.ask(EV, rule, 100.0)
        with pytest.raises(StopIteration) as end:  # at once, without a turn of the loop
            asking.send(None)
        assert end.value.value is True
        assert bench.registry.pending_changes == {(EV, "Ac/PowerLimit"): 100.0}


async def test_each_status_and_each_reply_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mqtt_devices")
    bench = Bench()

    def count(begin: str, end: str = "") -> int:
        messages = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
        return len([text for text in messages if text.startswith(begin) and text.endswith(end)])

    async with bench.running():
        for number in (1, 2, 3):
            bench.status("a", "t")
            await bench.until(lambda number=number: count("publish ", "device/a/DBus") == number)
    assert count("Received device status message") == 3


async def test_lines_that_repeat_give_way_to_news(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mqtt_devices")
    bench = Bench()
    async with bench.running():
        for number in range(20):
            for _ in range(50):
                bench.status("a", "t")
            await bench.until(lambda: not len(bench.inbox))
            bench.put(f"device/x{number}/Status", 5)
        await bench.until(lambda: not len(bench.inbox))
    messages = [record.getMessage() for record in caplog.records]
    assert len([text for text in messages if text.startswith("Rejected")]) == 20
    assert len(messages) < 400
    assert any("lines about messages left out" in text for text in messages)


async def test_service_type_is_read_beside_the_loop_when_a_message_names_it() -> None:
    threads: list[str] = []

    def read(name: str) -> ServiceType:
        is_loops = threading.current_thread() is threading.main_thread()
        threads.append(f"{name} {'in the loop' if is_loops else 'beside'}")
        return TYPES[name]

    bench = Bench(LazyTypes(TYPES, read))
    bench.status("a", "t")
    bench.inbox.put(Message("device/b/t", rb'{"type": "gr\u0069d", "Ac/Power": 5}', retained=False))
    await bench.run_until(lambda: len(bench.published) == 2)
    assert sorted(bench.published) == ["device/a/DBus", "device/b/DBus"]
    # The second is spelt so that only its look-up finds it.
    assert threads == ["tank beside", "grid in the loop"]
