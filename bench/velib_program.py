"""The programs whose CPU time is measured, on velib_async. `reference_program` has the same roles on dbus-python."""

from __future__ import annotations

import asyncio
import gc
import signal
import tracemalloc
from typing import TYPE_CHECKING, Any

from bench import workload
from velib_async.bus import BUS_ITEM, open_bus
from velib_async.client import Monitor
from velib_async.client import Service as WatchedService
from velib_async.service import DoubleItem, Service

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable

MEMORY_SERVICES = 10


def make_service(bus: Any, name: str, count: int) -> Service:
    """Make a service with meters; not registered yet."""
    service = Service(bus, name)
    for path in workload.paths(count):
        service.add_item(DoubleItem(path, 0.0, text=workload.text))
    return service


async def change_all(service: Service, paths: list[str], step: int) -> None:
    """Change each item, as a driver does after it has polled its device."""
    with service as changes:
        for number, path in enumerate(paths):
            changes[path] = workload.value(step, number)
    await asyncio.sleep(0)  # the message takes a turn of the loop


async def provide(options: argparse.Namespace) -> None:
    """Send ItemsChanged; CPU per changed item."""
    service = make_service(await open_bus(options.address, library=options.library), workload.NAME, options.items)
    paths = list(service.items)
    await service.register()
    await asyncio.sleep(workload.SETTLE_S)
    watch = workload.Stopwatch()
    for step in range(1, options.times + 1):
        await change_all(service, paths, step)
        workload.pause(options.items)
    watch.report(options.items * options.times)


class Benchmarked(WatchedService):
    """What the Monitor watches."""

    servicetype = "com.victronenergy.benchmark"


async def consume(options: argparse.Namespace) -> None:
    """Receive ItemsChanged through a Monitor; CPU per changed item."""
    bus = await open_bus(options.address, library=options.library)
    counter = workload.ItemCounter(options.times, options.items)
    is_done = asyncio.Event()

    def count(_: WatchedService, values: dict[str, Any]) -> None:
        if counter.add(len(values), values.get(workload.FIRST)):
            is_done.set()

    monitor = await Monitor.create(bus, count, handlers={Benchmarked.servicetype: Benchmarked})
    workload.ready()
    await is_done.wait()
    counter.finish()
    await monitor.close()


async def serve(options: argparse.Namespace) -> None:
    """Answer GetItems until SIGTERM; CPU per answer."""
    service = make_service(await open_bus(options.address, library=options.library), workload.NAME, options.items)
    await service.register()
    is_done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, is_done.set)
    watch = workload.Stopwatch()
    workload.ready()
    await is_done.wait()
    watch.report(options.times)


async def ask(options: argparse.Namespace) -> None:
    """Call GetItems; CPU and time per call."""
    bus = await open_bus(options.address, library=options.library)
    watch = workload.Stopwatch()
    for _ in range(options.times):
        (items,) = await bus.call(workload.NAME, "/", BUS_ITEM, "GetItems")
        if len(items) != options.items:
            raise RuntimeError(f"GetItems of {len(items)} items instead of {options.items}")
    watch.report(options.times)


async def register(options: argparse.Namespace) -> None:
    """Make and register services; CPU and time per service."""
    buses = [await open_bus(options.address, library=options.library) for _ in range(options.times)]
    watch = workload.Stopwatch()
    for number, bus in enumerate(buses):
        await make_service(bus, f"{workload.NAME}{number}", options.items).register()
    watch.report(options.times)


async def weigh(options: argparse.Namespace) -> None:
    """Measure the bytes of Python objects per service, per item provided, and per item watched."""
    monitor = await Monitor.create(
        await open_bus(options.address, library=options.library), handlers={Benchmarked.servicetype: Benchmarked}
    )
    tracemalloc.start()
    both = await _weigh(lambda number: _start(options, f"{workload.NAME}.full{number}", options.items))
    await monitor.close()
    empty = await _weigh(lambda number: _start(options, f"{workload.NAME}.empty{number}", 0))
    alone = await _weigh(lambda number: _start(options, f"{workload.NAME}.alone{number}", options.items))
    workload.report(service=empty, item=(alone - empty) / options.items, watched_item=(both - alone) / options.items)


async def _start(options: argparse.Namespace, name: str, count: int) -> Service:
    service = make_service(await open_bus(options.address, library=options.library), name, count)
    await service.register()
    await asyncio.sleep(workload.SETTLE_S / MEMORY_SERVICES)
    await change_all(service, list(service.items), 1)
    return service


async def _weigh(start: Callable[[int], Awaitable[Service]]) -> float:
    await start(-1)  # what is needed once is there already
    before = _held_bytes()
    services = [await start(number) for number in range(MEMORY_SERVICES)]
    await asyncio.sleep(workload.SETTLE_S)
    return (_held_bytes() - before) / len(services)


def _held_bytes() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


ROLES = {"provide": provide, "consume": consume, "serve": serve, "ask": ask, "register": register, "weigh": weigh}

if __name__ == "__main__":
    chosen = workload.arguments(list(ROLES))
    asyncio.run(ROLES[chosen.role](chosen))
