"""The libraries of mqtt-devices as a release archive carries them: pure Python, nothing else on the path."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

PACKAGES = ("aiomqtt", "paho", "yaml")  # besides dbus_fast, which the pure Python has


def copy_vendor_set(directory: Path) -> Path:
    """Copy the packages without compiled parts into a directory, and return it."""
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise LookupError(f"{name} is not installed here")
        source = Path(next(iter(spec.submodule_search_locations)))
        shutil.copytree(source, directory / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return directory
