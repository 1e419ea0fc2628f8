"""Runs modbus-client: python3 -m modbus_client."""

from daemonkit.lean import start_lean

start_lean()

from modbus_client.app import run  # noqa: E402 - after start_lean

raise SystemExit(run())
