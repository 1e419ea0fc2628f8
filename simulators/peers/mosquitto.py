"""A private MQTT broker on a free port of 127.0.0.1."""

from __future__ import annotations

import socket

from simulators.peers.process import Peer, PeerError, find_program

PORT_ATTEMPTS = 5  # a port that was free a moment ago can be taken by a neighbour

# As the broker of a GX towards its own programs: no password from 127.0.0.1, nothing kept over a restart.
CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
log_dest stdout
"""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto(Peer):
    """A mosquitto of its own; `port` stays the same over `stop()` and `start()`."""

    def __init__(self, extra: str = "") -> None:
        """Prepare the broker; `extra` are more lines of configuration."""
        super().__init__("mosquitto", [find_program("mosquitto"), "-c", "mosquitto.conf"])
        self.host = "127.0.0.1"
        self.port = 0
        self._extra = extra

    def start(self) -> None:
        """Start the broker: the first time on a free port, later on the same one; raises PeerError."""
        if self.port:
            super().start()
            return
        for attempt in range(1, PORT_ATTEMPTS + 1):
            self.port = free_port()
            (self.directory / "mosquitto.conf").write_text(CONFIGURATION.format(port=self.port) + self._extra)
            try:
                super().start()
            except PeerError:
                if attempt == PORT_ATTEMPTS:
                    raise
            else:
                return

    def is_ready(self) -> bool:
        """Say whether the port takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0
