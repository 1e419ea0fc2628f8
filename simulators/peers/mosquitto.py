"""A private MQTT broker on a free port of 127.0.0.1."""

from __future__ import annotations

import socket

from simulators.peers.port import HeldPort
from simulators.peers.process import Peer, find_program

# As the broker of a GX towards its own programs: no password from 127.0.0.1, nothing kept over a restart.
CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
log_dest stdout
"""


class Mosquitto(Peer):
    """A mosquitto of its own; `port` stays the same over `stop()` and `start()`."""

    def __init__(self, extra: str = "") -> None:
        """Prepare the broker; `extra` are more lines of configuration."""
        super().__init__("mosquitto", [find_program("mosquitto"), "-c", "mosquitto.conf"])
        self.host = "127.0.0.1"
        self._held = HeldPort()  # also while the broker is stopped
        self.port = self._held.number
        (self.directory / "mosquitto.conf").write_text(CONFIGURATION.format(port=self.port) + extra)

    def close(self) -> None:
        """Stop the broker, and give its port and its directory back."""
        super().close()
        self._held.close()

    def is_ready(self) -> bool:
        """Say whether the port takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0
