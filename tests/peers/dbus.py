"""A real dbus-daemon of the test's own."""

from simulators.peers.dbus import DBusDaemon

__all__ = ["DBusDaemon"]
