"""Simulated localsettings and system service, in a process of their own: `gx_program.py ADDRESS`."""

from __future__ import annotations

import asyncio
import sys

from simulators.gx.settings import SettingsSimulator
from simulators.gx.system import SystemSimulator

PORTAL = "c0619ab00000"


async def main(address: str) -> None:
    """Serve until the process is ended."""
    async with SettingsSimulator(address), SystemSimulator(address, portal_id=PORTAL):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
