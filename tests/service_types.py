"""The service types of services.yml, read once for all tests: a quarter of a second of CPU each time."""

from __future__ import annotations

from types import MappingProxyType

from mqtt_devices.services_file import load_services

TYPES = MappingProxyType(load_services())
