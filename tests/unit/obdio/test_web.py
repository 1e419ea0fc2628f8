from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from typing import Any

import pytest
from aiohttp import ClientSession, WSCloseCode

from obdio.web import MAX_MESSAGE_BYTES, WebServer
from tests.peers.missing_stdlib import REPOSITORY, RUN_LIMIT_S, gx_environment, run_on_gx


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


async def test_a_message_that_is_too_long_is_not_taken_whoever_sends_it() -> None:
    lengths: list[int] = []

    async def take(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await answer(scope, receive, send)
            return
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] == "websocket.receive":
            lengths.append(len(event["bytes"]))

    server = WebServer(take, host="127.0.0.1", port=0)
    task = asyncio.create_task(server.run())
    async with asyncio.timeout(20):
        while not server.is_listening:  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0.01)
        async with ClientSession() as session, session.ws_connect(f"ws://127.0.0.1:{server.port}/") as client:
            await client.send_bytes(bytes(1000))
            await client.send_bytes(bytes(MAX_MESSAGE_BYTES + 1))
            await client.receive()
            assert client.close_code == WSCloseCode.MESSAGE_TOO_BIG
        server.stop()
        await task
    assert lengths == [1000]


async def test_an_address_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = WebServer(answer, host="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(OSError, match="cannot listen on"):
            await server.run()


def test_libraries_that_happen_to_be_installed_are_not_used() -> None:
    """A GX may have them, of another version."""
    code = (
        "import asyncio, sys, types;"
        "sys.modules.update({name: types.ModuleType(name) for name in ('websockets', 'httptools')});"
        "from tests.unit.obdio.test_web import test_it_serves_inside_a_running_loop_and_stops as serve;"
        "asyncio.run(serve()); print('served')"
    )
    env = gx_environment()
    env["PYTHONPATH"] += f":{REPOSITORY}"
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, env=env, check=False, capture_output=True, text=True, timeout=RUN_LIMIT_S)
    assert ran.stdout.strip() == "served", ran.stderr


def test_uvicorn_loads_where_multiprocessing_is_missing_and_nothing_stays_behind() -> None:
    ran = run_on_gx(
        "from obdio.web import load_uvicorn; u = load_uvicorn(); u.Config(lambda: None, ws='wsproto').load();"
        "assert not [n for n in sys.modules if n.startswith('multiprocessing')]; print(u.__name__)"
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "uvicorn"
