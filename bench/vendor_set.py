"""The libraries of mqtt-devices as a release archive carries them: pure Python, nothing else on the path."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("aiomqtt", "paho", "yaml")  # besides dbus_fast, which the pure Python has


def measured_path(*roots: str) -> str:
    """Return PYTHONPATH of a process that is measured: with VENUS_DAEMONS_VENDOR the libraries of a release archive."""
    vendor = os.environ.get("VENUS_DAEMONS_VENDOR")
    return os.pathsep.join([*([vendor] if vendor else []), *(str(ROOT / root) for root in roots)])


def copy_vendor_set(directory: Path) -> Path:
    """Copy the packages without compiled parts into a directory, and return it."""
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise LookupError(f"{name} is not installed here")
        source = Path(next(iter(spec.submodule_search_locations)))
        shutil.copytree(source, directory / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return directory
