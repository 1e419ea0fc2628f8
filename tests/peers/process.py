"""Any program as a peer; tests/conftest.py turns a missing program into a failure (bin/test) or a skip."""

from simulators.peers.process import MissingProgramError, Peer, PeerError, find_program

__all__ = ["MissingProgramError", "Peer", "PeerError", "find_program"]
