"""What the user changes on D-Bus, on its way to the device, which may refuse it.

device/<clientId>/<serviceId>/Set/<Path>      {"value": ...}, to the device
device/<clientId>/<serviceId>/Result/<Path>   true, false or {"accepted": ...}, from it
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.effects import Answer, Effect, Publish, ServiceKey
from mqtt_devices.protocol.names import set_topic
from mqtt_devices.protocol.payload import MAX_PAYLOAD_BYTES, parse_object, parse_plain
from mqtt_devices.protocol.service_types import Role
from mqtt_devices.protocol.status import parse_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqtt_devices.protocol.service_types import PathRule, Value

# A command that is written again so soon after the device was told is taken for the answer of a device that confirms by
# a W message: telling it again, and again with each confirmation, would never end.
ECHO_S = 2.0

_WORDS = {"accepted": True, "refused": False, "ok": True, "error": False, "true": True, "false": False}
_RULE = 'true, false, accepted, refused or {"accepted": true or false}'


class Changes:
    """Changes that wait for an answer, and those that got none."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[ServiceKey, str], Value] = {}
        self._pending: dict[tuple[ServiceKey, str], tuple[PathRule, Value]] = {}
        self._told: dict[tuple[ServiceKey, str], float] = {}  # when last
        # Whether a service sends Results: True once it has, False when it was asked and did not.
        self._answers: dict[ServiceKey, bool] = {}

    @property
    def pending(self) -> dict[tuple[ServiceKey, str], Value]:
        """Values that were accepted without an answer of the device."""
        return {place: value for place, (_, value) in self._pending.items()}

    def is_told_again(self, key: ServiceKey, rule: PathRule, now: float) -> bool:
        """Whether the device is to hear of a write of the value that a path has already.

        A command is: the device may have missed it. A setting only when the device has not answered the last time.
        """
        if rule.role is not Role.COMMAND:
            return (key, rule.path) in self._pending
        told = self._told.get((key, rule.path))
        return told is None or now - told >= ECHO_S

    def is_awaited(self, key: ServiceKey, rule: PathRule) -> bool:
        """Whether the user's GUI is to wait for an answer: devices made for the former driver never give one."""
        return not rule.is_cyclic and self._answers.get(key, True)

    def ask(self, key: ServiceKey, rule: PathRule, value: Value, broker: str, now: float) -> list[Effect]:
        """Tell the device; an Answer follows, or no_answer() is to be called."""
        self._waiting[key, rule.path] = value
        self._told[key, rule.path] = now
        self._pending.pop((key, rule.path), None)
        return [_tell(key, rule.path, value, broker)]

    def no_answer(self, key: ServiceKey, rule: PathRule) -> None:
        """The time for an answer is over."""
        if (key, rule.path) in self._waiting:
            self._pending[key, rule.path] = (rule, self._waiting.pop((key, rule.path)))
            if not rule.is_cyclic:  # there was no time for an answer
                self._answers.setdefault(key, False)

    def receive_result(self, key: ServiceKey, path: str, *, is_accepted: bool) -> list[Effect]:
        """The device answers."""
        self._pending.pop((key, path), None)
        self._answers[key] = True
        if self._waiting.pop((key, path), _NOTHING) is _NOTHING:
            return []
        return [Answer(key, path, is_accepted)]

    def receive_values(self, key: ServiceKey, values: Mapping[str, Value]) -> list[Effect]:
        """The device tells values: one that was asked for is as good as a yes."""
        if not self._waiting and not self._pending:
            return []
        effects: list[Effect] = []
        for path, value in values.items():
            self._pending.pop((key, path), None)
            if self._waiting.get((key, path), _NOTHING) == value:
                del self._waiting[key, path]
                effects.append(Answer(key, path, is_accepted=True))
        return effects

    def repeat(self, client_id: str, broker: str) -> list[Effect]:
        """A device is back: settings that it has not answered are told again, commands are not."""
        return [
            _tell(key, path, value, broker)
            for (key, path), (rule, value) in self._pending.items()
            if key.client_id == client_id and rule.persists
        ]

    def forget(self, client_id: str) -> None:
        """A device is gone."""
        stores: tuple[dict[tuple[ServiceKey, str], Any], ...] = (self._waiting, self._pending, self._told)
        for store in stores:
            for place in [place for place in store if place[0].client_id == client_id]:
                del store[place]
        self._answers = {key: value for key, value in self._answers.items() if key.client_id != client_id}


_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Result:
    """What a device answers to a change."""

    is_accepted: bool
    secret: str | None = field(default=None, repr=False)


def parse_result(payload: bytes) -> Result:
    """Read the payload of a Result.

    Raises:
        Rejected: neither yes nor no.
    """
    secret = None
    if len(payload) <= MAX_PAYLOAD_BYTES and payload.lstrip()[:1] == b"{":
        message = parse_object(payload)
        answer, secret = message.get("accepted"), parse_secret(message)
    else:
        answer = parse_plain(payload)
    if isinstance(answer, str):
        answer = _WORDS.get(answer.lower())
    if isinstance(answer, bool | int | float) and answer in (0, 1):
        return Result(bool(answer), secret)
    raise Rejected(Reason.WRONG_TYPE, "accepted", _RULE)


def _tell(key: ServiceKey, path: str, value: Value, broker: str) -> Publish:
    # A command that reaches the device an hour late, when the broker is back, does harm.
    return Publish(set_topic(key.client_id, key.service_id, path), json.dumps({"value": value}), broker, expires=True)
