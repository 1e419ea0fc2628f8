"""Who keeps the gateway talking: it tells changes only for a while after the last keepalive. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

KEEPALIVE_S: Final = 60.0
"""How long one keepalive lasts."""

REPUBLISH_PER_S: Final = 3
"""A GX answers at most this many keepalives per second with all values."""


@dataclass(frozen=True, slots=True)
class Republish:
    """Tell all values now, and then that this is done; echo is what the asker recognises its own request by."""

    echo: str | None = None


class Keepalive:
    """Times are seconds of any monotonic clock."""

    def __init__(self, lasts_s: float = KEEPALIVE_S) -> None:
        self._lasts_s = lasts_s
        self._until = float("-inf")
        self._recent: list[float] = []

    def is_alive(self, now: float) -> bool:
        """Whether changes are to be told."""
        return now < self._until

    def receive(self, payload: bytes, now: float) -> Republish | None:
        """Take a keepalive; returns what it asks for. An unreadable payload is a plain keepalive."""
        self._until = now + self._lasts_s
        options = _parse_options(payload)
        if "suppress-republish" in options:
            return None
        self._recent = [moment for moment in self._recent if moment > now - 1.0]
        if len(self._recent) >= REPUBLISH_PER_S:
            return None
        self._recent.append(now)
        echoes = [option["full-publish-completed-echo"] for option in options if _has_echo(option)]
        return Republish(echoes[0] if echoes else None)


def _has_echo(option: Any) -> bool:
    return isinstance(option, dict) and isinstance(option.get("full-publish-completed-echo"), str)


def _parse_options(payload: bytes) -> list[Any]:
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        return []
    options = content.get("keepalive-options") if isinstance(content, dict) else None
    return options if isinstance(options, list) else []
