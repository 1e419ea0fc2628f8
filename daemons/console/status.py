"""venus-daemons status."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from console.mqtt_notes import describe_mqtt
from console.suite import Suite, resident_kb
from console.table import WIDTH, cut, format_duration, render
from daemonkit.version import read_version

PROBLEMS_OF_S = 86400.0
HEADING = ("DAEMON", "STATE", "SINCE", "VERSION", "MEMORY", "DEVICES")


def main(arguments: list[str]) -> int:
    """Print the table; exit code 1 when a daemon that is meant to run does not."""
    if arguments:
        sys.stderr.write("venus-daemons status takes no arguments\n")
        return 2
    suite = Suite()
    python = sys.version.partition(" ")[0]
    head = f"venus-daemons {read_version()} on Venus OS {suite.venus_version()} ({suite.machine()}), Python {python}"
    rows: list[tuple[str, ...]] = [HEADING]
    notes: list[str] = []
    is_well = True
    for name in suite.daemons():
        row, is_good = describe(suite, name)
        rows.append(row)
        is_well = is_well and is_good
        if problems := suite.problems(name, last_s=PROBLEMS_OF_S):
            moment, text = problems[-1]
            ago = format_duration(time.time() - moment)
            notes.append(cut(f"{name}: {ago} ago: {text}", WIDTH))
    lines = [cut(head, WIDTH), "", *render(rows, right=frozenset({4, 5}))]
    lines += [line for name in suite.daemons() for line in describe_page(name, suite.report(name))]
    lines += [line for name in suite.daemons() for line in describe_mqtt(name, suite.report(name))]
    if notes:
        lines += ["", "Last problem of each in the last 24 hours:", *notes]
    if not is_well:
        lines += ["", f"Something is not as it should be: {suite.tool} doctor"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if is_well else 1


def describe(suite: Suite, name: str) -> tuple[tuple[str, ...], bool]:
    """Return the row of a daemon, and whether it is as it is meant to be."""
    supervised = suite.supervised(name)
    is_enabled = name in suite.enabled()
    if supervised.pid is None:
        state = "down" if is_enabled else "not enabled"
        return (name, state, "", "", "", ""), not is_enabled
    report = suite.report(name)
    is_current = report.get("pid") == supervised.pid
    state = str(report.get("state", "starting")) if is_current else "starting"
    memory = resident_kb(supervised.pid)
    row = (
        name,
        state,
        format_duration(supervised.for_s),
        str(report.get("version", "")) if is_current else "",
        f"{memory // 1024} MB" if memory else "",
        count_devices(report) if is_current else "",
    )
    return row, state in ("running", "starting")


def describe_page(name: str, report: dict[str, Any]) -> list[str]:
    """Return where the page of a daemon is and what it asks for, nothing for a daemon without one."""
    address, file = report.get("dashboard"), report.get("token_file")
    if not isinstance(address, str) or report.get("state") != "running":
        return []
    lines = ["", f"{name}: {address}"]
    if isinstance(file, str):
        try:
            lines.append(f"  token for other devices of the network: {Path(file).read_text().strip()}")
        except OSError as error:
            lines.append(f"  its token is in {file} ({error.strerror})")
    return lines


def count_devices(report: dict[str, Any]) -> str:
    """Return how many devices a daemon serves, "" when it does not say."""
    devices = report.get("devices")
    if isinstance(devices, dict | list):
        return str(len(devices))
    return str(devices) if isinstance(devices, int) else ""
