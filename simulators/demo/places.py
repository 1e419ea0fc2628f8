"""Values of the placeholders in the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.peers.port import HeldPort

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Places(dict[str, str]):
    """Known placeholders; an unknown name that ends in _port becomes a port of 127.0.0.1, held until close()."""

    def __init__(self, known: Mapping[str, str]) -> None:
        super().__init__(known)
        self._held: list[HeldPort] = []

    def __missing__(self, name: str) -> str:
        if not name.endswith("_port"):
            raise KeyError(f"the registry of the demo has no placeholder {{{name}}}")
        self._held.append(HeldPort())
        self[name] = port = str(self._held[-1].number)
        return port

    def close(self) -> None:
        """Give the ports back."""
        for port in self._held:
            port.close()

    def fill(self, text: str) -> str:
        """A text with its placeholders replaced."""
        return text.format_map(self)

    def fill_all(self, texts: Iterable[str]) -> list[str]:
        """The same for each of several texts."""
        return [self.fill(text) for text in texts]
