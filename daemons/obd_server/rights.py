"""What each client may do."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daemonkit.ratelimit import Limiter
from obd_server.access import Grant, Rules
from obd_server.audit import write_record
from obdio.policy import Policy

if TYPE_CHECKING:
    from pathlib import Path

    from obd_server.config import Config

MAX_CLIENTS = 16
EVENTS_PER_S = 20.0
EVENTS_BURST = 60.0
"""The page asks some ten things when it opens."""
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")
"""Headers of a proxy: its client is not this machine, although the connection comes from it."""


@dataclass(slots=True)
class _Client:
    grant: Grant
    peer: str
    limiter: Limiter = field(default_factory=lambda: Limiter(EVENTS_PER_S, EVENTS_BURST))


class Rights(Policy):
    """Secure by default: reading only, and what comes over the network needs the token."""

    def __init__(self, config: Config, rules: Rules, audit_file: Path) -> None:
        super().__init__(allow_clear_dtc=config.may_clear)
        self._config = config
        self._rules = rules
        self._audit_file = audit_file
        self._clients: dict[str, _Client] = {}

    @property
    def count(self) -> int:
        """Clients that are connected."""
        return len(self._clients)

    def refuses(self, sid: str, environ: dict[str, Any], auth: Any) -> str | None:
        """Check token and number of clients."""
        if len(self._clients) >= MAX_CLIENTS:
            return f"busy: {MAX_CLIENTS} clients are connected already"
        token = auth.get("token") if isinstance(auth, dict) else None
        peer = (environ.get("asgi.scope", {}).get("client") or ("",))[0]
        grant = self._rules.grant(
            peer=peer,
            is_forwarded=any(header in environ for header in FORWARDED),
            token=token if isinstance(token, str) else None,
        )
        if grant is None:
            return "unauthorized"
        self._clients[sid] = _Client(grant, peer)
        return None

    def forget(self, sid: str) -> None:
        """Drop the client."""
        self._clients.pop(sid, None)

    def allows(self, sid: str) -> bool:
        """Whether the client does not ask too often."""
        client = self._clients.get(sid)
        return client is not None and client.limiter.allow(time.monotonic())

    def may_write(self, sid: str) -> bool:
        """Whether writing is switched on and the client has the token."""
        return self._config.may_write and self.sees_private(sid)

    def sees_private(self, sid: str) -> bool:
        """Whether the client has the token."""
        client = self._clients.get(sid)
        return client is not None and client.grant is Grant.FULL

    def audit(self, sid: str, what: str, details: Any) -> None:
        """Write the record before the action; it does not happen when that fails."""
        client = self._clients.get(sid)
        write_record(self._audit_file, what, client.peer if client else "?", details)
