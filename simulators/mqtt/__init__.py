"""Simulated MQTT devices: they register at mqtt-devices and send values of small physical models."""
