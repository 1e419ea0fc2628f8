from __future__ import annotations

from typing import Any

import pytest

from obd_server.access import Rules
from obd_server.web_page import FILES, Gate, Page

RULES = Rules(frozenset({"venus.local"}), frozenset(), "token")


async def request(
    app: Any, path: str = "/", *, method: str = "GET", kind: str = "http", **headers: str
) -> dict[str, Any]:
    """Return status, headers and body that an application answers."""
    sent: list[dict[str, Any]] = []
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "method": method, "path": path, "headers": pairs}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": f"{kind}.connect"}

    await app(scope, receive, send)
    return {key: value for message in sent for key, value in message.items()}


async def test_the_page_is_served_with_a_strict_policy() -> None:
    answer = await request(Page())
    assert answer["status"] == 200
    headers = dict(answer["headers"])
    assert headers[b"content-type"].startswith(b"text/html")
    assert b"default-src 'none'" in headers[b"content-security-policy"]
    assert b"unsafe" not in headers[b"content-security-policy"]
    assert b"<title>" in answer["body"]


@pytest.mark.parametrize(
    "path", ["/../app.py", "/fetch.sh", "/package.json", "/..%2fapp.py", "/vendor/socket.io.min.js", "//"]
)
async def test_nothing_else_can_be_asked_for(path: str) -> None:
    assert (await request(Page(), path))["status"] == 404


async def test_only_reading_is_possible() -> None:
    assert (await request(Page(), method="POST"))["status"] == 405
    assert (await request(Page(), method="HEAD"))["body"] == b""


async def test_a_clone_without_the_client_says_what_to_do(tmp_path: Any) -> None:
    page = Page(tmp_path)
    assert not page.is_complete
    assert b"fetch.sh" in (await request(page, "/socket.io.min.js"))["body"]


def test_every_file_of_the_page_is_listed() -> None:
    names = {name for name, _ in FILES.values()}
    assert {"index.html", "app.js", "view.js", "units.js", "style.css", "icon.svg"} <= names


async def reached(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"status": 200})


async def test_the_gate_lets_our_own_pages_in() -> None:
    answer = await request(Gate(reached, RULES), host="venus.local:48484", origin="http://venus.local:48484")
    assert answer["status"] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example", "origin": "http://evil.example"},
        {"host": "venus.local", "origin": "http://evil.example"},
        {},
    ],
)
async def test_the_gate_refuses_others_on_http_and_websocket(headers: dict[str, str]) -> None:
    gate = Gate(reached, RULES)
    assert (await request(gate, **headers))["status"] == 403
    assert (await request(gate, kind="websocket", **headers))["code"] == 1008
