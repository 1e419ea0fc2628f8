"""What the gateway knows of one service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulators.gx.gateway_topics import BLOCKED, Address, service_instance, service_type
from simulators.gx.wire import to_plain, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Known:
    """A path's last value, its text for people, and its limits (None: not known)."""

    value: Any = None
    text: str = ""
    minimum: Any = None
    maximum: Any = None


@dataclass(slots=True)
class WatchedService:
    """A service by its well-known name; owner is the unique name that its signals come from."""

    name: str
    owner: str
    items: dict[str, Known] = field(default_factory=dict)
    instance: str = ""
    is_scanned: bool = False
    early: list[Mapping[str, Mapping[str, Any]]] = field(default_factory=list)
    """Changes that came while the first scan was under way."""

    @property
    def type(self) -> str:
        """The service type of its topics."""
        return service_type(self.name)

    def finish_scan(self, items: Mapping[str, Mapping[str, Any]]) -> None:
        """Take the first reading, then what changed meanwhile. The instance is fixed from here on."""
        self.update(items)
        for changes in self.early:
            self.update(changes)
        self.early.clear()
        instance, identifier = self.items.get("/DeviceInstance"), self.items.get("/Identifier")
        self.instance = service_instance(
            self.type,
            instance and instance.value,
            identifier and identifier.value,
            has_instance=instance is not None,
        )
        self.is_scanned = True

    def update(self, changes: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Take changes as ItemsChanged carries them; returns the paths to tell. A change without Value is none."""
        told = []
        for path, change in changes.items():
            if "Value" not in change or (self.type, path) in BLOCKED:
                continue
            known = self.items.setdefault(path, Known())
            known.value = to_plain(change["Value"])
            known.text = str(to_plain(change["Text"])) if "Text" in change else to_text(known.value)
            known.minimum = to_plain(change["Min"]) if "Min" in change else known.minimum
            known.maximum = to_plain(change["Max"]) if "Max" in change else known.maximum
            told.append(path)
        return told

    def address(self, path: str) -> Address:
        """What the topic of a path names."""
        return Address(self.type, self.instance, path)
