"""The service types of services.yml, read once for all tests: a quarter of a second of CPU each time."""

from __future__ import annotations

from mqtt_devices.services_file import load_services

TYPES = load_services()
