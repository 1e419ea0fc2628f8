"""`python -m simulators.multiplus`: a simulated MultiPlus on a pty whose path is printed."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from simulators.multiplus.assembly import Layout, assemble, parse_phases
from simulators.multiplus.pty_port import PtyPort


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators.multiplus", description=__doc__)
    parser.add_argument("--link", type=Path, help="make this symbolic link to the pty")
    parser.add_argument("--phases", default="1", help="phase of each device, e.g. 1,2,3 (default 1)")
    parser.add_argument("--ess", action="store_true", help="the devices have the ESS assistant")
    parser.add_argument("--permissive", action="store_true", help="take several info requests at once")
    parser.add_argument("--noise", type=float, default=0.0, metavar="P", help="chance per frame of each fault")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    interface = assemble(Layout(parse_phases(arguments.phases), has_ess=arguments.ess, strict=not arguments.permissive))
    trouble = interface.trouble
    trouble.flipped = trouble.lost_byte = trouble.cut = trouble.noise = arguments.noise
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with PtyPort(interface, link=arguments.link) as port:
        sys.stdout.write(f"Simulated MultiPlus on {port.tty}\n")
        sys.stdout.flush()
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(_run(_arguments()))
