"""What a daemon tells the skeleton about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from daemonkit.context import Context


@dataclass(frozen=True, slots=True)
class Program:
    """A daemon: its name and its functions."""

    name: str
    """As service, process and log are called: "mqtt-devices"."""
    summary: str
    """One line for --help."""
    main: Callable[[Context], Awaitable[None]]
    """Runs until it is cancelled (SIGTERM, SIGINT), and then has 5 s to clean up in `finally`."""
    add_arguments: Callable[[argparse.ArgumentParser], None]
    """Adds the daemon's own arguments to the common ones."""
    check: Callable[[Context, Path | None], list[str]]
    """--check [FILE]: load definitions (or that file only), return lines to print; raises DefinitionError."""
    expected: tuple[type[BaseException], ...] = ()
    """Ends from outside that are no bug, such as a lost bus: logged as one line, exit 1."""
