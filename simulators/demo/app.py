"""The demo as a program: start everything, show it, end everything."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulators.demo.board import Board
from simulators.demo.ending import Ending
from simulators.demo.expectations import Missing, find_missing
from simulators.demo.poke import poke_lines
from simulators.demo.screen import Screen, count_lines
from simulators.demo.spy import Spy
from simulators.demo.stage import SERVICES, Stage
from simulators.demo.table import render_table
from simulators.peers.process import MissingProgramError, PeerError

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_S: Final = 90.0
DRAW_S: Final = 0.5
PRINT_S: Final = 2.0
"""Between two tables where there is no terminal: a log, not a film."""

ALL_ROWS: Final = 10_000
"""Where there is no terminal whose height counts."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit code: 0 also after Ctrl-C."""
    options = _parse(arguments)
    ending = Ending()
    try:
        with Stage(services=options.services, go_on=ending.check) as stage:
            return asyncio.run(_once(stage, ending, options.limit) if options.once else _show(stage, ending))
    except KeyboardInterrupt:
        return int(options.once)
    except (PeerError, MissingProgramError) as error:
        sys.stderr.write(f"the demo cannot start: {error}\n")
        return 1


async def _show(stage: Stage, ending: Ending) -> int:
    board = Board()
    poke_file = stage.directory / "POKE.txt"
    new_file = poke_file.with_suffix(".new")  # whoever reads the file at this moment gets all of it
    with Screen() as screen:
        async with Spy(stage.address, board):
            while not ending.is_wanted:
                poke = poke_lines(stage, board)
                new_file.write_text("\n".join(poke) + "\n")
                new_file.replace(poke_file)
                screen.draw(_picture(stage, board, screen, poke, str(poke_file)))
                await ending.pause(DRAW_S if screen.is_terminal else PRINT_S)
    return 0


def _picture(stage: Stage, board: Board, screen: Screen, poke: list[str], poke_file: str) -> list[str]:
    columns, lines = screen.size()
    head = [f"venus-daemons demo in {stage.directory}. Ctrl-C ends it and removes everything.", ""]
    head += [f"{name} has ended: {' '.join(stage.output_tail(name)[-1:])}" for name in stage.ended()]
    foot = ["", "In another terminal:", *poke]
    if not screen.is_terminal:
        rows, _ = board.rows(time.monotonic(), ALL_ROWS)
        return [*head, *render_table(rows, columns, colour=False), *foot]
    used = count_lines(head, columns) + 3  # the table's heading, the line about more rows, the cursor's line
    if used + count_lines(foot, columns) > lines // 2:
        foot = ["", f"What to type in another terminal: cat {poke_file}"]
    limit = max(lines - used - count_lines(foot, columns), 1)
    rows, more = board.rows(time.monotonic(), limit)
    rest = [f"... and {more} that change less"] if more else [""]
    return [*head, *render_table(rows, columns, colour="NO_COLOR" not in os.environ), *rest, *foot]


async def _once(stage: Stage, ending: Ending, limit_s: float) -> int:
    board = Board()
    deadline = time.monotonic() + limit_s
    async with Spy(stage.address, board):
        while missing := find_missing(stage.daemons, stage.exhibits, board):
            if ending.is_wanted or time.monotonic() > deadline:
                break
            await ending.pause(DRAW_S)
    screen = Screen()
    rows, _ = board.rows(time.monotonic(), ALL_ROWS)
    sys.stdout.write("\n".join(render_table(rows, screen.size()[0], colour=screen.is_terminal)) + "\n")
    if missing:
        sys.stderr.write(_report(stage, missing, limit_s))
        return 1
    sys.stdout.write(f"{', '.join(stage.daemons)}: all devices are live on D-Bus\n")
    return 0


def _report(stage: Stage, missing: Sequence[Missing], limit_s: float) -> str:
    lines = [f"after {limit_s:g} s:"]
    lines += [f"  {' '.join(filter(None, (lack.daemon, lack.device)))}: {lack.what}" for lack in missing]
    for daemon in sorted({lack.daemon for lack in missing} - {""}):
        lines += [f"{daemon} is {stage.status(daemon)}; the end of its log:"]
        lines += [f"  {line}" for line in stage.log_tail(daemon)]
    for device in sorted({lack.device for lack in missing} - {""}):
        lines += [f"the end of what the simulated {device} says:"]
        lines += [f"  {line}" for line in stage.output_tail(device)]
    return "\n".join([*lines, *(f"{name} has ended" for name in stage.ended()), ""])


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/demo", description="A private simulated GX with every daemon at work.")
    parser.add_argument("--once", action="store_true", help="wait until all values are live, print them, end")
    parser.add_argument("--limit", type=float, default=LIMIT_S, metavar="SECONDS", help="how long --once waits")
    parser.add_argument(
        "--services",
        type=Path,
        default=SERVICES,
        metavar="DIRECTORY",
        help="daemontools service directories to run (default: those of this repository)",
    )
    return parser.parse_args(arguments)
