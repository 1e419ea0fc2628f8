"""Will it start at the next boot? rc.local, run scripts, room on /data, Python."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from console.finding import Finding, good, note, problem
from console.start_lines import Link, find_links, find_obstacle, find_syntax_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from console.suite import Suite

# Venus itself shows a full disk below 10 MB.
MIN_FREE = 10 * 2**20

_SUITE = re.compile(r".*/venus-daemons-[0-9][^/]*")


def check_python(suite: Suite) -> Iterator[Finding]:
    """The interpreter; on one that is too old bin/venus-daemons says so before it would come here."""
    yield good(f"Python {sys.version.partition(' ')[0]} on Venus OS {suite.venus_version()}")


def check_rc_local(suite: Suite) -> Iterator[Finding]:
    """The lines that start us are there once, for this version, where they are reached."""
    file = suite.rc_local
    setup = f"{suite.base}/bin/setup.sh"
    for other in file.parent.glob("rc.local*disabled*"):
        yield problem(
            f"the startup scripts were disabled: {other}", "GUI: Settings, General, Support status; or rename the file"
        )
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        yield problem(f"there is no {file}: nothing starts at the next boot", setup)
        return
    if not os.access(file, os.X_OK):
        yield problem(f"{file} is not executable: none of its lines is run at boot", f"chmod +x {file}")
    if b"\0" in raw or b"\r" in raw:
        yield problem(f"{file} holds NUL or CR characters, so it does not run", setup)
    text = raw.decode(errors="replace").replace("\0", "").replace("\r", "")
    if error := find_syntax_error(text):
        yield problem(f"{file} has a syntax error, what is below it is not run: {error}", f"sh -n {file}; vi {file}")
    lines = text.split("\n")
    if not lines[0].startswith("#!"):
        yield note(f"the first line of {file} is not #!/bin/sh", f"sed -i '1i #!/bin/sh' {file}")
    yield from check_links(suite, lines, setup)


def check_links(suite: Suite, lines: list[str], setup: str) -> Iterator[Finding]:
    """Look at the lines that make links below /service."""
    links = list(find_links(lines))
    for name in suite.daemons():
        named = [link for link in links if link.name == name]
        ours = [link for link in named if is_ours(suite, link)]
        here = [link for link in ours if link.target == f"{suite.base}/service/{name}"]
        for link in named:
            if link not in ours:
                yield problem(
                    f"rc.local line {link.index + 1} starts somebody else's {name}: {link.text}",
                    "only one program can have the name: take that line out, or uninstall venus-daemons",
                )
            elif link not in here:
                yield problem(f"rc.local starts another version, too: {link.text}", setup)
        if len(here) > 1:
            yield problem(f"the line for {name} is in rc.local {len(here)} times", setup)
        elif here and (obstacle := find_obstacle(lines, here[0].index)):
            yield problem(f"the line for {name} {obstacle}", setup)
        elif here:
            yield good(f"rc.local starts {name}" + ("" if name in suite.enabled() else " (which is not enabled)"))
        elif name in suite.enabled():
            yield problem(f"rc.local does not start {name}", setup)
    for link in links:
        if link.name == "dbus-mqtt-devices" or re.fullmatch(r"dbus-(?!modbus-client$)\S*modbus-client", link.name):
            yield note(f"rc.local line {link.index + 1} starts an older program of the same kind: {link.text}", setup)


def is_ours(suite: Suite, link: Link) -> bool:
    """Say whether a link leads to a copy of the suite; of one that has gone the name is left."""
    base, separator, _ = link.target.rpartition(f"/service/{link.name}")
    if not separator:
        return False
    is_there = (suite.root / base.lstrip("/") / "bin" / "run-daemon").exists()
    return base == str(suite.base) or is_there or bool(_SUITE.fullmatch(base))


def check_scripts(suite: Suite) -> Iterator[Finding]:
    """Supervise can run what it finds."""
    scripts = [suite.base / "bin" / "run-daemon"]
    for name in suite.daemons():
        scripts += [suite.base / "service" / name / "run", suite.base / "service" / name / "log" / "run"]
    bad = [script for script in scripts if script.exists() and not os.access(script, os.X_OK)]
    for script in bad:
        yield problem(f"{script} is not executable", f"chmod 755 {script}")
    for script in scripts:
        if script.exists() and not script.read_bytes().startswith(b"#!/bin/sh\n"):
            yield problem(
                f"the first line of {script} is not #!/bin/sh", "unpack the archive again, then start setup.sh"
            )
    if not bad:
        yield good("all run scripts are executable")


def check_room(suite: Suite) -> Iterator[Finding]:
    """There is room on /data."""
    data = os.statvfs(suite.paths.data)
    free = data.f_bavail * data.f_frsize
    text = f"{free // 2**20} MB are free on {suite.paths.data}"
    if free < MIN_FREE:
        yield problem(text, f"du -sk {suite.paths.data}/* | sort -n shows what is large")
    else:
        yield good(text)
    if not os.access(suite.paths.data, os.W_OK) or data.f_flag & os.ST_RDONLY:
        yield problem(f"{suite.paths.data} cannot be written", "restart the device; if it stays, the flash is worn out")
