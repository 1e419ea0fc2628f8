"""What a daemon is handed when it starts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from daemonkit.status import StatusFile
    from daemonkit.yamlvalues import YamlMapping


@dataclass(frozen=True, slots=True)
class Paths:
    """Where things are: on a GX the defaults, elsewhere (demo, tests) what the environment says."""

    data: Path
    """Survives firmware updates: VENUS_DAEMONS_DATA, default /data."""
    run: Path
    """RAM: VENUS_DAEMONS_RUN, default /run/venus-daemons."""
    log: Path
    """VENUS_DAEMONS_LOG, default /var/log."""
    config: Path
    """<data>/conf/venus-daemons, or what --config says."""

    @property
    def state(self) -> Path:
        """Directory of what a daemon remembers."""
        return self.config / "state"

    @classmethod
    def find(cls, environment: Mapping[str, str] = os.environ, *, config: Path | None = None) -> Self:
        """Return the paths that the environment names; `config` overrides its part."""
        data = Path(environment.get("VENUS_DAEMONS_DATA") or "/data")
        return cls(
            data=data,
            run=Path(environment.get("VENUS_DAEMONS_RUN") or "/run/venus-daemons"),
            log=Path(environment.get("VENUS_DAEMONS_LOG") or "/var/log"),
            config=config or data / "conf" / "venus-daemons",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything that the main function of a daemon needs from outside."""

    name: str
    """The service's name: "mqtt-devices"."""
    version: str
    """Of the suite: "0.1.0"."""
    arguments: argparse.Namespace
    """The parsed command line, the daemon's own arguments among them."""
    paths: Paths
    bus_address: str
    """"system", "session" or a D-Bus address."""
    bus_library: str | None
    """"dbus_fast", "dbus_next", or None for the better one that is there."""
    config: YamlMapping
    """The file <config>/<name>.yml; empty when there is none."""
    status: StatusFile
