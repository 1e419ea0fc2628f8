"""Does it run now? supervise, crash loops, logs."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from console.finding import Finding, good, note, problem
from console.suite import process_name, resident_kb, run
from console.table import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from console.suite import Suite

# Three failed starts in a row are no coincidence; a daemon that has run for a minute is not counted any more.
CRASH_LOOP = 3
RECENT_S = 3600.0
MAX_LINES = 3
# The limit of softlimit is 100 MB of addresses; resident memory comes nowhere near it in good health.
MUCH_MEMORY_KB = 80_000
SVOK_RUNNING = 0
# What bin/run-daemon becomes when it gives up for a while.
PAUSE = "sleep"


def check_supervision(suite: Suite) -> Iterator[Finding]:
    """Each daemon is linked, supervised, and in the state that is wanted."""
    for name in suite.daemons():
        link = suite.services / name
        is_enabled = name in suite.enabled()
        if not link.is_symlink() and not link.exists():
            if is_enabled:
                yield problem(f"there is no {link}", f"{suite.base}/bin/setup.sh")
            continue
        if link.resolve() != suite.base / "service" / name:
            yield problem(f"{link} leads to {link.resolve()}, another version", f"{suite.base}/bin/setup.sh")
            continue
        code, _ = run("svok", str(link))
        if code != SVOK_RUNNING:
            yield problem(f"nobody supervises {link} (svscan looks every 5 s)", "wait; then restart the device")
            continue
        yield from check_daemon(suite, name, is_enabled=is_enabled)


def check_daemon(suite: Suite, name: str, *, is_enabled: bool) -> Iterator[Finding]:
    """Look at a daemon under supervise."""
    supervised = suite.supervised(name)
    if supervised.pid is None:
        if is_enabled:
            yield problem(f"{name} is down", f"svc -u {suite.services / name}")
        else:
            yield note(f"{name} is not enabled", f"{suite.tool} enable {name}, when it is configured")
        return
    if process_name(supervised.pid) == PAUSE:
        yield problem(f"{name} cannot start; its script waits before it tries again", f"{suite.tool} logs {name}")
        return
    failures = count_failures(suite, name)
    if failures >= CRASH_LOOP:
        yield problem(f"{name} has failed {failures} times in a row", f"{suite.tool} logs {name}")
        return
    yield good(f"{name} is up for {format_duration(supervised.for_s)}")
    memory = resident_kb(supervised.pid) or 0
    if memory > MUCH_MEMORY_KB:
        yield problem(f"{name} takes {memory // 1024} MB", f"{suite.tool} restart {name}, and please report it")


def count_failures(suite: Suite, name: str) -> int:
    """Return how often a daemon has failed since it last ran well (lib/daemonkit/restarts.py)."""
    try:
        record = json.loads((suite.paths.run / f"{name}.restarts").read_text())
        # The run that goes on now counts until it has lasted.
        return int(record["failures"]) - (0 if record["waited"] else 1)
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def check_logs(suite: Suite) -> Iterator[Finding]:
    """What the daemons themselves complained about in the last hour."""
    for name in suite.daemons():
        problems = suite.problems(name, last_s=RECENT_S)
        for moment, text in problems[-MAX_LINES:]:
            at = time.strftime("%H:%M:%S", time.localtime(moment))
            yield note(f"{name} at {at}: {text}", f"{suite.tool} logs {name}")


def check_others(suite: Suite) -> Iterator[Finding]:
    """No older program of the same kind runs beside ours."""
    former = suite.services / "dbus-mqtt-devices"
    if former.is_symlink() and "mqtt-devices" in suite.enabled():
        yield problem(
            f"{former} runs beside mqtt-devices: both answer the same devices", f"{suite.base}/bin/setup.sh takes over"
        )
    for link in suite.services.glob("dbus-*modbus-client") if suite.services.is_dir() else ():
        if (
            link.is_symlink()
            and str(link.resolve()).startswith(str(suite.paths.data))
            and "modbus-client" in suite.enabled()
        ):
            yield problem(f"{link} runs beside modbus-client: both ask the same meters", f"{suite.base}/bin/setup.sh")
