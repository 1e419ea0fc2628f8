"""What is in which archive. Data: a new daemon joins the full archive by being in the repository."""

from __future__ import annotations

from dataclasses import dataclass

# What the configuration templates point to: a boat is offline.
USER_GUIDES = (
    "docs/install.md",
    "docs/mk2-bridge.md",
    "docs/modbus-client.md",
    "docs/modbus-definitions.md",
    "docs/mqtt-devices.md",
    "docs/obd-server.md",
)
# Paths of the repository, or directories of it, that a GX needs. Everything else stays at home.
SHIPPED = (
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "bin/install/",
    "bin/python.sh",
    "bin/run-daemon",
    "bin/setup-ccgx.sh",
    "bin/setup.sh",
    "bin/uninstall.sh",
    "bin/venus-daemons",
    "daemons/",
    *USER_GUIDES,
    "gitHubInfo",
    "lib/",
    "rc.local.example",
    "service/",
    "services.yml",
    "setup",
    "version",
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One archive: its name and what of SHIPPED and of requirements.txt it holds."""

    suffix: str
    """Of the file name: venus-daemons<suffix>-<version>.tar.gz."""
    left_out: tuple[str, ...] = ()
    """Paths and directories of SHIPPED that are not in it."""
    daemons: tuple[str, ...] | None = None
    """Packages below daemons/ that are in it with their services; None: all."""
    libraries: tuple[str, ...] | None = None
    """Packages below lib/; None: all."""
    packages: tuple[str, ...] | None = None
    """Names in requirements.txt that are vendored; None: all."""
    max_bytes: int = 2_000_000
    """Of each compressed archive, tar.gz and zip."""


FULL = Profile("")

# A CCGX has 256 MB of memory and some 18 MB free on /data: one daemon, and only what it imports.
CCGX = Profile(
    "-ccgx",
    left_out=tuple(guide for guide in USER_GUIDES if "install" not in guide and "mqtt" not in guide),
    daemons=("mqtt_devices", "console"),
    libraries=("velib_async", "daemonkit"),
    packages=("aiomqtt", "dbus-fast", "paho-mqtt", "pyyaml"),
    max_bytes=600_000,
)

PROFILES = (FULL, CCGX)
