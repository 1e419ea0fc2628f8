"""The programs that bench/obd.py measures: `python bench/obd_program.py <what> <adapter> [port] [delay]`."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
sys.path[:1] = [str(ROOT / "lib"), str(ROOT)]  # not this directory: its obd.py is not python-OBD

NAMES = ("RPM", "SPEED", "COOLANT_TEMP", "ENGINE_LOAD", "FUEL_LEVEL", "THROTTLE_POS")
BARE_ROUNDS = 400
TICK_S = 0.001


def bare(adapter: str) -> None:
    """Print how many values per second a loop of plain python-OBD queries reaches."""
    import obd  # type: ignore[import-untyped]  # noqa: PLC0415 - the other programs must not pay for it here

    connection = obd.OBD(adapter, baudrate=38400, protocol="6")
    commands = [obd.commands[name] for name in NAMES]
    begin = time.perf_counter()
    for _ in range(BARE_ROUNDS):
        for command in commands:
            connection.query(command)
    print(BARE_ROUNDS * len(NAMES) / (time.perf_counter() - begin))


def libraries(_adapter: str) -> None:
    """Print the resident memory of a program that only imports what the server needs."""
    import obd  # noqa: F401, PLC0415
    import socketio  # type: ignore[import-untyped]  # noqa: F401, PLC0415
    import uvicorn  # noqa: F401, PLC0415
    import wsproto  # noqa: F401, PLC0415

    print(resident_kb())


def serve(adapter: str, port: str, delay: str) -> None:
    """Serve with obdio, and tell about stalls of the event loop, CPU time and memory when asked."""
    import obdio  # noqa: PLC0415

    io = obdio.OBDio()
    io.create_server(json=obdio)
    longest = [0.0]

    async def watch_loop() -> None:
        while True:
            begin = time.perf_counter()
            await asyncio.sleep(TICK_S)
            longest[0] = max(longest[0], time.perf_counter() - begin - TICK_S)

    async def start(_sid: str, _data: Any) -> float:
        """Connect while the loop runs; answers with the seconds of the first try."""
        begin = time.perf_counter()
        connection = io.connect_obd(adapter, delay_cmds=float(delay))
        while not connection.worker.first_try_done.is_set():  # noqa: ASYNC110 - a thread's event
            await asyncio.sleep(0.01)
        io.remembered = connection.worker.remembered
        return time.perf_counter() - begin

    async def figures(_sid: str, _data: Any) -> dict[str, float]:
        """Answer with the longest stall since the last question, CPU seconds and resident memory."""
        stall, longest[0] = longest[0], 0.0
        return {"stall_s": stall, "cpu_s": time.process_time(), "resident_kb": resident_kb()}

    async def begin_watching(_sid: str, _data: Any) -> bool:
        tasks.append(asyncio.ensure_future(watch_loop()))
        return True

    tasks: list[asyncio.Future[None]] = []
    io.create_event("bench_start", start)
    io.create_event("bench_figures", figures)
    io.create_event("bench_watch_loop", begin_watching)
    io.run_server(port=int(port), log_level="warning")


def resident_kb() -> int:
    """Return the memory that the process has in RAM now, in KiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


if __name__ == "__main__":
    programs: dict[str, Callable[..., None]] = {"bare": bare, "libraries": libraries, "serve": serve}
    programs[sys.argv[1]](*sys.argv[2:])
