"""Will it start at the next boot? rc.local, run scripts, room on /data, Python."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from console.finding import Finding, good, note, problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from console.suite import Suite

# Venus itself shows a full disk below 10 MB.
MIN_FREE = 10 * 2**20

_LINK = re.compile(r"^\s*ln\s.*\s/service/(\S+)\s*$")
_EXIT = re.compile(r"^exit([\s;#]|$)")


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
    lines = raw.decode(errors="replace").replace("\0", "").splitlines()
    if not lines or not lines[0].startswith("#!"):
        yield note(f"the first line of {file} is not #!/bin/sh", f"sed -i '1i #!/bin/sh' {file}")
    yield from check_links(suite, lines, setup)


def check_links(suite: Suite, lines: list[str], setup: str) -> Iterator[Finding]:
    """Look at the lines that make links below /service."""
    end = next((number for number, line in enumerate(lines) if _EXIT.match(line)), len(lines))
    links = [(number, line, found[1]) for number, line in enumerate(lines) if (found := _LINK.match(line))]
    for name in suite.daemons():
        ours = [(number, line) for number, line, linked in links if linked.rstrip("/") == name]
        here = [number for number, line in ours if f"{suite.base}/service/{name} " in line]
        for _, line in ours:
            if f"{suite.base}/service/{name} " not in line:
                yield problem(f"rc.local starts another version, too: {line.strip()}", setup)
        if len(here) > 1:
            yield problem(f"the line for {name} is in rc.local {len(here)} times", setup)
        elif here and here[0] > end:
            yield problem(f"the line for {name} is behind 'exit' in rc.local: it is never reached", setup)
        elif here:
            yield good(f"rc.local starts {name}" + ("" if name in suite.enabled() else " (which is not enabled)"))
        elif name in suite.enabled():
            yield problem(f"rc.local does not start {name}", setup)
    for number, line, name in links:
        if name == "dbus-mqtt-devices" or re.fullmatch(r"dbus-(?!modbus-client$)\S*modbus-client", name):
            yield note(f"rc.local line {number + 1} starts an older program of the same kind: {line.strip()}", setup)


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
