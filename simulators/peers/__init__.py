"""The real system programs around a daemon, each started privately: D-Bus, MQTT broker, supervision."""
