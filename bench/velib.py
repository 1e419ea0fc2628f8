"""What velib_async costs beside the same messages through dbus-python: `python bench/velib.py [--quick]`.

README.md beside this file says what is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # started as a script, or from anywhere

from bench.pure import PureError, is_compiled, make_pure_python  # noqa: E402 - found through the line above
from bench.runs import Candidate  # noqa: E402
from bench.table import render  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = ROOT / "bench" / "results" / "velib.json"
MESSAGES = {1: 1000, 10: 500, 50: 400, 300: 100}  # items per message -> messages
QUICK_MESSAGES = {50: 20}
REPEATS = 5
GET_ITEMS, GET_ITEMS_TIMES = 300, 30
REGISTER_ITEMS, REGISTER_TIMES = 50, 20
SYSTEM_PYTHON = Path("/usr/bin/python3")  # has Debian's python3-dbus and python3-gi

# measurement -> candidate -> repeats
Results = dict[str, dict[str, list[float]]]


def main() -> int:
    """Measure, print the table, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run that shows that it works; no usable figures")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument(
        "--json", type=Path, default=None, help=f"default: {RESULTS.relative_to(ROOT)}, not with --quick"
    )
    options = parser.parse_args()
    candidates = list(find_candidates(make=not options.quick))
    results: Results = {}
    for repeat in range(1 if options.quick else options.repeats):
        print(f"round {repeat + 1}", file=sys.stderr, flush=True)
        # All candidates in turn, so that whatever else the machine does meets all of them.
        for candidate in candidates:
            for measurement, figure in measure(candidate, is_quick=options.quick, is_first=repeat == 0):
                results.setdefault(measurement, {}).setdefault(candidate.name, []).append(figure)
    names = [candidate.name for candidate in candidates]
    print(render(results, names))
    path = options.json or (None if options.quick else RESULTS)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"made": describe(candidates), "results": results}, indent=1) + "\n")
    return 0


def find_candidates(*, make: bool) -> Iterator[Candidate]:
    """Yield what can be measured here; the first one is the reference where there is one."""
    if has_modules(SYSTEM_PYTHON, "dbus, gi"):
        yield Candidate("dbus-python", SYSTEM_PYTHON, None)
    else:
        print("no reference: apt-get install python3-dbus python3-gi", file=sys.stderr)
    here = Path(sys.executable)
    try:
        pure = make_pure_python(ROOT, make=make)
        yield Candidate("dbus-fast pure", pure, "dbus_fast")
    except PureError as error:
        print(f"no figures for a GX: {error}", file=sys.stderr)
    if has_modules(here, "dbus_fast") and is_compiled(here):
        yield Candidate("dbus-fast compiled", here, "dbus_fast")
    if has_modules(here, "dbus_next"):
        yield Candidate("dbus-next", here, "dbus_next")


def has_modules(python: Path, modules: str) -> bool:
    """Say whether a Python can import these."""
    return subprocess.run([python, "-c", f"import {modules}"], capture_output=True, check=False).returncode == 0


def measure(candidate: Candidate, *, is_quick: bool, is_first: bool) -> Iterator[tuple[str, float]]:
    """Yield (measurement, figure): microseconds of CPU unless the measurement's name says otherwise."""
    for batch, times in (QUICK_MESSAGES if is_quick else MESSAGES).items():
        provider, consumer = candidate.measure_changes(batch, times)
        yield f"provider, batches of {batch}", provider["us"]
        yield f"consumer, batches of {batch}", consumer["us"]
    server, client = candidate.measure_get_items(GET_ITEMS, 3 if is_quick else GET_ITEMS_TIMES)
    yield f"GetItems of {GET_ITEMS}, answer", server["us"]
    yield f"GetItems of {GET_ITEMS}, call", client["us"]
    yield f"GetItems of {GET_ITEMS}, time until answered", client["clock_us"]
    registered = candidate.measure_alone("register", REGISTER_ITEMS, 2 if is_quick else REGISTER_TIMES)
    yield f"register {REGISTER_ITEMS} items", registered["us"]
    yield f"register {REGISTER_ITEMS} items, time", registered["clock_us"]
    if candidate.library and is_first:  # what objects weigh does not vary
        for what, weight in candidate.measure_alone("weigh", GET_ITEMS, 1).items():
            yield f"bytes per {what.replace('_', ' ')}", weight


def describe(candidates: list[Candidate]) -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "pythons": {
            candidate.name: subprocess.check_output([candidate.python, "-V"], text=True).strip()
            for candidate in candidates
        },
    }


if __name__ == "__main__":
    raise SystemExit(main())
