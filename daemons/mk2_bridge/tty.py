"""Takes a tty away from Venus: its serial-starter would start a driver of its own on it."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

log = logging.getLogger(__name__)

STOP_TTY = Path("/opt/victronenergy/serial-starter/stop-tty.sh")
LIMIT_S = 15.0
"""Stopping a driver takes a second or two; one that hangs must not keep us from trying."""


async def release_from_venus(tty: str, program: Path = STOP_TTY) -> bool:
    """Have Venus stop its driver on a tty, until the next boot or replug; return whether that was done.

    Does nothing where there is no Venus, or no such tty.
    """
    path = await asyncio.to_thread(Path(tty).resolve)
    if not await asyncio.to_thread(program.exists) or not await asyncio.to_thread(path.exists):
        return False
    process = await asyncio.create_subprocess_exec(
        str(program), path.name, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            code = await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        code = -1
    if code:
        log.warning("%s %s ended with %d; Venus may still use the tty", program, path.name, code)
    return code == 0
