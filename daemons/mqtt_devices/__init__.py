"""mqtt-devices: MQTT devices become services on the D-Bus of a Victron Venus OS device."""
