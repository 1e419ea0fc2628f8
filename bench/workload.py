"""What all benchmarked programs do alike: the same paths, values and texts, at the same pace. Standard library only."""

from __future__ import annotations

import argparse
import json
import sys
import time

NAME = "com.victronenergy.benchmark.provider"
INTERFACE = "com.victronenergy.BusItem"
SETTLE_S = 0.5  # after registration: whoever watches has read the service by then
# Between messages the provider sleeps: on a GX each message arrives alone, so none may wait for the one before it.
PAUSE_S, PAUSE_PER_ITEM_S = 0.001, 0.00002


def paths(count: int) -> list[str]:
    """Return paths such as drivers have."""
    return [f"/Ac/L{number % 3 + 1}/Meter{number}/Power" for number in range(count)]


FIRST = paths(1)[0]


def value(step: int, number: int) -> float:
    """Return a value that differs from step to step for each item."""
    return step * 1.25 + number


def text(watts: float) -> str:
    """Format as drivers do."""
    return f"{watts:.1f} W"


def pause(items: int) -> None:
    """Give the bus daemon and the consumer time; costs this process no CPU."""
    time.sleep(PAUSE_S + items * PAUSE_PER_ITEM_S)


def ready() -> None:
    """Tell the benchmark that this process can be talked to."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def report(**figures: float) -> None:
    """Hand the figures over."""
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


def arguments(roles: list[str]) -> argparse.Namespace:
    """Parse what the benchmark passes to its programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=roles)
    parser.add_argument("--address", required=True, help="of the private bus")
    parser.add_argument("--library", choices=["dbus_fast", "dbus_next"])
    parser.add_argument("--items", type=int, default=50, help="per message, or of the service")
    parser.add_argument("--times", type=int, default=100, help="how often")
    return parser.parse_args()


class Stopwatch:
    """Measures the CPU time of this process, user and system, and the time that passes, per piece of work."""

    def __init__(self) -> None:
        self._cpu = time.process_time()
        self._clock = time.perf_counter()

    def report(self, pieces: int) -> None:
        """Hand over the microseconds of CPU, and of the clock, per piece."""
        cpu, clock = time.process_time() - self._cpu, time.perf_counter() - self._clock
        report(us=cpu * 1e6 / pieces, clock_us=clock * 1e6 / pieces)


class ItemCounter:
    """Counts received items and the CPU they take: from the end of the first message to the end of the last."""

    def __init__(self, messages: int, batch: int) -> None:
        self._left = messages * batch
        self._items = 0
        self._watch: Stopwatch | None = None

    def add(self, items: int, first: float | None) -> bool:
        """Count the items of one message, in which the first path has this value; True: that was the last message."""
        if self._watch is not None:
            self._items += items
        elif first == value(1, 0):  # not the scan of the service, which comes before
            self._watch = Stopwatch()
        else:
            return False
        self._left -= items
        return self._left <= 0

    def finish(self) -> None:
        """Hand the figures over."""
        if self._watch is not None:
            self._watch.report(self._items)
