"""A simulated GX: settings service, system service and MQTT gateway, on any D-Bus and any broker."""
