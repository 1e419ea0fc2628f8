"""The tty itself: a pty with the simulated MultiPlus behind it, in real time."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from mk2.connection import VEBusConnection
from mk2.errors import LinkLost, PortBusy
from mk2.port import open_port
from mk2.session import VEBusSession
from simulators.multiplus.assembly import assemble
from simulators.multiplus.pty_port import PtyPort

REPOSITORY = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.unguarded


async def test_interface_answers_through_a_tty() -> None:
    async with PtyPort(assemble()) as port, VEBusConnection(await open_port(port.tty)) as connection:
        session = VEBusSession(connection)
        assert (await session.version()).version == 1170216
        await session.select(0)
        assert (await session.device_version()).product_id == 0x2610


async def test_second_program_is_kept_out() -> None:
    async with PtyPort(assemble()) as port:
        line = await open_port(port.tty)
        with pytest.raises(PortBusy, match="another program has locked it"):
            await open_port(port.tty)
        await line.close()
        await (await open_port(port.tty)).close()


async def test_missing_tty_is_named() -> None:
    with pytest.raises(LinkLost, match="/dev/ttyNowhere"):
        await open_port("/dev/ttyNowhere")


async def test_pulled_plug_ends_the_connection() -> None:
    async with PtyPort(assemble()) as port, VEBusConnection(await open_port(port.tty)) as connection:
        port.unplug()
        with pytest.raises(LinkLost, match="has ended"):
            async with asyncio.timeout(20):
                await connection.wait_lost()


async def test_other_speed_is_silence_and_the_right_one_is_not() -> None:
    interface = assemble()
    interface.baudrate = 115200
    async with PtyPort(interface) as port, VEBusConnection(await open_port(port.tty)) as connection:
        session = VEBusSession(connection)
        connection.line.set_baudrate(115200)
        assert (await session.version()).is_mk3
        assert connection.line.baudrate == 115200


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["mk2.examples.monitor", "--count", "2"], "W from mains"),
        (["mk2.examples.write", "--list"], "ABSORPTION_VOLTAGE"),
        (["mk2.examples.write", "SOC", "55"], "STATE_OF_CHARGE = 55"),
    ],
)
async def test_examples_run(arguments: list[str], expected: str) -> None:
    async with PtyPort(assemble()) as port:
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "lib")}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            arguments[0],
            "-t",
            port.tty,
            *arguments[1:],
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(60):
                output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, output
        assert expected in output.decode()
