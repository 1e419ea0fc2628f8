"""The version of the suite."""

from __future__ import annotations

from pathlib import Path


def read_version() -> str:
    """Return the version: of the file beside lib/ where this runs from a checkout or an archive, else as installed."""
    file = Path(__file__).resolve().parents[2] / "version"
    if file.is_file():
        return file.read_text().strip()
    import importlib.metadata  # noqa: PLC0415 (slow to import, and never needed on a GX)

    return importlib.metadata.version("venus-daemons")
