"""The table of commands. A daemon's own tool joins by one line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One word after `venus-daemons`."""

    module: str
    """Has `main(arguments: list[str]) -> int`; or, as a tool, is run as `python -m module`."""
    summary: str
    first: tuple[str, ...] = ()
    """Arguments in front of the user's."""
    is_tool: bool = False
    """Belongs to a daemon or a library, which may be missing in an archive."""


COMMANDS = {
    "status": Command("console.status", "what runs, since when, with how much memory, and its last problem"),
    "doctor": Command("console.doctor", "look for everything that is known to go wrong, and say how to mend it"),
    "logs": Command("console.logs", "NAME [-f] [-n LINES]: the log of a daemon with readable times"),
    "restart": Command("console.control", "NAME: restart a daemon", ("restart",)),
    "enable": Command("console.control", "NAME: run a daemon from now on", ("enable",)),
    "disable": Command("console.control", "NAME: do not run it any more", ("disable",)),
    "spy": Command("console.spy", "[SERVICE] [--once]: what is on the D-Bus, live"),
    "metrics": Command("console.metrics", "[--listen HOST:PORT]: D-Bus values as Prometheus text"),
    "selftest": Command("console.selftest", "how this device does: a report to paste into an issue"),
    "mk2": Command("mk2_bridge.tool", "look at and change a VE.Bus device behind an MK2 or MK3", is_tool=True),
    "scan": Command(
        "modbus_client",
        "[NETWORK]: look for Modbus devices, with progress; --help says more",
        ("--scan",),
        is_tool=True,
    ),
}
