"""Print what a VE.Bus system measures, once a second: `python -m mk2.examples.monitor -t /dev/ttyUSB0`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from typing import TYPE_CHECKING

from mk2.errors import Mk2Error
from mk2.frames.status import MainState
from mk2.opening import open_session
from mk2.session import POWERS

if TYPE_CHECKING:
    from mk2.session import VEBusSession

PERIOD_S = 1.0


async def describe(session: VEBusSession) -> str:
    """Return one line about the system as it is now."""
    dc, ac, state = await asyncio.gather(session.dc(), session.ac(1), session.state())
    known = [var for var in POWERS if var in session.scales]
    words = dict(zip(known, await session.snapshot(*known), strict=True)) if known else {}
    power = session.power_reading([words.get(var, 0) for var in POWERS], 0)
    name = MainState(state.state).name if state.state < len(MainState) else f"state {state.state}"
    powers = (
        f"{_watts(power.mains_w)} W from mains {_watts(power.output_w)} W to loads "
        f"{_watts(power.inverter_w)} W to battery"
    )
    voltages = f"mains {ac.mains_voltage_v:6.1f} V {ac.mains_current_a:6.2f} A   output {ac.inverter_voltage_v:6.1f} V"
    return f"{name:<12} battery {dc.voltage_v:6.2f} V {dc.current_a:7.2f} A   {voltages}   {powers}"


def _watts(value: float | None) -> str:
    return "    -" if value is None else f"{value:5.0f}"


async def run(tty: str, count: int | None) -> None:
    """Print `count` lines, or for ever."""
    async with open_session(tty) as session:
        while count is None or count > 0:
            sys.stdout.write(await describe(session) + "\n")
            sys.stdout.flush()
            count = None if count is None else count - 1
            if count != 0:
                await asyncio.sleep(PERIOD_S)


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m mk2.examples.monitor", description=__doc__)
    parser.add_argument("-t", "--tty", required=True, help="tty of the MK2 or MK3")
    parser.add_argument("--count", type=int, help="print so many lines and end")
    arguments = parser.parse_args()
    try:
        asyncio.run(run(arguments.tty, arguments.count))
    except Mk2Error as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has seen enough: end quietly
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
