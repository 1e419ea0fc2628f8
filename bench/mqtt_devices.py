"""What mqtt-devices costs: `python bench/mqtt_devices.py [--quick]`. README.md beside this file says what counts."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # started as a script, or from anywhere

from bench.mqtt_load import SERVICES_PER_DEVICE, Load  # noqa: E402 - found through the line above
from bench.pure import PureError, make_pure_python  # noqa: E402
from bench.vendor_set import copy_vendor_set  # noqa: E402
from simulators.peers.dbus import DBusDaemon  # noqa: E402
from simulators.peers.mosquitto import Mosquitto  # noqa: E402
from simulators.peers.process import Peer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RESULTS = ROOT / "bench" / "results" / "mqtt_devices.json"
SERVICES, PATHS = 200, 20
QUICK_SERVICES = 20
VALUES_PER_S = 1000
SECONDS, QUICK_SECONDS = 60.0, 2.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
KIB, MIB = 1024, 1024 * 1024

# measurement -> (unit, wanted at least or at most, is more better)
WANTED = {
    "services registered": ("1/s", 200.0, True),
    "CPU per service registered": ("ms", 2.5, False),
    "memory per service above its bus connection": ("KiB", 20.0, False),
    "memory at 0 services above the libraries": ("MiB", 4.0, False),
    "first reply": ("ms", 100.0, False),
    "longest answer under load": ("s", 1.0, False),
}
OTHERS = {
    "CPU per value message": "us",
    "memory at 0 services": "MiB",
    "memory of the libraries alone": "MiB",
    "memory of the libraries loaded leanly": "MiB",
    "memory of a bus connection": "KiB",
    "CPU of a bus connection": "ms",
    "messages dropped": "",
}


def main() -> int:
    """Measure, print the table, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run that shows that it works; no usable figures")
    parser.add_argument("--json", type=Path, default=None, help=f"default: {RESULTS.relative_to(ROOT)}, not --quick")
    options = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="vd-") as directory:
        for name, python, path in find_candidates(Path(directory), make=not options.quick):
            print(f"{name} ...", file=sys.stderr, flush=True)
            results[name] = asyncio.run(measure(python, path, is_quick=options.quick))
    print(render(results))
    kept = options.json or (None if options.quick else RESULTS)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"date": time.strftime("%Y-%m-%d"), "results": results}, indent=1) + "\n")
    return 0


def find_candidates(directory: Path, *, make: bool) -> Iterator[tuple[str, Path, str]]:
    """Yield (name, Python, what goes in front of its path)."""
    try:
        yield "pure, as on a GX", make_pure_python(ROOT, make=make), str(copy_vendor_set(directory / "vendor"))
    except PureError as error:
        print(f"no figures for a GX: {error}", file=sys.stderr)
    yield "as installed here", Path(sys.executable), ""


async def measure(python: Path, path: str, *, is_quick: bool) -> dict[str, float]:
    """Run everything once for one candidate."""
    services = QUICK_SERVICES if is_quick else SERVICES
    with DBusDaemon() as bus, Mosquitto() as broker, tempfile.TemporaryDirectory(prefix="vd-") as directory:
        environment = make_environment(Path(directory), path)
        # The same Python for all, so that connections weigh what they weigh in the daemon.
        footprint(python, environment, bus.address, 1)  # compiles
        base = footprint(python, environment, bus.address, services)
        lean = footprint(python, environment, bus.address, 1, "--lean")
        here = {**environment, "PYTHONPATH": f"{ROOT}:{ROOT / 'lib'}"}
        with Peer("gx", [sys.executable, str(ROOT / "bench/gx_program.py"), bus.address], env=here) as gx:
            gx.wait_output("ready")
            command = [str(python), "-m", "mqtt_devices", "-b", bus.address, "--mqtt-port", str(broker.port)]
            command += ["--dbus-library", "dbus_fast"]
            with Peer("first start", command, env=environment) as daemon:
                daemon.wait_output("is connected")
            with Peer("mqtt-devices", command, env=environment) as daemon:
                daemon.wait_output("is connected")
                figures = await measure_daemon(daemon, broker.port, services, QUICK_SECONDS if is_quick else SECONDS)
                status = Path(directory) / "run" / "mqtt-devices.json"
                await asyncio.sleep(6.0)  # the file is written every 5 s at most
                dropped = json.loads(await asyncio.to_thread(status.read_text)).get("dropped_messages", 0)
    return {
        **figures,
        "memory of the libraries alone": base["libraries"] / MIB,
        "memory of the libraries loaded leanly": lean["libraries"] / MIB,
        "memory at 0 services above the libraries": figures["memory at 0 services"] - base["libraries"] / MIB,
        "memory of a bus connection": base["connection"] / KIB,
        "memory per service above its bus connection": figures["memory per service"] - base["connection"] / KIB,
        "CPU of a bus connection": base["connection_cpu_s"] * 1000,
        "messages dropped": float(dropped),
    }


async def measure_daemon(daemon: Peer, port: int, services: int, seconds: float) -> dict[str, float]:
    """Register services and send values."""
    async with Load(port) as load:
        await asyncio.sleep(1.0)
        empty = resident(daemon.pid)
        firsts = [await load.register([f"first{number}"], "benchmark", 1) for number in range(3)]
        devices = [f"d{number}" for number in range(services // SERVICES_PER_DEVICE)]
        before, cpu = resident(daemon.pid), cpu_s(daemon.pid)
        needed_s = await load.register(devices, "benchmark")
        used_s = cpu_s(daemon.pid) - cpu
        await asyncio.sleep(2.0)
        full = resident(daemon.pid)
        cpu = cpu_s(daemon.pid)
        count, lags = await load.send_values(devices, VALUES_PER_S, seconds)
        values_s = cpu_s(daemon.pid) - cpu
    return {
        "services registered": services / needed_s,
        "CPU per service registered": used_s / services * 1000,
        "memory at 0 services": empty / MIB,
        "memory per service": (full - before) / services / KIB,
        "first reply": statistics.median(firsts) * 1000,
        "CPU per value message": values_s / count * 1e6,
        "longest answer under load": max(lags, default=0.0),
    }


def make_environment(directory: Path, path: str) -> dict[str, str]:
    """Write the configuration: a type with PATHS paths, and room for all services."""
    config = directory / "data" / "conf" / "venus-daemons"
    (config / "services.d").mkdir(parents=True)
    (config / "mqtt-devices.yml").write_text("max_services: 1024\nmax_devices: 1024\nbus_connections: 4096\n")
    # CustomName, ProductId and these.
    paths = "".join(f"      P{number}: {{type: d, unit: W, decimals: 1}}\n" for number in range(PATHS - 2))
    definition = f"types:\n  benchmark:\n    product_id: 1\n    custom_name: Benchmark\n    paths:\n{paths}"
    (config / "services.d" / "benchmark.yml").write_text(definition)
    places = {f"VENUS_DAEMONS_{name}": str(directory / name.lower()) for name in ("DATA", "RUN", "LOG")}
    python_path = ":".join(filter(None, (path, str(ROOT / "lib"), str(ROOT / "daemons"))))
    # Compiled modules are kept: a daemon compiles them on the first start of its life only.
    compiled = {"PYTHONPYCACHEPREFIX": str(directory / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
    return {**os.environ, **places, **compiled, "PYTHONPATH": python_path, "PYTHONHASHSEED": "0"}


def footprint(
    python: Path, environment: Mapping[str, str], address: str, count: int, *options: str
) -> dict[str, float]:
    """Return what the libraries and the connections cost by themselves."""
    command = [str(python), str(ROOT / "bench/footprint_program.py"), address, str(count), *options]
    figures: dict[str, float] = json.loads(subprocess.check_output(command, env=dict(environment), text=True))
    return figures


def resident(pid: int) -> int:
    """Resident memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def cpu_s(pid: int) -> float:
    """CPU time of a process, user and system, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def render(results: Mapping[str, Mapping[str, float]]) -> str:
    """Return the table as text that is also Markdown."""
    lines = [f"| | {' | '.join(results)} | wanted |", f"| --- | {'---: | ' * (len(results) + 1)}"]
    for name, (unit, limit, is_more_better) in WANTED.items():
        cells = []
        for figures in results.values():
            is_reached = figures[name] >= limit if is_more_better else figures[name] <= limit
            cells.append(f"{figures[name]:.3g}{'' if is_reached else ' (NOT reached)'}")
        wanted = f"{'>=' if is_more_better else '<='} {limit:g} {unit}"
        lines.append(f"| {name} | {' | '.join(cells)} | {wanted} |")
    for name, unit in OTHERS.items():
        cells = [f"{figures[name]:.3g}" for figures in results.values()]
        lines.append(f"| {name}{f', {unit}' if unit else ''} | {' | '.join(cells)} | |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
