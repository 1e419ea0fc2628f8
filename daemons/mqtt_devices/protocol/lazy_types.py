"""Service types that are read when they are first needed: to read all of them at start costs a GX seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mqtt_devices.errors import Mistakes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mqtt_devices.protocol.service_types import ServiceType


class LazyTypes(Mapping[str, "ServiceType"]):
    """Service types by name; the names are known. Iterating over values reads all, `in` and sorted() nothing.

    Looking a type up raises Mistakes when its definition has some: each time, though it is read but once.

    Args:
        names: of the types.
        read: reads one; may raise Mistakes.
        on_broken: is told of a type with mistakes, once, when it is looked up.
    """

    def __init__(
        self,
        names: Iterable[str],
        read: Callable[[str], ServiceType],
        on_broken: Callable[[Mistakes], None] | None = None,
    ) -> None:
        self._found: dict[str, ServiceType | Mistakes | None] = dict.fromkeys(names)
        self._unread = {name: f'"{name}"'.encode() for name in self._found}
        self._read = read
        self._on_broken = on_broken
        self._told: set[str] = set()

    def __getitem__(self, name: str) -> ServiceType:
        found = self._found[name]
        if found is None:
            found = self.read(name)
        if not isinstance(found, Mistakes):
            return found
        if self._on_broken is not None and name not in self._told:
            self._told.add(name)
            self._on_broken(found)
        raise Mistakes(found.mistakes)

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def find_unread(self, payload: bytes) -> list[str]:
        """The types that are not read yet and that a JSON text names; one that is spelt with escapes is missed."""
        return [name for name, spelt in self._unread.items() if spelt in payload]

    def read(self, name: str) -> ServiceType | Mistakes:
        """Read a type, ahead of the look-up that needs it. May run in a thread beside the look-ups."""
        found: ServiceType | Mistakes
        try:
            found = self._read(name)
        except Mistakes as mistakes:
            found = mistakes.with_traceback(None)  # which would keep what was read so far
        self._found[name] = found
        self._unread.pop(name, None)
        return found

    def over(self, types: Mapping[str, ServiceType]) -> LazyTypes:
        """These types with others, or in place of those of their names."""
        merged = LazyTypes(self, self._read, self._on_broken)
        merged._found = {**self._found, **types}
        merged._unread = {name: self._unread[name] for name in self._unread.keys() - types.keys()}
        return merged
