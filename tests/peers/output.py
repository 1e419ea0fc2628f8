"""What a program that runs beside the test prints until it ends."""

from __future__ import annotations

import asyncio

LIMIT_S = 60.0  # takes a second or two; a busy machine is given time


async def read_to_end(process: asyncio.subprocess.Process) -> bytes:
    """Return what the process prints, once it has ended; it does not outlive this call."""
    try:
        async with asyncio.timeout(LIMIT_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output
