"""obd-server: the vehicle on Socket.IO, on a dashboard page and on Venus' D-Bus."""
