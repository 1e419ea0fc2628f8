"""`bin/venus-daemons mk2`: the tool of lib/mk2, for a tty that no program of Venus uses.

The vendor's driver may not have locked the tty. Two programs on one interface each get half of every answer, and what
one of them writes is then built on what the other has asked.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from daemonkit.errors import LinkLost
from daemonkit.tty import VENUS, find_tty, find_users
from mk2.tool.__main__ import main as run_tool
from mk2.tool.__main__ import make_parser

if TYPE_CHECKING:
    from daemonkit.tty import VenusPlaces


def main(venus: VenusPlaces = VENUS) -> int:
    """Return the exit code."""
    name = getattr(make_parser().parse_args(), "tty", None)
    if name is not None:
        with contextlib.suppress(LinkLost):  # then the tool itself says so
            tty = find_tty(name)
            if users := find_users(tty, venus):
                sys.stderr.write(
                    f"{name} is used by {', '.join(users)} of Venus; have it let go first: "
                    f"/opt/victronenergy/serial-starter/stop-tty.sh {tty.name}\n",
                )
                return 1
    return run_tool()


if __name__ == "__main__":
    raise SystemExit(main())
