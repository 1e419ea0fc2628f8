"""One simulated device: python -m simulators.modbus MODEL --tcp PORT | --udp PORT | --pty LINK.

Its values move: power swings around its truth, energy grows. With --night the device sleeps for that many seconds of
every two times as many, as an inverter without sun does.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from simulators.modbus.models import Model, load_model, model_names
from simulators.modbus.rtu import RtuMeter
from simulators.modbus.server import TcpMeter, UdpMeter
from simulators.modbus.station import Behaviour, Station

if TYPE_CHECKING:
    from simulators.modbus.truths import Truths

PERIOD_S = 0.5
SWING_S = 40.0


async def main() -> None:
    """Serve one device until the process is ended."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", choices=model_names())
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--tcp", type=int, metavar="PORT")
    where.add_argument("--udp", type=int, metavar="PORT")
    where.add_argument("--pty", type=Path, metavar="LINK", help="make a serial line there")
    parser.add_argument("--rate", type=int, default=9600)
    parser.add_argument("--unit", type=int, help="default: the model's own")
    parser.add_argument("--latency", type=float, default=0.02, metavar="SECONDS")
    parser.add_argument("--loss", type=float, default=0.0, metavar="SHARE")
    parser.add_argument("--night", type=float, default=0.0, metavar="SECONDS")
    arguments = parser.parse_args()
    model = load_model(arguments.model)
    station = Station(model.image(), Behaviour(arguments.latency, loss=arguments.loss))
    units = {arguments.unit or model.unit: station}
    if arguments.pty is not None:
        async with RtuMeter(units, arguments.rate) as line:
            with suppress(FileNotFoundError):
                arguments.pty.unlink()
            arguments.pty.symlink_to(line.path)
            _tell(f"{arguments.model} on {arguments.pty}")
            await _live(station, model, arguments.night)
    server = TcpMeter(units, arguments.tcp) if arguments.tcp else UdpMeter(units, arguments.udp)
    async with server:
        _tell(f"{arguments.model} on port {arguments.tcp or arguments.udp}")
        await _live(station, model, arguments.night)


def _tell(what: str) -> None:
    sys.stdout.write(f"Simulated {what}\n")
    sys.stdout.flush()


async def _live(station: Station, model: Model, night_s: float) -> None:
    started = time.monotonic()
    while True:
        age_s = time.monotonic() - started
        station.behaviour.is_asleep = night_s > 0 and age_s % (2 * night_s) > night_s
        image = model.image(_move(model.truths(), age_s))
        for table, at, size in image.told:
            for place in range(at, at + size):
                station.image.registers[table, place] = image.registers[table, place]
        await asyncio.sleep(PERIOD_S)


def _move(truths: Truths, age_s: float) -> Truths:
    """Return truths some time later: power up and down by a fifth, energy grown, a little noise on the rest."""
    swing = 1.0 + 0.2 * math.sin(2 * math.pi * age_s / SWING_S)
    moved: Truths = {}
    for path, value in truths.items():
        if isinstance(value, str):
            moved[path] = value
        elif path.endswith(("Power", "/Current", "/P", "/I")):
            moved[path] = value * swing * random.uniform(0.995, 1.005)
        elif "/Energy/" in path:
            moved[path] = value + age_s / 360.0
        elif path.endswith(("Voltage", "/V")):
            moved[path] = value + random.uniform(-0.4, 0.4)
        else:
            moved[path] = value
    return moved


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
