"""The dashboard page and the gate before everything that is served: an ASGI application."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from obd_server.access import Rules

    App = Callable[[Any, Any, Any], Awaitable[None]]

PAGE = Path(__file__).with_name("page")
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/app.js": ("app.js", "text/javascript; charset=utf-8"),
    "/codes.js": ("codes.js", "text/javascript; charset=utf-8"),
    "/trip.js": ("trip.js", "text/javascript; charset=utf-8"),
    "/view.js": ("view.js", "text/javascript; charset=utf-8"),
    "/units.js": ("units.js", "text/javascript; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/socket.io.min.js": ("socket.io.min.js", "text/javascript; charset=utf-8"),
}
"""Every file there is; nothing else of the disk can be asked for."""
LIBRARY = "socket.io.min.js"
"""Not ours: in vendor/, or for the demo, which writes nothing into a clone, in $VENUS_DAEMONS_PAGE_LIBRARY."""
HEADERS = (
    # Only from here; no plug-ins, no frames, no inline scripts: a foreign text on the page stays a text.
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws: wss:; "
            b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
)


class Page:
    """Serves FILES, held in memory. A clone that never ran fetch.sh lacks the Socket.IO client: a 404 with a hint."""

    def __init__(self, directory: Path = PAGE) -> None:
        self._files: dict[str, tuple[bytes, bytes]] = {}
        library = Path(os.environ.get("VENUS_DAEMONS_PAGE_LIBRARY") or directory / "vendor")
        for route, (name, kind) in FILES.items():
            path = (library if name == LIBRARY else directory) / name
            if path.exists():
                self._files[route] = (path.read_bytes(), kind.encode())

    @property
    def is_complete(self) -> bool:
        """Whether every file is there."""
        return set(FILES) == set(self._files)

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        """Answer a request for a file."""
        if scope["type"] != "http":
            return
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, 405, b"only GET")
            return
        body, kind = self._files.get(scope["path"], (None, b"text/plain"))
        if body is None:
            await respond(send, 404, b"not here; the Socket.IO client comes with a release, or from page/fetch.sh")
            return
        await respond(send, 200, b"" if scope["method"] == "HEAD" else body, kind)


class Gate:
    """Refuses requests with a Host or an Origin that is not ours, before anything else sees them."""

    def __init__(self, app: App, rules: Rules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Check a request, then hand it on."""
        if scope["type"] in ("http", "websocket"):
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            host = headers.get("host")
            reason = self._rules.refuses_host(host) or self._rules.refuses_origin(headers.get("origin"), host)
            if reason is not None:
                await _refuse(scope, receive, send, reason)
                return
        await self._app(scope, receive, send)


async def _refuse(scope: Any, receive: Any, send: Any, reason: str) -> None:
    if scope["type"] == "http":
        await respond(send, 403, reason.encode())
        return
    await receive()
    await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})


async def respond(send: Any, status: int, body: bytes, kind: bytes = b"text/plain; charset=utf-8") -> None:
    """Send a whole answer."""
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
