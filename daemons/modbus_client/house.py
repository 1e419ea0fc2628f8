"""What all devices of one installation share."""

from __future__ import annotations

import time
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daemonkit.statefile import load_state, save_state

if TYPE_CHECKING:
    from pathlib import Path

    from velib_async.localsettings import Settings

SAVE_INTERVAL_S = 3600.0
"""Integrated energy is written this often; identities at once, because they change once in a device's life."""


@dataclass(slots=True)
class Memory:
    """What is remembered of each device over a restart, by spec: identity, integrated energy, counters at nightfall."""

    path: Path
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    _saved_at: float = field(default_factory=time.monotonic)
    _dirty: bool = False

    def load(self) -> None:
        """Read what was stored; nothing and damage are an empty memory."""
        stored = load_state(self.path)
        if isinstance(stored, dict) and isinstance(stored.get("devices"), dict):
            self.devices = {str(key): value for key, value in stored["devices"].items() if isinstance(value, dict)}

    def remember(self, spec: str, **facts: Any) -> None:
        """Store facts about a device; what is already stored costs no write."""
        known = self.devices.setdefault(spec, {})
        if "ident" in facts and known.get("ident", facts["ident"]) != facts["ident"]:
            known.clear()  # another device has taken its place
        if any(known.get(key) != value for key, value in facts.items()):
            known.update(facts)
            self._dirty = True
            self._saved_at = float("-inf") if "ident" in facts else self._saved_at

    @property
    def is_due(self) -> bool:
        """Something changed, and it is time to write it."""
        return self._dirty and time.monotonic() - self._saved_at >= SAVE_INTERVAL_S

    def take(self) -> dict[str, Any]:
        """Return a copy of everything for `write`; what is remembered after this is due for the next one."""
        self._dirty, self._saved_at = False, time.monotonic()
        return {"devices": deepcopy(self.devices)}

    def write(self, taken: dict[str, Any]) -> None:
        """Write what was taken; blocks. When the file system refuses, it is due again."""
        if not save_state(self.path, taken):
            self._dirty = True

    def save(self) -> None:
        """Write if something changed, at once: for the end of the program."""
        if self._dirty:
            self.write(self.take())


@dataclass(frozen=True, slots=True)
class House:
    """Handed to every device."""

    settings: Settings
    memory: Memory
    bus_address: str
    bus_library: str | None
    version: str
