"""The daemon reads servers that other people wrote, and a client that other people wrote agrees with it."""

from __future__ import annotations

import asyncio
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from simulators.modbus.models import make_image
from simulators.modbus.truths import meter_truths
from tests.integration.modbus_client.installation import Installation
from tests.peers.modbus.servers import (
    build_libmodbus_server,
    libmodbus_command,
    pty_pair,
    python_command,
    serving,
)
from tests.peers.process import find_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.peer

EM24 = "com.victronenergy.grid.cg_BY1234500"
SDM630 = "com.victronenergy.grid.ea_7001234"


@pytest.fixture(scope="module")
def c_server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_libmodbus_server(tmp_path_factory.mktemp("libmodbus"))


def _command(name: str, c_server: Path, kind: str, where: str) -> list[str]:
    if name == "libmodbus":
        return libmodbus_command(c_server, kind, where, 1)
    return python_command(name, kind, where, 1)


@pytest.mark.parametrize("name", ["libmodbus", "pyModbusTCP", "modbus-tk", "pymodbus"])
async def test_tcp_server_is_read_like_the_meter_that_it_plays(
    tmp_path: Path, c_server: Path, free_port: Callable[[], int], name: str
) -> None:
    port = str(free_port())
    image = make_image("em24")
    async with (
        serving(_command(name, c_server, "tcp", port), image),
        Installation(tmp_path, "-F", f"tcp:127.0.0.1:{port}:1") as gx,
    ):
        gx.start()
        for path in ("/Ac/Power", "/Ac/L3/Power", "/Ac/L2/Voltage", "/Ac/Energy/Reverse"):
            await gx.wait_value(EM24, path, float(meter_truths()[path]))


async def test_udp_server_is_read(tmp_path: Path, free_port: Callable[[], int]) -> None:
    port = str(free_port())
    image = make_image("vm3p")
    async with (
        serving(python_command("pymodbus", "udp", port, 1), image),
        Installation(tmp_path, "-F", f"udp:127.0.0.1:{port}:1") as gx,
    ):
        gx.start()
        await gx.wait_value("com.victronenergy.grid.ve_HQ2345ABCDE", "/Ac/Power", 1234.0, 0.6)


@pytest.mark.parametrize(
    ("name", "kind"), [("libmodbus", "rtu"), ("modbus-tk", "rtu"), ("pymodbus", "rtu"), ("pymodbus", "ascii")]
)
async def test_serial_server_is_read(tmp_path: Path, c_server: Path, name: str, kind: str) -> None:
    image = make_image("sdm630")
    async with (
        pty_pair(tmp_path) as (ours, theirs),
        serving(_command(name, c_server, kind, theirs), image),
        Installation(tmp_path / "gx", "-F", f"{kind}:{ours}:9600:1") as gx,
    ):
        gx.start()
        await gx.wait_value(SDM630, "/Ac/Power", 1234.0)
        await gx.wait_value(SDM630, "/Ac/L3/Energy/Forward", 300.5)


async def test_mbpoll_agrees_with_the_bus(tmp_path: Path, c_server: Path, free_port: Callable[[], int]) -> None:
    mbpoll, port = find_program("mbpoll"), str(free_port())
    image = make_image("sdm630")
    async with serving(libmodbus_command(c_server, "tcp", port, 1), image):
        # -0: addresses as on the wire, -t 3: input registers, -1: once, -q: values only
        asked = ["-m", "tcp", "-a", "1", "-0", "-r", "0", "-c", "18", "-t", "3", "-1", "-q", "-p", port, "127.0.0.1"]
        found = await asyncio.to_thread(subprocess.run, [mbpoll, *asked], capture_output=True, text=True, check=True)
        lines = [line for line in found.stdout.splitlines() if line.startswith("[")]
        words = [int(line.split(":")[1].split()[0]) & 0xFFFF for line in lines]
        floats = struct.unpack(">9f", struct.pack(">18H", *words))
        async with Installation(tmp_path, "-F", f"tcp:127.0.0.1:{port}:1") as gx:
            gx.start()
            for place, name in enumerate(("Voltage", "Current", "Power")):
                for phase in (1, 2, 3):
                    expected = floats[3 * place + phase - 1]
                    await gx.wait_value(SDM630, f"/Ac/L{phase}/{name}", expected, 0.0001)
