"""Looking for what a device is: first what it was, else something else each time; a doubtful end is looked at twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.identify import identify
from modbus_client.protocol.prepare import prepare
from modbus_client.protocol.talk import Talk

if TYPE_CHECKING:
    from modbus_client.protocol.definition import Definition, Probe
    from modbus_client.protocol.identify import Hook
    from modbus_client.protocol.prepare import Prepared
    from modbus_client.protocol.spec import DeviceSpec
    from modbus_client.protocol.steps import Steps

Candidates = Callable[[str | None, int], "Iterable[tuple[Definition, Probe]]"]

PATIENCE = 2
"""Silences in a row, without any answer, after which a search is broken off: a dead device must not hold its line."""


@dataclass(slots=True)
class Seek:
    """The search for one device; one conversation after the other until it ends well."""

    spec: DeviceSpec
    candidates: Candidates
    hooks: Mapping[str, Hook]
    options: Mapping[str, Any] = field(default_factory=dict)
    talk: Talk | None = None
    _attempts: int = 0
    _was_silent: bool = False  # since the last search ended
    _is_doubted: bool = False  # the search is a repeated one

    def take(self, prepared: Prepared | None) -> Talk | None:
        """Return the conversation that goes on or begins; None without anything to ask. `prepared`: what it was."""
        if self.talk is None or self.talk.request is None:
            self.talk = Talk(self._find(prepared))
        return None if self.talk.request is None else self.talk

    def drop(self) -> None:
        """Begin anew the next time."""
        self.talk = None

    def missed(self) -> None:
        """Note a silence."""
        self._was_silent = True

    def believes_end(self) -> bool:
        """After a search without result, tell whether it is no known device.

        Not when it was silent meanwhile: it may have woken up when the search was past what it is.
        """
        was_silent, self._was_silent = self._was_silent, False
        self._is_doubted = was_silent and not self._is_doubted
        return not self._is_doubted

    def _find(self, prepared: Prepared | None) -> Steps[Any]:
        match = yield from identify(self._ordered(prepared), self.hooks, PATIENCE, self.spec.part)
        if match is None:
            return None
        hook = self.hooks.get(match.definition.hook or "")
        return (yield from prepare(match, self.spec, hook, self.options))

    def _ordered(self, prepared: Prepared | None) -> Iterable[tuple[Definition, Probe]]:
        if prepared is not None:
            return self.candidates(prepared.definition.name, 0)
        self._attempts += 1
        return self.candidates(None, (self._attempts - 1) * PATIENCE)
