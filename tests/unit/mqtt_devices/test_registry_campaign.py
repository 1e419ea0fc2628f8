"""The registry against everything at once: whatever is sent in whatever order, its laws hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.effects import Effect, Expire, Plan, Publish, ServiceKey, Subscribe, Unsubscribe, Write
from mqtt_devices.protocol.names import unique_id
from tests.unit.mqtt_devices.payloads import payloads
from tests.unit.mqtt_devices.test_registry import PORTAL, World

CLIENTS = ("a", "a_b", "b")
SERVICES = ("c", "b_c", "d")
KINDS = ("tank", "gps")
MAX_SERVICES = 5


class CarefulWorld(World):
    """Looks at each Write when it is made."""

    def take(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Write) and effect.values:
                device = self.registry.devices[effect.key.client_id]
                kind = self.registry.types[device.opened[effect.key.service_id].service_type]
                assert all(kind.find(path) for path in effect.values)
        super().take(effects)


class RegistryCampaign(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = CarefulWorld(max_services=MAX_SERVICES)
        self.subscribed: set[str] = set()

    @rule(
        client_id=st.sampled_from(CLIENTS),
        services=st.dictionaries(st.sampled_from(SERVICES), st.sampled_from(KINDS)),
        connected=st.sampled_from((1, 1, 0)),
        version=st.sampled_from(("1", "2")),
        topic=st.sampled_from(("", "l1", "l2")),
        retained=st.booleans(),
    )
    def status(
        self, client_id: str, services: dict[str, str], connected: int, version: str, topic: str, *, retained: bool
    ) -> None:
        fields: dict[str, Any] = {"connected": connected, "services": services, "version": version, "lwt_topic": topic}
        self.world.status(client_id, retained=retained, **fields)

    @rule(topic=st.sampled_from(("l1", "l2")), payload=st.sampled_from((b"false", b"true")), retained=st.booleans())
    def last_will(self, topic: str, payload: bytes, *, retained: bool) -> None:
        self.world.send(topic, payload, retained=retained)

    @rule(payload=payloads, last=st.sampled_from(("Status", "Proxy")), level=st.sampled_from(CLIENTS))
    def nonsense(self, payload: bytes, last: str, level: str) -> None:
        if payload:
            self.world.send(f"device/{level}/{last}", payload)

    @rule(level=st.sampled_from(CLIENTS), kind=st.sampled_from(KINDS), instance=st.integers(1, 4))
    def proxy(self, level: str, kind: str, instance: int) -> None:
        values = {"Level": 1} if kind == "tank" else {"Speed": 1}
        self.world.send(f"device/{level}/Proxy", {"topicPath": f"W/{PORTAL}/{kind}/{instance}", "values": values})

    @rule(
        client_id=st.sampled_from(CLIENTS),
        service_id=st.sampled_from(SERVICES),
        kind=st.sampled_from(KINDS),
        timeout=st.sampled_from((0, 5)),
        action=st.sampled_from(("invalid", "disconnect")),
        has_type=st.booleans(),
    )
    def direct(self, client_id: str, service_id: str, kind: str, timeout: int, action: str, *, has_type: bool) -> None:
        fields = {"type": kind, "timeout": timeout, "onTimeout": action} if has_type else {}
        values = {"Level": 1} if kind == "tank" else {"Speed": 1}
        self.world.send(f"device/{client_id}/{service_id}", {**fields, **values})

    @rule(client_id=st.sampled_from(CLIENTS), service_id=st.sampled_from(SERVICES))
    def take_away(self, client_id: str, service_id: str) -> None:
        self.world.send(f"device/{client_id}/{service_id}", b"")

    @precondition(lambda self: self.world.plans)
    @rule(failing=st.sets(st.sampled_from(SERVICES)), transient=st.booleans())
    def carry_out(self, failing: set[str], *, transient: bool) -> None:
        reason = Reason.BUS_FAILED if transient else Reason.SERVICE_LIMIT
        self.world.carry_out(**{name: Rejected(reason, "", "no") for name in failing})

    @rule(client_id=st.sampled_from(CLIENTS), service_id=st.sampled_from(SERVICES))
    def lose(self, client_id: str, service_id: str) -> None:
        self.world.registry.lost(ServiceKey(client_id, service_id), self.world.now)

    @rule()
    def tick(self) -> None:
        self.world.now += 1000.0
        self.world.take(self.world.registry.tick(self.world.now))

    @rule()
    def reconnect(self) -> None:
        named = {effect.topic for effect in self.world.registry.reconnect() if isinstance(effect, Subscribe)}
        self.follow_subscriptions()
        assert named == self.subscribed

    @invariant()
    def one_plan_at_a_time_for_each_device(self) -> None:
        pending = [plan.client_id for plan in self.world.plans]
        assert len(pending) == len(set(pending))
        busy = {name for name, device in self.world.registry.devices.items() if isinstance(device.plan, Plan)}
        assert busy == set(pending)

    @invariant()
    def what_is_open_is_unique_and_within_the_limit(self) -> None:
        devices = self.world.registry.devices.values()
        names = [unique_id(device.client_id, name) for device in devices for name in device.opened]
        assert len(names) == len(set(names))
        wanted = sum(len(device.wanted.services) for device in devices if device.wanted)
        assert wanted <= MAX_SERVICES

    @invariant()
    def idle_devices_have_what_they_want(self) -> None:
        for device in self.world.registry.devices.values():
            if device.plan is None:
                assert device.wanted is not None
                assert set(device.wanted.services) == set(device.opened) | set(device.failed) | device.held
                assert not device.is_reply_due

    @invariant()
    def writes_go_to_services_that_are_open(self) -> None:
        self.follow_subscriptions()
        for effect in self.world.others:
            if isinstance(effect, Expire):
                continue
            assert isinstance(effect, Write)
            assert effect.key.service_id in SERVICES
        self.world.others.clear()
        for one in self.world.published:
            assert isinstance(one, Publish)
            assert isinstance(json.loads(one.payload), dict)
        self.world.published.clear()

    def follow_subscriptions(self) -> None:
        for effect in self.world.others:
            if isinstance(effect, Subscribe):
                assert effect.topic not in self.subscribed
                self.subscribed.add(effect.topic)
            elif isinstance(effect, Unsubscribe):
                self.subscribed.remove(effect.topic)
        self.world.others = [one for one in self.world.others if isinstance(one, Write | Expire)]


TestRegistryCampaign = pytest.mark.long(RegistryCampaign.TestCase)
TestRegistryCampaign.settings = settings(stateful_step_count=40)
