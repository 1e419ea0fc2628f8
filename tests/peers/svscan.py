"""A real svscan of the test's own."""

from simulators.peers.svscan import Svscan

__all__ = ["Svscan"]
