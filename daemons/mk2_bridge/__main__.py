"""`python3 -m mk2_bridge`."""

from mk2_bridge.app import main

if __name__ == "__main__":
    raise SystemExit(main())
