"""Who may connect: decisions over host names, origins and tokens. Pure."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit


class Grant(Enum):
    """What a client may do."""

    READ = "read"
    """Values, but nothing that identifies the vehicle, and no actions."""
    FULL = "full"
    """The token was given: everything that the configuration allows."""


def host_of(header: str) -> str:
    """Return the host in a Host header or an origin's authority, in small letters and without port or brackets."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_address(host: str) -> bool:
    """Whether host is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str | None) -> bool:
    """Whether host is an address of this machine only."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Rules:
    """names: host names that this machine is called by. origins: web pages of other servers that may connect.

    token: what a client must know that does not come from this machine itself.
    """

    names: frozenset[str]
    origins: frozenset[str]
    token: str

    def refuses_host(self, host: str | None) -> str | None:
        """Return why a request with this Host header is refused, None when it is not.

        An attacker's page can point its own name at this machine ("DNS rebinding") and is then of the same origin. It
        cannot do that with an address, or with a name of ours.
        """
        if host is None:
            return "the request names no host"
        name = host_of(host)
        if is_address(name) or name in self.names:
            return None
        return f"the host name {name!r} is not one of this device: use its address, or add it to allowed_hosts"

    def refuses_origin(self, origin: str | None, host: str | None) -> str | None:
        """Return why a request from a page of this origin is refused, None when it is not."""
        if origin is None or origin in self.origins:
            return None  # no browser sends no Origin with what needs one
        parts = urlsplit(origin)
        if parts.scheme in ("http", "https") and host is not None and parts.netloc.lower() == host.lower():
            return None
        return f"pages of {origin!r} may not connect: add it to allowed_origins if they shall"

    def grant(self, *, peer: str | None, is_forwarded: bool, token: str | None) -> Grant | None:
        """Return what a client may do, None when it may not connect. peer: its address; is_forwarded: by a proxy."""
        if token:
            given = token.encode("utf-8", "surrogatepass")  # JSON can carry what is no text
            return Grant.FULL if hmac.compare_digest(given, self.token.encode()) else None
        return Grant.READ if is_loopback(peer) and not is_forwarded else None
