"""Finding out what a device is, without mistaking one model for another."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from modbus_client.protocol.errors import NoAnswer
from modbus_client.protocol.request import Failure, Identify, Reason, Reply, is_silence
from modbus_client.protocol.steps import ask, read
from modbus_client.protocol.sunspec import kinds_of, members_of, walk_chain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from modbus_client.protocol.condition import Facts
    from modbus_client.protocol.definition import Check, Definition, Model, Probe
    from modbus_client.protocol.register import Register
    from modbus_client.protocol.request import Outcome, Request
    from modbus_client.protocol.steps import Steps


LOOK_ONLY = "look_only"
"""The option of `prepare` for who only wants to see what a device says: nothing is written to it."""


class Hook(Protocol):
    """What a family may add in Python; each function may be a plain default (see hooks/)."""

    def identify(self, words: Sequence[int]) -> str | None:
        """Turn the raw model registers into a key of the definition's model table."""

    def prepare(self, facts: Facts, options: Mapping[str, Any]) -> Steps[list[Register]]:
        """Bring the device into a usable state; may add facts; return registers beyond the definition's."""


@dataclass(frozen=True, slots=True)
class Match:
    """A device that was identified."""

    definition: Definition
    model: Model
    facts: Mapping[str, Any]


def identify(
    candidates: Iterable[tuple[Definition, Probe]], hooks: Mapping[str, Hook], patience: int, part: int = 1
) -> Steps[Match | None]:
    """Try definitions one after the other; None when the device answers and is none of them.

    `part` asks for the second, third, ... device of a SunSpec chain.

    Each distinct read is made once. A silence counts as "not mine" like a refusal, because many devices ignore what
    they do not know; NoAnswer is raised when the device answered nothing at all, or nothing of the first `patience`.
    """
    seen: dict[Request, Outcome] = {}
    for definition, probe in candidates:
        if part > 1 and not probe.chain:
            continue
        match = yield from _remember(_try(definition, probe, hooks, part), seen)
        if match is not None:
            return match
        if len(seen) >= patience and all(is_silence(outcome) for outcome in seen.values()):
            break
    if all(is_silence(outcome) for outcome in seen.values()):
        raise NoAnswer("no answer")
    return None


def _remember(steps: Steps[Match | None], seen: dict[Request, Outcome]) -> Steps[Match | None]:
    try:
        request = next(steps)
        while True:
            outcome = seen.get(request)
            if outcome is None:
                outcome = yield request
                seen[request] = outcome
                if isinstance(outcome, Failure) and outcome.reason is Reason.GARBLED:
                    del seen[request]  # it may be asked for again
            request = steps.send(outcome)
    except StopIteration as end:
        found: Match | None = end.value
        return found


def _try(definition: Definition, probe: Probe, hooks: Mapping[str, Hook], part: int) -> Steps[Match | None]:
    try:
        if probe.vendor is not None:
            match = yield from _by_name(definition, probe)
        elif probe.chain:
            match = yield from _by_chain(definition, probe, part)
        else:
            match = yield from _by_register(definition, probe, hooks.get(definition.hook or ""))
        if match is None or probe.check is None:
            return match
        return match if (yield from _passes(probe.check)) else None
    except NoAnswer:
        return None


def _by_register(definition: Definition, probe: Probe, hook: Hook | None) -> Steps[Match | None]:
    for table in probe.tables:
        words = yield from read(table, probe.at, probe.type.count, 1)
        if words is None:
            continue
        key = hook.identify(words) if probe.hook and hook else probe.type.decode(words)
        for low, high, model in probe.models:
            if _is_between(low, key, high):
                return _match(definition, model, {"probed": table})
    return None


def _is_between(low: Any, key: Any, high: Any) -> bool:
    if isinstance(key, str) and isinstance(low, str):
        return key.startswith(low)
    return not isinstance(key, str) and not isinstance(low, str) and key is not None and low <= key <= high


def _by_chain(definition: Definition, probe: Probe, part: int) -> Steps[Match | None]:
    chain = yield from walk_chain(probe.chain)
    members = members_of(chain or [], kinds_of([(low, high, model.facts) for low, high, model in probe.models]))
    if part > len(members):
        return None
    member = members[part - 1]
    model = next(model for low, high, model in probe.models if low <= member.model <= high)
    found = {"chain": dict(member.headers), "models": tuple(member.headers), "parts": len(members)}
    return _match(definition, model, {**found, "place": member.number})


def _by_name(definition: Definition, probe: Probe) -> Steps[Match | None]:
    outcome = yield from ask(Identify(), 1)
    if not isinstance(outcome, Reply):
        return None
    texts = dict(outcome.texts)
    vendor, code = texts.get(0, ""), texts.get(1, "")
    if (probe.vendor or "").lower() not in vendor.lower():
        return None
    for start, model in probe.product:
        if code.upper().startswith(start.upper()):
            named = replace(model, name=code)
            return _match(definition, named, {"revision": texts.get(2)})
    return None


def _match(definition: Definition, model: Model, found: Mapping[str, Any]) -> Match:
    return Match(definition, model, {**definition.facts, **model.facts, "variant": model.variant, **found})


def _passes(check: Check) -> Steps[bool]:
    words = yield from read(check.table, check.at, check.type.count, 1)
    if words is None:
        return False
    value = check.type.decode(words)
    if value is None:
        return False
    if check.pattern is not None:
        return re.fullmatch(check.pattern, str(value)) is not None
    above = check.minimum is None or value >= check.minimum
    return bool(above and (check.maximum is None or value <= check.maximum))
