"""How many requests of one kind may be under way at once. Pure."""

from __future__ import annotations

from dataclasses import dataclass

GROW_AFTER = 50
"""Good replies in a row before one more request is risked: at wire speed about ten seconds."""


@dataclass(slots=True)
class Window:
    """Falls to one at the first trouble, grows back by one after `GROW_AFTER` good replies, never above `limit`."""

    limit: int
    size: int = 0
    good: int = 0

    def __post_init__(self) -> None:
        self.size = self.limit

    def succeed(self) -> None:
        """Note a good reply."""
        self.good += 1
        if self.good >= GROW_AFTER:
            self.good = 0
            self.size = min(self.size + 1, self.limit)

    def fail(self) -> None:
        """Note a request without a reply, or one that the device did not understand."""
        self.good = 0
        self.size = 1

    def set_limit(self, limit: int) -> None:
        """Set the largest size, and take it at once."""
        self.limit = self.size = limit
        self.good = 0
