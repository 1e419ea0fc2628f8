"""What obdio delivers beside bare python-OBD, on the emulated vehicle: `python bench/obd.py [--quick]`.

README.md beside this file says what is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # started as a script, or from anywhere

import aiohttp  # noqa: E402 - found through the line above

from bench.obd_program import NAMES  # noqa: E402
from simulators.obd.terminal import SilentTerminal  # noqa: E402
from simulators.obd.vehicle import Vehicle  # noqa: E402
from simulators.peers.process import Peer  # noqa: E402

RESULTS = ROOT / "bench" / "results" / "obd.json"
PROGRAM = str(ROOT / "bench" / "obd_program.py")
ROUND_TRIPS = 500
LIMIT_S = 60.0
WANTED_SHARE, WANTED_STALL_MS, WANTED_MEMORY_MB = 0.9, 20.0, 6.0

Figures = dict[str, float]


class Client:
    """A Socket.IO client that costs little: it counts what is pushed, and answers pings."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self.pushed = 0
        self.state = ""

    async def open(self) -> None:
        """Connect."""
        self._socket = await self._session.ws_connect(f"{self._url}/socket.io/?EIO=4&transport=websocket")
        await self._socket.receive()
        await self._socket.send_str("40")
        self._task = asyncio.create_task(self._read())

    async def ask(self, event: str, argument: Any = None) -> Any:
        """Send an event and return its acknowledgement."""
        self._number += 1
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(f"42{self._number}{json.dumps([event, argument])}")
        return await asyncio.wait_for(answer, LIMIT_S)

    async def close(self) -> None:
        """Disconnect."""
        self._task.cancel()
        await self._socket.close()

    async def _read(self) -> None:
        async for message in self._socket:
            text = message.data
            if text.startswith('42["watching"'):
                self.pushed += 1
            elif text == "2":
                await self._socket.send_str("3")
            elif text.startswith('42["link_state"'):
                self.state = json.loads(text[2:])[1]["state"]
            elif text.startswith("43"):
                number, _, body = text[2:].partition("[")
                self._answers.pop(int(number)).set_result(json.loads("[" + body)[0])


class Server(Peer):
    """The program under test."""

    def __init__(self, adapter: str, delay: float) -> None:
        super().__init__("server")
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.tcp = int(found.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.tcp}"
        self.command = [sys.executable, PROGRAM, "serve", adapter, str(self.tcp), str(delay)]

    def is_ready(self) -> bool:
        """Say whether it listens."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.tcp)) == 0


async def measure_rates(adapter: str, seconds: float) -> Figures:
    """Values per second with 1 and 16 clients, the round trip of an event, both connect times, memory."""
    figures: Figures = {}
    with Server(adapter, 0.0) as server:
        async with aiohttp.ClientSession() as session:
            clients = [Client(session, server.url) for _ in range(16)]
            await clients[0].open()
            figures["connect first s"] = await clients[0].ask("bench_start")
            figures["connect remembered s"] = await clients[0].ask("bench_start")
            trips = []
            for _ in range(ROUND_TRIPS):
                begin = time.perf_counter()
                await clients[0].ask("status")
                trips.append(time.perf_counter() - begin)
            figures["round trip median ms"] = statistics.median(trips) * 1e3
            figures["round trip p99 ms"] = sorted(trips)[int(0.99 * len(trips))] * 1e3
            await clients[0].ask("watch", list(NAMES))
            await asyncio.sleep(0.5)
            figures["values/s, 1 client"] = await count(clients[:1], seconds)
            for client in clients[1:]:
                await client.open()
                await client.ask("watch", list(NAMES))
            await asyncio.sleep(0.5)
            figures["values/s, 16 clients, all"] = await count(clients, seconds)
            figures["resident MB, 16 clients"] = (await clients[0].ask("bench_figures"))["resident_kb"] / 1024
            for client in clients:
                await client.close()
    return figures


async def count(clients: list[Client], seconds: float) -> float:
    """Return how many values arrive per second at all clients together."""
    before, begin = sum(client.pushed for client in clients), time.perf_counter()
    await asyncio.sleep(seconds)
    return (sum(client.pushed for client in clients) - before) / (time.perf_counter() - begin)


async def measure_quiet(adapter: str, seconds: float) -> Figures:
    """CPU and memory with one client at some 20 values per second."""
    with Server(adapter, 0.3) as server:
        async with aiohttp.ClientSession() as session:
            client = Client(session, server.url)
            await client.open()
            await client.ask("bench_start")
            await client.ask("watch", list(NAMES))
            await asyncio.sleep(1)
            before, pushed, begin = await client.ask("bench_figures"), client.pushed, time.perf_counter()
            await asyncio.sleep(seconds)
            after, passed = await client.ask("bench_figures"), time.perf_counter() - begin
            rate = (client.pushed - pushed) / passed
            await client.close()
    cpu_percent = (after["cpu_s"] - before["cpu_s"]) / passed * 100
    return {"CPU % at that rate": cpu_percent, "values/s, unhurried": rate, "resident MB": after["resident_kb"] / 1024}


async def measure_stalls(vehicle: Vehicle) -> Figures:
    """The longest stall of the event loop in each kind of trouble."""
    figures: Figures = {}
    with SilentTerminal() as silent, Server(silent.port, 0.1) as server:
        async with aiohttp.ClientSession() as session:
            client = Client(session, server.url)
            await client.open()
            await client.ask("bench_start")
            await client.ask("bench_watch_loop")
            await asyncio.sleep(8)
            figures["stall ms, silent adapter"] = (await client.ask("bench_figures"))["stall_s"] * 1e3
            await client.close()
    with Server(vehicle.port, 0.1) as server:
        async with aiohttp.ClientSession() as session:
            client = Client(session, server.url)
            await client.open()
            await client.ask("bench_start")
            await client.ask("watch", list(NAMES))
            await client.ask("bench_watch_loop")
            vehicle.stop()
            await until(client, "no port")
            figures["stall ms, unplugged"] = (await client.ask("bench_figures"))["stall_s"] * 1e3
            await asyncio.to_thread(vehicle.start)
            await until(client, "car")
            figures["stall ms, reconnecting"] = (await client.ask("bench_figures"))["stall_s"] * 1e3
            await client.close()
    return figures


async def until(client: Client, state: str) -> None:
    """Wait for a state of the link."""
    async with asyncio.timeout(LIMIT_S):
        while client.state != state:  # noqa: ASYNC110 - the other side is another process
            await asyncio.sleep(0.05)


def run(what: str, adapter: str) -> float:
    """Return the figure that a program prints."""
    output = subprocess.run([sys.executable, PROGRAM, what, adapter], check=True, capture_output=True, text=True)
    return float(output.stdout.split()[-1])


def judge(name: str, figure: float, limit: float, *, is_least: bool = False) -> str:
    """Return a line about a goal."""
    reached = figure >= limit if is_least else figure <= limit
    wanted = f"{'at least' if is_least else 'at most'} {limit:g}"
    return f"{name}: {figure:.2f}, wanted {wanted}: {'reached' if reached else 'MISSED'}"


def main() -> int:
    """Measure, print the figures, keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run that shows that it works; no usable figures")
    options = parser.parse_args()
    seconds = 1.0 if options.quick else 5.0
    figures: Figures = {"imports only MB": run("libraries", "") / 1024}
    with Vehicle() as vehicle:
        bare = [run("bare", vehicle.port)]
        time.sleep(1)
        figures |= asyncio.run(measure_rates(vehicle.port, seconds))
        time.sleep(1)
        bare.append(run("bare", vehicle.port))  # before and after: other work on the machine meets both
        figures["values/s, bare python-OBD"] = max(bare)
        time.sleep(1)
        figures |= asyncio.run(measure_quiet(vehicle.port, 2 * seconds))
        time.sleep(1)
        figures |= asyncio.run(measure_stalls(vehicle))
    for name, figure in figures.items():
        print(f"{name:28} {figure:10.2f}")
    share = figures["values/s, 1 client"] / figures["values/s, bare python-OBD"]
    worst = max(figure for name, figure in figures.items() if name.startswith("stall"))
    print(judge("values to one client, share of bare python-OBD", share, WANTED_SHARE, is_least=True))
    print(judge("longest stall of the loop, ms", worst, WANTED_STALL_MS))
    print(judge("memory beyond the imports, MB", figures["resident MB"] - figures["imports only MB"], WANTED_MEMORY_MB))
    if not options.quick:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
