"""Run as python3 -m obd_server."""

import sys

from daemonkit.daemon import run
from obd_server.app import PROGRAM

sys.exit(run(PROGRAM))
