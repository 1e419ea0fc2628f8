"""A real MQTT broker of the test's own."""

from simulators.peers.mosquitto import Mosquitto

__all__ = ["Mosquitto"]
