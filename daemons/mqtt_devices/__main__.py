"""`python3 -m mqtt_devices`."""

from daemonkit.lean import start_lean

start_lean()

from mqtt_devices.app import main  # noqa: E402 - after start_lean

if __name__ == "__main__":
    raise SystemExit(main())
