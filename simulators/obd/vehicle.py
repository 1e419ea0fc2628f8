"""A vehicle with an ELM327 adapter: the ELM327-emulator of PyPI as a child process, steered while it runs."""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
from pathlib import Path

from simulators.peers.process import MissingProgramError, Peer

ROOT = Path(__file__).resolve().parents[2]
READY = "Begin batch commands"
"""What the emulator prints when its port can be used."""


def emulator_command(*arguments: str) -> list[str]:
    """Return the command that becomes the emulator; raises MissingProgramError."""
    if importlib.util.find_spec("elm") is None:
        raise MissingProgramError("ELM327-emulator is not installed (requirements-demo.txt)")
    return [sys.executable, "-m", "simulators.obd.emulator", *arguments]


class Vehicle(Peer):
    """scenario: "car" (a petrol hybrid), "engineoff", or another of the emulator's; tcp_port: a WiFi adapter instead.

    `port` is what an OBD program opens. It stays the same over restarts, as the by-id name of a real adapter does.
    """

    def __init__(self, scenario: str = "car", *, tcp_port: int | None = None) -> None:
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        super().__init__("ELM327-emulator", env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": path})
        self._orders = -1
        self._printed = 0
        self._tcp_port = tcp_port
        fifo = self.directory / "orders"
        os.mkfifo(fifo)
        network = ("-n", str(tcp_port)) if tcp_port else ()
        try:
            command = emulator_command("-b", "-", *network, "-s", scenario)
        except MissingProgramError:
            self.close()
            raise
        # The emulator reads orders from its standard input, and EOF there makes it deaf to later ones: a FIFO that we
        # hold open for reading and writing never ends.
        self.command = ["/bin/sh", "-c", f"exec {shlex.join(command)} <>orders"]

    @property
    def port(self) -> str:
        """The address of the adapter."""
        return f"socket://127.0.0.1:{self._tcp_port}" if self._tcp_port else str(self.directory / "adapter")

    def start(self) -> None:
        """Start the emulator, and wait until the adapter can be opened."""
        self._printed = len(self.output)
        if self._orders < 0:
            self._orders = os.open(self.directory / "orders", os.O_RDWR)
        super().start()
        if not self._tcp_port:
            link = self.directory / "adapter"
            link.unlink(missing_ok=True)
            link.symlink_to(next(line for line in self._report().splitlines() if line.startswith("/dev/")))

    def is_ready(self) -> bool:
        """Say whether the emulator has opened its port."""
        return READY in self._report()

    def change(self, scenario: str) -> None:
        """Switch the running vehicle to another scenario."""
        os.write(self._orders, f"scenario {scenario}\n".encode())

    def stop(self) -> None:
        """End the emulator; SIGTERM does nothing to it."""
        if self.process is not None:
            self.kill()
            self.process = None

    def close(self) -> None:
        """Stop the emulator and remove its directory."""
        if self._orders >= 0:
            os.close(self._orders)
            self._orders = -1
        super().close()

    def _report(self) -> str:
        """Return what this start printed."""
        return self.output[self._printed :]
