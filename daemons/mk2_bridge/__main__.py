"""`python3 -m mk2_bridge`."""

from daemonkit.lean import start_lean

start_lean()

from mk2_bridge.app import main  # noqa: E402 - after start_lean

if __name__ == "__main__":
    raise SystemExit(main())
