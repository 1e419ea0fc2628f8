"""Every example of the manual, run as it stands but for the addresses."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.obdio.program import ObdProgram, connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.obd.vehicle import Vehicle

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]

EXAMPLES = Path(__file__).parents[3] / "docs/examples/obdio"


@pytest.fixture
def run(shared_vehicle: Vehicle, free_port: Callable[[], int]) -> Callable[[str], ObdProgram]:
    def prepare(name: str) -> ObdProgram:
        port = free_port()
        text = (EXAMPLES / name).read_text()
        text = text.replace("connect_obd()", 'connect_obd("/dev/ttyUSB0")').replace("/dev/ttyUSB0", shared_vehicle.port)
        text = re.sub(r"run_server\(.*\)", f"run_server(port={port})", text)
        program = ObdProgram(text, port)
        (program.directory / "index.html").write_text((EXAMPLES / "index.html").read_text())
        return program

    return prepare


@pytest.mark.parametrize("name", ["basic.py", "port.py"])
async def test_a_server_is_there(run: Callable[[str], ObdProgram], name: str) -> None:
    with run(name) as program:
        async with connected(program.url) as client:
            await client.until_car()


async def test_a_handler_emits_python_obds_objects_and_any_origin_may_connect(run: Callable[[str], ObdProgram]) -> None:
    with run("json_module.py") as program:
        async with connected(program.url, headers={"Origin": "http://elsewhere.example"}) as client:
            await client.sio.emit("everything")
            await client.until(lambda: bool(client.got["everything"]))
            assert len(client.got["everything"][0][0]) > 50


def test_the_page_is_served(run: Callable[[str], ObdProgram]) -> None:
    with run("static_files.py") as program, urllib.request.urlopen(program.url, timeout=20) as page:  # noqa: S310
        assert b"Served by obdio" in page.read()


async def test_the_watch_callback_gets_every_response(run: Callable[[str], ObdProgram]) -> None:
    with run("watch_callback.py") as program:
        async with connected(program.url) as client:
            await client.ask("watch", ["RPM", "SPEED"])
            await client.sio.emit("stream")
            await client.until(lambda: any(set(data) >= {"RPM", "SPEED"} for (data,) in client.got["stream"]))
            last = client.got["stream"][-1][0]["RPM"]
            assert last["unit"] == "revolutions_per_minute"
            assert last["value"] > 0


async def test_an_event_of_ones_own_is_called(run: Callable[[str], ObdProgram]) -> None:
    with run("custom_event.py") as program:
        async with connected(program.url) as client:
            await client.sio.emit("custom_event", {"a": 1})
            await client.until(lambda: client.got["custom"] == [({"a": 1},)])


async def test_a_default_event_can_be_replaced_and_a_callback_may_be_a_coroutine(
    run: Callable[[str], ObdProgram],
) -> None:
    with run("override.py") as program:
        async with connected(program.url) as client:
            await client.sio.emit("watch", "RPM")
            await client.until(lambda: bool(client.got["event"]))
            await client.until(lambda: len(client.values("RPM")) > 2)
            await client.until_car()


def test_every_example_is_tested() -> None:
    text = Path(__file__).read_text()
    assert [path.name for path in EXAMPLES.glob("*.py") if f'"{path.name}"' not in text] == []
