"""Carries out plans: opens, closes and changes services on D-Bus, several at a time, none harming another."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from daemonkit.ratelimit import Limiter
from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.effects import Expire, Outcome, Plan, ServiceKey, Write
from mqtt_devices.published_service import Identity, PublishedService
from velib_async.bus import open_bus
from velib_async.errors import BusLost, CallError, NameTaken, SettingError, VelibError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqtt_devices.connections import ConnectionBudget
    from mqtt_devices.controls import Controls
    from mqtt_devices.protocol.service_types import ServiceType, Value
    from mqtt_devices.service_owner import ServiceOwner
    from velib_async.bus import Library

# Services that are opened at the same time: enough to hide the round trips to the bus (six for each) while others
# keep the bus daemon from its core, few enough that its queue of new connections (30 in libdbus) never fills.
OPENING_AT_ONCE = 16
# Services that localsettings does not know, of each of which it keeps a dozen settings for ever: at once as many as
# there may be, then as many as somebody makes who tries things out; not as many as a program that makes up names.
NEW_PERIOD_S = 60.0

_log = logging.getLogger(__name__)


class Publisher:
    """All services on D-Bus.

    Args:
        types: service types by name.
        controls: the settings, opened.
        budget: asked before each connection.
        connect: address and library for the connections.
        version: of the suite.
        owner: is told what happens to services.
        new_at_once: how many services may be opened at once that localsettings does not know.
    """

    def __init__(
        self,
        types: Mapping[str, ServiceType],
        *,
        controls: Controls,
        budget: ConnectionBudget,
        connect: tuple[str, Library | None],
        version: str,
        owner: ServiceOwner,
        new_at_once: int,
    ) -> None:
        self._types = types
        self._controls = controls
        self._budget = budget
        self._address, self._library = connect
        self._version = version
        self._owner = owner
        self._services: dict[ServiceKey, PublishedService] = {}
        self._watches: dict[ServiceKey, asyncio.Task[None]] = {}
        self._new_ones = Limiter(1 / NEW_PERIOD_S, new_at_once)
        self._slots = asyncio.Semaphore(OPENING_AT_ONCE)

    async def apply(self, plan: Plan) -> Outcome:
        """Carry out a plan; whatever fails is named in the outcome."""
        await asyncio.gather(*(self._close(ServiceKey(plan.client_id, service_id)) for service_id in plan.close))
        for service_id in plan.update:
            if service := self._services.get(ServiceKey(plan.client_id, service_id)):
                service.set_version(plan.version)
        opened: dict[str, int] = {}
        ready, failed = await self._prepare(plan)
        problems = await asyncio.gather(
            *(
                self._open(identity, self._types[plan.open[identity.key.service_id]], values)
                for identity, values in ready
            )
        )
        for (identity, _), problem in zip(ready, problems, strict=True):
            if problem is None and identity.key in self._services:
                opened[identity.key.service_id] = identity.instance
            else:
                failed[identity.key.service_id] = problem or Rejected(Reason.BUS_FAILED, "", "the connection broke")
        return Outcome(plan.client_id, opened, failed)

    def write(self, write: Write) -> None:
        """Set values of a service, if it is still there."""
        if service := self._services.get(write.key):
            service.write(write.values)

    def expire(self, expire: Expire) -> None:
        """Treat the values of a service as too old, if it is still there."""
        if service := self._services.get(expire.key):
            service.expire(expire.action)

    async def close(self) -> None:
        """Take all services off the bus."""
        await asyncio.gather(*(self._close(key) for key in list(self._services)))

    async def _prepare(self, plan: Plan) -> tuple[list[tuple[Identity, Mapping[str, Value]]], dict[str, Rejected]]:
        """Settings and instances of the services to be opened; those that got none are refused."""
        failed: dict[str, Rejected] = {}
        wanted: dict[ServiceKey, ServiceType] = {}
        asked = {ServiceKey(plan.client_id, service_id): self._types[name] for service_id, name in plan.open.items()}
        problems = await asyncio.gather(*(self._check(key, service_type) for key, service_type in asked.items()))
        for (key, service_type), problem in zip(asked.items(), problems, strict=True):
            if problem is None:
                wanted[key] = service_type
            else:
                failed[key.service_id] = problem
        prepared = {}
        try:
            # In order, so that the first service of a new device gets the first free instance.
            prepared = await self._controls.prepare_all(wanted)
        except VelibError as error:
            _log.debug("settings of %s: %s", plan.client_id, error)
        ready: list[tuple[Identity, Mapping[str, Value]]] = []
        for key, service_type in wanted.items():
            try:
                instance, values = prepared.get(key) or await self._controls.prepare(key, service_type)
            except (VelibError, ValueError) as error:
                self._controls.detach(key, service_type)
                failed[key.service_id] = _explain(error)
            else:
                is_unheard = key.service_id in plan.unheard
                ready.append((Identity(key, instance, plan.version, self._version, is_unheard), values))
        return ready, failed

    async def _check(self, key: ServiceKey, service_type: ServiceType) -> Rejected | None:
        """Let a service pass that localsettings knows already; a new one unless it is locked, or one too many.

        A type that steers power was perhaps in use before there was this lock.
        """
        try:
            known_as = await self._controls.find_class(key)
        except VelibError as error:
            return _explain(error)
        name = service_type.name
        if service_type.is_locked and known_as != name:
            rule = f"{name} steers power: the owner of the GX may allow it by steering: [{name}] in mqtt-devices.yml"
            return Rejected(Reason.NOT_ENABLED, "", rule)
        if known_as is None and not self._new_ones.allow(time.monotonic()):
            rule = f"too many services that this GX has never seen; room for one more every {NEW_PERIOD_S:g} s"
            return Rejected(Reason.NEW_SERVICE_LIMIT, "", rule)
        return None

    async def _open(
        self, identity: Identity, service_type: ServiceType, values: Mapping[str, Value]
    ) -> Rejected | None:
        async with self._slots:
            try:
                async with self._budget.place():
                    bus = await open_bus(self._address, library=self._library)
                service = await PublishedService.open(
                    bus, service_type, identity, controls=self._controls, owner=self._owner, values=values
                )
            except (VelibError, Rejected) as error:
                self._controls.detach(identity.key, service_type)
                return _explain(error)
        self._services[service.key] = service
        self._watches[service.key] = asyncio.create_task(self._watch(service), name=f"watch {service.key}")
        return None

    async def _close(self, key: ServiceKey) -> None:
        service = self._services.pop(key, None)
        watch = self._watches.pop(key, None)
        if watch is not None:
            watch.cancel()
            await asyncio.wait((watch,))
        if service is not None:
            await service.close()

    async def _watch(self, service: PublishedService) -> None:
        try:
            await service.wait_lost()
        except BusLost as error:
            _log.debug("%s: %s", service.key, error)
            self._services.pop(service.key, None)
            self._watches.pop(service.key, None)
            await service.close()
            self._owner.lose(service.key)


def _explain(error: Exception) -> Rejected:
    if isinstance(error, Rejected):
        return error
    if isinstance(error, NameTaken):
        return Rejected(Reason.NAME_TAKEN, "", f"{error}")
    if isinstance(error, SettingError):
        return Rejected(Reason.SETTINGS_FAILED, "", f"{error}")
    what = "localsettings or the bus" if isinstance(error, CallError) else "the bus"
    return Rejected(Reason.BUS_FAILED, "", f"{what}: {error}")
