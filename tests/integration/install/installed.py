"""A fake GX on which version 1.0.0 is installed by typing what README.md says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from simulators.peers.process import Peer
from tests.integration.install.archives import REPOSITORY, Archives
from tests.integration.install.readme import read_commands

if TYPE_CHECKING:
    from tests.integration.install.gx import Gx

INSTALL = "## Install it on a GX"
PORT = 8000  # the GX has a network of its own
FOLLOW_S = 2  # tail -F, until Ctrl-C


def install_as_documented(gx: Gx, archives: Archives) -> dict[str, str]:
    """Type the install section, with this archive's version and an address that is there; return line: what it said."""
    released = (REPOSITORY / "version").read_text().strip()
    given = {f"VERSION={released}": "VERSION=1.0.0", "RELEASES=...": f"RELEASES=http://127.0.0.1:{PORT}"}
    said: dict[str, str] = {}
    command = [sys.executable, "-m", "http.server", str(PORT), "--bind", "127.0.0.1"]
    with Peer("web server", gx.in_network(*command, "--directory", str(archives.directory))) as server:
        server.wait_until(lambda: is_served(gx), "to answer")
        before: list[str] = []  # each line has a shell of its own, but its directory and variables
        for line in read_commands(REPOSITORY / "README.md", INSTALL):
            typed = next((new for old, new in given.items() if line.startswith(old)), line)
            said[line] = gx.shell("\n".join([*before, "set -o pipefail", interrupt(typed)]))
            if typed.startswith("mkdir") or "=" in typed.split(" ")[0]:
                before.append(typed)
    return said


def is_served(gx: Gx) -> bool:
    return "ok" in gx.shell(f"(exec 3<>/dev/tcp/127.0.0.1/{PORT}) && echo ok", check=False)


def interrupt(line: str) -> str:
    """Return a line that is ended as by Ctrl-C if it would go on for ever."""
    if not line.startswith("tail -F"):
        return line
    return f"set -m; ({line}) >/tmp/followed & sleep {FOLLOW_S}; kill -- -$!; cat /tmp/followed"
