"""The repository's part of an archive."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from release.profiles import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

    from release.profiles import Profile

REGULAR = 0o644
EXECUTABLE = 0o755

_MODES = {"100644": REGULAR, "100755": EXECUTABLE}


def list_tracked(repository: Path) -> dict[str, int]:
    """Return what git tracks: path to mode. Links and submodules are refused: FAT sticks and zip cannot hold them.

    Raises:
        ValueError: names the link.
    """
    listing = _git(repository, "ls-files", "-s", "-z")
    tracked = {}
    for record in filter(None, listing.split("\0")):
        mode, _, rest = record.partition(" ")
        path = rest.partition("\t")[2]
        if mode not in _MODES:
            if is_shipped(path):
                raise ValueError(f"{path} is a link: an archive for a GX holds plain files only")
            continue
        tracked[path] = _MODES[mode]
    return tracked


def is_shipped(path: str) -> bool:
    """Say whether a path of the repository belongs on a GX."""
    return any(path == shipped or (shipped.endswith("/") and path.startswith(shipped)) for shipped in SHIPPED)


def choose(tracked: dict[str, int], profile: Profile) -> list[str]:
    """Return the paths of an archive, sorted."""
    return sorted(path for path in tracked if is_shipped(path) and _fits(path, profile))


def _fits(path: str, profile: Profile) -> bool:
    top, _, rest = path.partition("/")
    name = rest.partition("/")[0]
    if top == "daemons" and profile.daemons is not None:
        return name in profile.daemons
    if top == "service" and profile.daemons is not None:
        return name.replace("-", "_") in profile.daemons
    if top == "lib" and profile.libraries is not None:
        return name in profile.libraries
    return path not in profile.left_out


def read_commit_time(repository: Path) -> int:
    """Return the time of the last commit: the same for everybody who builds it."""
    return int(_git(repository, "log", "-1", "--format=%ct"))


def _git(repository: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(repository), *arguments], check=True, capture_output=True, text=True).stdout
