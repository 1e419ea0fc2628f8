"""Runs modbus-client: python3 -m modbus_client."""

from modbus_client.app import run

raise SystemExit(run())
