"""Runs the measured programs, each pair on a private bus of its own, and collects what they report."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from simulators.peers.dbus import DBusDaemon
from simulators.peers.process import Peer, PeerError

ROOT = Path(__file__).resolve().parents[1]
RUN_LIMIT_S = 120.0  # the slowest run takes a few seconds; a program that hangs is ended

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One column of the table: which Python runs which program on which library."""

    name: str
    python: Path
    library: str | None  # None: the reference, dbus-python

    def start(self, bus: DBusDaemon, role: str, *, items: int, times: int) -> Peer:
        """Start a program in one of its roles."""
        program = ROOT / "bench" / ("velib_program.py" if self.library else "reference_program.py")
        command = [str(self.python), str(program), role, "--address", bus.address]
        command += ["--items", str(items), "--times", str(times)]
        command += ["--library", self.library] if self.library else []
        # Hash seeds move dicts about, and with them the figures.
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'lib'}", "PYTHONHASHSEED": "0"}
        return Peer(f"{self.name} {role}", command, env=environment)

    def run(self, bus: DBusDaemon, role: str, *, items: int, times: int) -> Figures:
        """Run a program to its end."""
        with self.start(bus, role, items=items, times=times) as program:
            return finish(program)

    def measure_changes(self, items: int, times: int) -> tuple[Figures, Figures]:
        """Send and receive ItemsChanged; return the provider's and the consumer's figures per item."""
        with DBusDaemon() as bus, self.start(bus, "consume", items=items, times=times) as consumer:
            consumer.wait_output("ready")
            return self.run(bus, "provide", items=items, times=times), finish(consumer)

    def measure_get_items(self, items: int, times: int) -> tuple[Figures, Figures]:
        """Return the figures per GetItems of who answers and of who asks."""
        with DBusDaemon() as bus, self.start(bus, "serve", items=items, times=times) as server:
            server.wait_output("ready")
            asked = self.run(bus, "ask", items=items, times=times)
            server.send(signal.SIGTERM)
            return finish(server), asked

    def measure_alone(self, role: str, items: int, times: int) -> Figures:
        """Return the figures of a program that needs no other."""
        with DBusDaemon() as bus:
            return self.run(bus, role, items=items, times=times)


def finish(program: Peer) -> Figures:
    """Wait for the end of a program and return what it reported last.

    Raises:
        PeerError: it failed, hangs, or reported nothing.
    """
    code = program.wait(RUN_LIMIT_S)
    lines = [line for line in program.output.splitlines() if line.startswith("{")]
    if code or not lines:
        raise PeerError(f"{program.name} ended with {code}: {program.output}")
    figures: Figures = json.loads(lines[-1])
    return figures
