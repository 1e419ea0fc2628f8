"""venus-daemons restart, enable, disable."""

from __future__ import annotations

import argparse
import os
import sys

from console.suite import Suite, run


def main(arguments: list[str]) -> int:
    """Do it; enable and disable become setup.sh, which knows all that belongs to it."""
    suite = Suite()
    parser = argparse.ArgumentParser(prog=f"venus-daemons {arguments[0]}")
    parser.add_argument("name", choices=suite.daemons(), metavar="NAME", help=", ".join(suite.daemons()))
    name = parser.parse_args(arguments[1:]).name
    if arguments[0] == "restart":
        if not suite.supervised(name).is_up:
            sys.stderr.write(f"{name} is not up; to start it: svc -u {suite.services / name}\n")
            return 1
        code, text = run("svc", "-t", str(suite.services / name))
        sys.stdout.write(text or f"{name} restarts; see: venus-daemons logs {name}\n")
        return code
    if linked := suite.linked_elsewhere():
        # setup.sh would take the device back, or forward, to this version, which nobody has asked for here.
        sys.stderr.write(
            f"this is {suite.base}, but another version is the one that runs.\n"
            f"Its own command: {linked}/bin/venus-daemons {arguments[0]} {name}\n"
            f"To install this one: {suite.base}/bin/setup.sh\n"
        )
        return 1
    sys.stdout.flush()
    script = str(suite.base / "bin" / "setup.sh")
    root = () if str(suite.root) == "/" else ("--root", str(suite.root))
    return os.execv("/bin/sh", ["sh", script, f"--{arguments[0]}", name, *root])  # noqa: S606 (our own script)
