"""Run as python3 -m obd_server."""

from daemonkit.lean import start_lean

start_lean("aiohttp.web")

import sys  # noqa: E402 - after start_lean

from daemonkit.daemon import run  # noqa: E402
from obd_server.app import PROGRAM  # noqa: E402

sys.exit(run(PROGRAM))
