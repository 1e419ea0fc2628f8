"""A private dbus-daemon with the policy and the limits of the system bus on a GX."""

from __future__ import annotations

import socket

from simulators.peers.process import Peer, find_program

# Venus lets every user own and send everything. Its limits that drivers meet: 1024 match rules per connection, 50000
# pending replies, and libdbus' own 256 connections per user, which all programs of a GX share.
CONFIGURATION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow send_type="method_call"/>
    <allow eavesdrop="true"/>
  </policy>
  <limit name="max_match_rules_per_connection">1024</limit>
  <limit name="max_replies_per_connection">50000</limit>
  <limit name="max_connections_per_user">256</limit>
</busconfig>
"""


class DBusDaemon(Peer):
    """A dbus-daemon of its own; `address` stays the same over `restart()`."""

    def __init__(self) -> None:
        super().__init__("dbus-daemon", [find_program("dbus-daemon"), "--nofork", "--nopidfile"])
        self.socket = self.directory / "bus"
        self.address = f"unix:path={self.socket}"
        configuration = self.directory / "bus.conf"
        configuration.write_text(CONFIGURATION.format(socket=self.socket))
        self.command.append(f"--config-file={configuration}")

    def start(self) -> None:
        """Start the bus; raises PeerError."""
        self.socket.unlink(missing_ok=True)
        super().start()

    def is_ready(self) -> bool:
        """Say whether the socket takes connections."""
        with socket.socket(socket.AF_UNIX) as probe:
            return self.socket.exists() and probe.connect_ex(str(self.socket)) == 0

    def restart(self) -> None:
        """Kill the bus, as when it ran out of memory, and start it anew on the same address."""
        self.kill()
        self.start()
