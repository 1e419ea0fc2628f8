"""What events come with, checked."""

from __future__ import annotations

from typing import Any

from obdio.errors import WrongArgument


def one_name(args: tuple[Any, ...]) -> str:
    """Return the command name that an event came with; raises WrongArgument."""
    if args and isinstance(args[0], str):
        return args[0]
    raise WrongArgument("one command name is needed, such as 'RPM'")


def names_in(args: tuple[Any, ...]) -> list[str]:
    """Return the command names that an event came with: a list, or one name; raises WrongArgument."""
    given = args[0] if args else None
    names = [given] if isinstance(given, str) else given
    if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
        return list(dict.fromkeys(names))
    raise WrongArgument("a list of command names is needed, such as ['RPM', 'SPEED']")
