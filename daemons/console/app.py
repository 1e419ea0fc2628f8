"""Dispatches to the commands."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

from console.commands import COMMANDS, Command
from daemonkit.version import read_version

EXIT_USAGE = 2


def main(arguments: list[str]) -> int:
    """Run one command; return its exit code."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(describe())
        return 0 if arguments else EXIT_USAGE
    if arguments[0] == "--version":
        sys.stdout.write(f"venus-daemons {read_version()}\n")
        return 0
    name, *rest = arguments
    command = COMMANDS.get(name)
    if command is None or not is_there(command):
        sys.stderr.write(f"venus-daemons: there is no command {name} here; --help lists them\n")
        return EXIT_USAGE
    if command.is_tool:
        os.execv(sys.executable, [sys.executable, "-s", "-P", "-m", command.module, *command.first, *rest])  # noqa: S606 (a module of the suite, by name)
    try:
        run = importlib.import_module(command.module).main
        return int(run([*command.first, *rest]))
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def is_there(command: Command) -> bool:
    """Say whether this archive has what a command needs."""
    return not command.is_tool or importlib.util.find_spec(command.module.partition(".")[0]) is not None


def describe() -> str:
    """Return the help text."""
    lines = ["venus-daemons COMMAND ...", ""]
    lines += [f"  {name:<9}{command.summary}" for name, command in COMMANDS.items() if is_there(command)]
    return "\n".join(lines) + "\n"
