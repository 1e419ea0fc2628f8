"""A real MQTT broker of the test's own."""

from simulators.peers.mosquitto import Mosquitto, free_port

__all__ = ["Mosquitto", "free_port"]
