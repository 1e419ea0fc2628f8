"""What mqtt-devices cannot do without: resident memory of its libraries, of connections to the bus, and their CPU.

`footprint_program.py ADDRESS COUNT` prints JSON, figures in bytes and seconds; behind `--lean` the libraries are
loaded as the daemons load them, without what they never use (daemonkit/lean.py).
"""

from __future__ import annotations

import sys

if "--lean" in sys.argv:
    from daemonkit.lean import start_lean

    start_lean()

import asyncio
import json
import time
from pathlib import Path

import aiomqtt  # noqa: F401 - imported for its weight
import dbus_fast.aio  # noqa: F401 - the same
import paho.mqtt.client  # noqa: F401 - the same
import yaml  # noqa: F401 - the same

PAGE = 4096


def resident() -> int:
    """Resident memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


async def main(address: str, count: int) -> dict[str, float]:
    """Open connections, each with a name."""
    libraries = resident()
    from velib_async.bus import open_bus  # noqa: PLC0415 - after the weight of the libraries was taken
    from velib_async.names import request_name  # noqa: PLC0415 - the same

    warm = await open_bus(address)
    before, cpu = resident(), time.process_time()
    buses = []
    for number in range(count):
        bus = await open_bus(address)
        await request_name(bus, f"com.victronenergy.benchmark.empty{number}")
        buses.append(bus)
    figures = {
        "libraries": libraries,
        "connection": (resident() - before) / count,
        "connection_cpu_s": (time.process_time() - cpu) / count,
    }
    for bus in (warm, *buses):
        await bus.close()
    return figures


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(sys.argv[1], int(sys.argv[2])))) + "\n")
