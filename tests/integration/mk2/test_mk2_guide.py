"""The examples in docs/mk2.md, as they are printed there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from simulators.multiplus.assembly import Layout, assemble
from simulators.multiplus.pty_port import PtyPort
from tests.peers.output import read_to_end

pytestmark = pytest.mark.unguarded

REPOSITORY = Path(__file__).resolve().parents[3]
EXAMPLES = re.findall(r"```python\n(.*?)```", (REPOSITORY / "docs" / "mk2.md").read_text(encoding="utf-8"), re.DOTALL)


async def test_asking_prints_what_the_device_has(tmp_path: Path) -> None:
    async with PtyPort(assemble(Layout().hurried())) as port:
        output = await run_example(0, port.tty, tmp_path)
    assert re.fullmatch(r"26\.\d\d V, \+1\d\.\d A; mains 2\d\d V\nfloat at 27\.60 V\n", output)


async def test_changing_changes_what_it_says_and_no_eeprom(tmp_path: Path) -> None:
    interface = assemble(Layout().hurried())
    async with PtyPort(interface) as port:
        await run_example(2, port.tty, tmp_path)
    device = interface.devices[0]
    assert (interface.limit, interface.plant.switch) == (100, 3)
    assert (device.settings[3].value, device.settings[60].value, device.eeprom_writes) == (2740, 0x210, 0)


async def test_watching_shows_readings_until_it_is_ended(tmp_path: Path) -> None:
    async with PtyPort(assemble(Layout().hurried())) as port:
        process = await start_example(1, port.tty, tmp_path)
        try:
            assert process.stdout is not None
            wanted = {"asleep", "starting", "running", "dc", "ac1", "powers", "config", "state"}
            async with asyncio.timeout(60):
                while wanted:
                    wanted.discard((await process.stdout.readline()).split()[0].decode())
        finally:
            process.kill()
            await process.wait()


async def run_example(number: int, tty: str, directory: Path) -> str:
    """Run an example to its end and return what it printed."""
    process = await start_example(number, tty, directory)
    output = await read_to_end(process)
    assert process.returncode == 0, output.decode()
    return output.decode()


async def start_example(number: int, tty: str, directory: Path) -> asyncio.subprocess.Process:
    """Write an example to a file, with this tty, and run it."""
    file = directory / "example.py"
    text = EXAMPLES[number].replace("/dev/ttyUSB0", tty)
    await asyncio.to_thread(file.write_text, text, encoding="utf-8")
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-u",
        str(file),
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "lib")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
