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
from simulators.multiplus.assembly import Layout, assemble
from simulators.multiplus.pty_port import PtyPort
from tests.peers.output import read_to_end

REPOSITORY = Path(__file__).resolve().parents[3]
HURRIED = Layout().hurried()
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


async def run(*arguments: str, exit_code: int = 0) -> str:
    """Run a module of the library and return what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "lib")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = await read_to_end(process)
    assert process.returncode == exit_code, output.decode()
    return output.decode()


@pytest.mark.parametrize(
    ("module", "arguments", "expected"),
    [
        ("mk2.examples.monitor", ("--count", "2"), "W from mains"),
        ("mk2.examples.write", ("--list",), "ABSORPTION_VOLTAGE                28.80   24..33, default 28.8"),
        ("mk2.examples.write", ("SOC", "55"), "STATE_OF_CHARGE = 55"),
        ("mk2.examples.write", ("PREFER_RENEWABLE", "on"), "FLAGS2.PREFER_RENEWABLE = on"),
        ("mk2.tool get", ("soc", "FLOAT_VOLTAGE", "FLAGS0.WAVE_CHECK"), "FLOAT_VOLTAGE = 27.6"),
        ("mk2.tool set", ("float_voltage", "27.2"), "FLOAT_VOLTAGE = 27.2"),
        ("mk2.tool monitor", ("--once",), "running, interface 1170216, device 2610506"),
        ("mk2.tool dump", (), "never written: grid code"),
    ],
)
async def test_programs_do_what_they_say(module: str, arguments: tuple[str, ...], expected: str) -> None:
    interface = assemble(HURRIED)
    async with PtyPort(interface) as port:
        assert expected in await run(*module.split(), "-t", port.tty, *arguments)
    assert interface.devices[0].eeprom_writes == 0


async def test_what_a_device_does_not_have_is_named_beside_the_others() -> None:
    async with PtyPort(assemble(HURRIED)) as port:
        output = await run("mk2.tool", "get", "-t", port.tty, "ram:131", "SOC", exit_code=1)
    assert output.splitlines() == ["STATE_OF_CHARGE = 0.8", "this device does not have RAM:131"]


async def test_output_may_be_cut_short() -> None:
    async with PtyPort(assemble(HURRIED)) as port:
        for module in ("mk2.tool dump", "mk2.examples.write --list"):
            process = await asyncio.create_subprocess_shell(
                f"{sys.executable} -m {module} -t {port.tty} | head -n 1",
                env={**os.environ, "PYTHONPATH": str(REPOSITORY / "lib")},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            async with asyncio.timeout(60):
                output, errors = await process.communicate()
            assert (len(output.splitlines()), errors) == (1, b"")


async def test_what_was_recorded_can_be_read_again(tmp_path: Path) -> None:
    file = str(tmp_path / "line.trace")
    async with PtyPort(assemble(HURRIED)) as port:
        assert "readings" in await run("mk2.tool", "record", "-t", port.tty, "--seconds", "4", file)
    text = await run("mk2.tool", "replay", file)
    assert "> InfoRequest(kind=0)" in text
    assert "< DcInfo(" in text
    assert "?" not in text


async def test_report_has_everything_in_one_file(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    async with PtyPort(assemble(HURRIED)) as port:
        await run("mk2.tool", "report", "-t", port.tty, "--seconds", "2", str(file))
    text = file.read_text(encoding="utf-8")
    for part in ("identity: Identity(", "line: {", "BATTERY_VOLTAGE", "ABSORPTION_VOLTAGE", "# trace", " < "):
        assert part in text
    assert list(tmp_path.iterdir()) == [file]  # noqa: ASYNC240  # nothing else runs


async def test_operators_command_leads_to_the_tool() -> None:
    async with PtyPort(assemble(HURRIED)) as port:
        process = await asyncio.create_subprocess_exec(
            str(REPOSITORY / "bin" / "venus-daemons"),
            *("mk2", "get", "-t", port.tty, "SOC"),
            env={**os.environ, "VENUS_DAEMONS_PYTHON": sys.executable},
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            output, _ = await process.communicate()
        assert output == b"STATE_OF_CHARGE = 0.8\n"
