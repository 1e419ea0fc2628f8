"""Who may do what, and how much: the server asks, programs decide."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Policy:
    """The rights of every client. This one is as open as the library's document has it, but for clearing codes.

    A program with stricter rules overrides the methods; they are called in the event loop and must not block.
    """

    allow_clear_dtc: bool = False
    max_watches: int = 64
    """Commands one client may watch."""

    def refuses(self, sid: str, environ: dict[str, Any], auth: Any) -> str | None:  # noqa: ARG002 - for overriding
        """Return why the client that wants to connect may not, None when it may."""
        return None

    def forget(self, sid: str) -> None:
        """Note that the client is gone."""

    def allows(self, sid: str) -> bool:  # noqa: ARG002 - for overriding
        """Whether the client may ask something now; a program can hold back those that ask too often."""
        return True

    def may_write(self, sid: str) -> bool:  # noqa: ARG002 - for overriding
        """Whether the client may close the link, pause polling for all, or choose the port."""
        return True

    def may_clear(self, sid: str) -> bool:
        """Whether the client may erase trouble codes, which also needs its confirmation."""
        return self.allow_clear_dtc and self.may_write(sid)

    def sees_private(self, sid: str) -> bool:
        """Whether the client may see what identifies the vehicle."""
        return self.may_write(sid)

    def audit(self, sid: str, what: str, details: Any) -> None:
        """Keep a record of an action on the vehicle, which does not happen when this raises OSError. May block."""
        logger.warning("%s by client %s: %s", what, sid, details)
