from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from obdio.web import WebServer
from tests.peers.missing_stdlib import run_on_gx


async def answer(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})


async def test_it_serves_inside_a_running_loop_and_stops() -> None:
    server = WebServer(answer, host="127.0.0.1", port=0)
    task = asyncio.create_task(server.run())
    async with asyncio.timeout(20):
        while not server.is_listening:  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        assert (await reader.read()).endswith(b"here")
        writer.close()
        server.stop()
        await task


async def test_an_address_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = WebServer(answer, host="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(OSError, match="cannot listen on"):
            await server.run()


def test_uvicorn_loads_where_multiprocessing_is_missing_and_nothing_stays_behind() -> None:
    ran = run_on_gx(
        "from obdio.web import load_uvicorn; u = load_uvicorn(); u.Config(lambda: None, ws='wsproto').load();"
        "assert not [n for n in sys.modules if n.startswith('multiprocessing')]; print(u.__name__)"
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "uvicorn"
