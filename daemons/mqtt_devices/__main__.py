"""`python3 -m mqtt_devices`."""

from mqtt_devices.app import main

if __name__ == "__main__":
    raise SystemExit(main())
