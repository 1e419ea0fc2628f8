"""Values of the placeholders in the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.peers.mosquitto import free_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Places(dict[str, str]):
    """Known placeholders; a name that ends in _port and is not known becomes a free port of 127.0.0.1."""

    def __init__(self, known: Mapping[str, str]) -> None:
        super().__init__(known)

    def __missing__(self, name: str) -> str:
        if not name.endswith("_port"):
            raise KeyError(f"the registry of the demo has no placeholder {{{name}}}")
        self[name] = port = str(free_port())
        return port

    def fill(self, text: str) -> str:
        """A text with its placeholders replaced."""
        return text.format_map(self)

    def fill_all(self, texts: Iterable[str]) -> list[str]:
        """The same for each of several texts."""
        return [self.fill(text) for text in texts]
