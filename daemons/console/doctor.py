"""venus-daemons doctor: everything that is known to go wrong, looked for in turn."""

from __future__ import annotations

import argparse
import sys
import textwrap
from typing import TYPE_CHECKING

from console.check_config import check_choice, check_config
from console.check_running import check_logs, check_others, check_supervision
from console.check_start import check_python, check_rc_local, check_room, check_scripts
from console.check_wires import check_broker, check_bus, check_serial
from console.finding import Finding, Weight, problem
from console.suite import Suite
from console.table import WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

INDENT = 9

CHECKS: tuple[Callable[[Suite], Iterable[Finding]], ...] = (
    check_python,
    check_rc_local,
    check_scripts,
    check_room,
    check_choice,
    check_config,
    check_supervision,
    check_others,
    check_broker,
    check_serial,
    check_bus,
    check_logs,
)


def main(arguments: list[str]) -> int:
    """Print all findings, the problems last; exit code 1 when there is one."""
    parser = argparse.ArgumentParser(prog="venus-daemons doctor")
    parser.add_argument("-q", "--quiet", action="store_true", help="only what is not as it should be")
    options = parser.parse_args(arguments)
    suite = Suite()
    findings = [finding for check in CHECKS for finding in look(check, suite)]
    order = list(Weight)
    for finding in sorted(findings, key=lambda finding: order.index(finding.weight)):
        if finding.weight is not Weight.GOOD or not options.quiet:
            sys.stdout.write(describe(finding))
    problems = sum(finding.weight is Weight.PROBLEM for finding in findings)
    sys.stdout.write(f"\n{problems} problem{'' if problems == 1 else 's'} found.\n")
    return 1 if problems else 0


def look(check: Callable[[Suite], Iterable[Finding]], suite: Suite) -> Iterator[Finding]:
    """Yield what a check finds. Where it cannot go on is a finding as well: the others are looked at all the same."""
    try:
        yield from check(suite)
    except (OSError, ValueError) as error:
        place = getattr(error, "filename", None)
        yield problem(
            f"{check.__name__.replace('_', ' ')} cannot go on: {error}",
            f"ls -ld {place}; dmesg | tail" if place else f"please report this, with what {suite.tool} selftest says",
        )


def describe(finding: Finding) -> str:
    """Return the lines of a finding."""
    lines = textwrap.wrap(finding.text, WIDTH - INDENT) or [""]
    if finding.fix:
        # Never broken: it is to be copied.
        lines.append(f"-> {finding.fix}")
    head = finding.weight.value.ljust(INDENT)
    return f"{head}{lines[0]}\n" + "".join(f"{'':{INDENT}}{line}\n" for line in lines[1:])
