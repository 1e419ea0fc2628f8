"""Recorded hashes of the wheels: what was reviewed is what is shipped, whatever the package index says later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from release.wheels import PinError, hash_file

if TYPE_CHECKING:
    from pathlib import Path

HEADER = """\
# SHA-256 of every wheel that a release archive vendors. Written by: bin/release --lock
# Commit it together with the change of requirements.txt that made it change.
"""


def read_lock(file: Path) -> dict[str, str]:
    """Return file name of the wheel to hash; empty when there is no file."""
    if not file.exists():
        return {}
    lines = [line.split() for line in file.read_text().splitlines() if not line.startswith("#")]
    return {name: digest for digest, name in filter(None, lines)}


def write_lock(file: Path, wheels: dict[str, Path]) -> None:
    """Record the hashes of `wheels`, and nothing else."""
    lines = [f"{hash_file(wheel)}  {wheel.name}\n" for _, wheel in sorted(wheels.items())]
    file.write_text(HEADER + "".join(lines))


def verify(lock: dict[str, str], wheels: dict[str, Path], *, is_complete: bool) -> None:
    """Compare each wheel with its record.

    Raises:
        PinError: a wheel is not the recorded one, or, with `is_complete`, has no record.
    """
    for wheel in wheels.values():
        if wheel.name in lock and lock[wheel.name] != hash_file(wheel):
            raise PinError(f"{wheel.name} is not the file that release/wheels.lock records: do not ship it")
    unlocked = sorted(wheel.name for wheel in wheels.values() if wheel.name not in lock)
    if unlocked and is_complete:
        raise PinError(f"no recorded hash for {', '.join(unlocked)}: bin/release --lock, look at it, commit it")
