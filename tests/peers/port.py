"""Ports that nobody else is given."""

from simulators.peers.port import HeldPort

__all__ = ["HeldPort"]
