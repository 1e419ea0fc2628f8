"""Replays the host's side of a recorded trace into a simulated system, and tells where it answers otherwise.

`python -m simulators.multiplus.replay TRACE` judges the simulator by what a real device said. Values differ from device
to device; what counts is that each answer comes, in order, of the same kind and length.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from simulators.multiplus.assembly import Layout, assemble, parse_phases
from simulators.multiplus.wire import read_frames

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulators.multiplus.interface import Interface

SETTLE_S = 2.0
"""After the last piece of a trace: time for its last answer."""

UNASKED = (b"\xffV", b"\x00")
"""Version and boot frames come when they like."""


def kind_of(payload: bytes) -> str:
    """Return what a frame is, without its values: type, letter, command and length."""
    head = 3 if payload[:1] == b"\xff" and payload[1:2] in b"WXYZ" else 2 if payload[:1] == b"\xff" else 1
    return f"{payload[:head].hex(' ')} ({len(payload)} bytes)"


def replay(trace: Iterable[str], interface: Interface) -> dict[str, int]:
    """Return how many more (or, negative, fewer) answers of each kind the trace has than the simulation.

    Raises:
        ValueError: a line is not of a trace.
    """
    recorded, simulated, now = b"", b"", 0.0
    for number, line in enumerate(trace, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            at, direction, raw = line.split(maxsplit=2)
            now, data = float(at), bytes.fromhex(raw)
        except ValueError:
            raise ValueError(f"line {number} is not of a trace: {line.strip()[:60]!r}") from None
        simulated += _run(interface, now)
        if direction == ">":
            interface.feed(data, now)
        else:
            recorded += data
    simulated += _run(interface, now + SETTLE_S)
    missing = Counter(_kinds(recorded))
    missing.subtract(_kinds(simulated))
    return {kind: count for kind, count in sorted(missing.items()) if count}


def _run(interface: Interface, until: float) -> bytes:
    out = b""
    while interface.next_event() <= until:
        out += interface.poll(interface.next_event())
    return out


def _kinds(data: bytes) -> list[str]:
    return [kind_of(payload) for payload in read_frames(data) if not payload.startswith(UNASKED)]


def main() -> int:
    """Replay a file; 0 when all answers are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--phases", default="1", help="phase of each device, e.g. 1,2,3 (default 1)")
    parser.add_argument("--ess", action="store_true", help="the devices have the ESS assistant")
    arguments = parser.parse_args()
    interface = assemble(Layout(parse_phases(arguments.phases), has_ess=arguments.ess, strict=False))
    with arguments.trace.open(encoding="utf-8") as file:
        missing = replay(file, interface)
    for kind, count in missing.items():
        sys.stdout.write(f"{abs(count)} {'missing' if count > 0 else 'too many'}: {kind}\n")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
