"""What a definition file cannot say, one family per file; each is a generator of requests, without I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modbus_client.protocol.identify import Hook

_CLASSES = {"cre": "CreHook", "em24": "Em24Hook", "smappee": "SmappeeHook"}


class Hooks(Mapping[str, "Hook"]):
    """Hooks by name, each imported when a device needs it: most installations need none."""

    def __init__(self) -> None:
        self._made: dict[str, Hook] = {}

    def __getitem__(self, name: str) -> Hook:
        if name not in self._made:
            class_name = _CLASSES[name]
            self._made[name] = getattr(import_module(f"{__name__}.{name}"), class_name)()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


HOOKS: Mapping[str, Hook] = Hooks()
"""By the name that a definition's key `hook` gives."""
