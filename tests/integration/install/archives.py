"""The archives under test, as bin/release builds them."""

from __future__ import annotations

import tarfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


class Archives:
    """A directory of built archives."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, version: str, *, suffix: str = "", kind: str = "tar.gz") -> Path:
        return self.directory / f"venus-daemons{suffix}-{version}.{kind}"

    def unpack(self, version: str, target: Path, *, suffix: str = "-ccgx") -> Path:
        """Unpack below `target`, and return the suite's directory. The small archive, unless told: it is quicker."""
        with tarfile.open(self.path(version, suffix=suffix)) as archive:
            archive.extractall(target, filter="tar")
        return target / f"venus-daemons-{version}"
