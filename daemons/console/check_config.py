"""Is what the owner chose and wrote as it should be? The list of daemons that run, and their configuration files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.finding import Finding, note, problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from console.suite import Suite


def check_choice(suite: Suite) -> Iterator[Finding]:
    """The down files, which supervise reads, say the same as the file in which the choice is kept for every version."""
    chosen = suite.chosen()
    if chosen is None:
        return
    for name in suite.daemons():
        if name in chosen and name not in suite.enabled():
            yield problem(
                f"{name} is enabled, but does not start: {suite.base}/service/{name}/down has come back (the archive "
                "was unpacked again?)",
                f"{suite.base}/bin/setup.sh",
            )
        elif name in suite.enabled() and name not in chosen and (suite.services / name).is_symlink():
            yield note(
                f"{name} starts by itself, though it is not in {suite.choice}: somebody removed its down file",
                f"{suite.tool} disable {name}; or, to keep it: {suite.tool} enable {name}",
            )


def check_config(suite: Suite) -> Iterator[Finding]:
    """What stands in for a file after a power cut or a mistake with mv is no configuration."""
    for name in suite.daemons():
        file = suite.paths.config / f"{name}.yml"
        try:
            is_damaged = b"\0" in file.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            yield problem(f"{file} cannot be read: {error.strerror}", f"ls -ld {file}")
            continue
        if is_damaged:
            yield problem(
                f"{file} holds NUL characters: a power cut has damaged it",
                f"mv {file} {file}.bad; {suite.base}/bin/setup.sh",
            )
