"""The npm client drives every event."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from obdio.events import Events
from simulators.peers.process import MissingProgramError, find_program
from tests.integration.obdio.program import ObdProgram, wait_for_car
from tests.peers.output import read_to_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.obd.vehicle import Vehicle

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]

REPOSITORY = Path(__file__).parents[3]
PAGE = REPOSITORY / "daemons/obd_server/page"


async def run_node(script: Path, *arguments: str) -> Any:
    """Run a script with node and return the JSON it prints."""
    await asyncio.to_thread(fetch_client)
    command = (find_program("node"), str(script), str(PAGE / "package.json"), *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output = await read_to_end(process)
    return json.loads(output)


def fetch_client() -> None:
    """Have the npm client in place."""

    if subprocess.run([str(PAGE / "fetch.sh")], check=False).returncode:
        raise MissingProgramError("npm (or its registry) is not there, so the Socket.IO client is not either")


async def test_the_npm_client_drives_every_event(shared_vehicle: Vehicle, free_port: Callable[[], int]) -> None:
    tcp = free_port()
    script = (
        f"import obdio; io = obdio.OBDio(); io.connect_obd({shared_vehicle.port!r}, protocol='6', delay_cmds=0.05);"
        f"io.create_server(); io.run_server(port={tcp})"
    )
    with ObdProgram(script, tcp) as program:
        await wait_for_car(program.url)
        results = await run_node(Path(__file__).parent / "javascript/events.mjs", program.url)
    acks, events = results["acks"], results["events"]
    assert set(acks) == set(Events(cast("Any", None)).table)  # every default event was sent
    assert acks["status"] == events["status"] == "Car Connected"
    assert acks["supports"] is acks["has_name"] is True
    assert acks["query"]["command"]["name"] == "RPM"
    assert acks["watch"] == ["RPM", "SPEED"]
    assert acks["unwatch"] == ["RPM"]
    assert acks["unwatch_all"] is acks["start"] is acks["stop"] is acks["close"] is None
    assert acks["clear_dtc"]["error"]["kind"] == "Refused"
    assert events["close"] is None
    assert events["obd_closed"] == "(no argument)"
    assert {value["command"]["name"] for value in results["watching"]} == {"RPM", "SPEED"}
    assert results["errors"] == 1
