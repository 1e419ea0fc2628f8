"""Has dbus_fast imported from its Python sources, as on a GX: `python -m pytest -p tests.uncompiled ...`.

The wheel holds each compiled module's source beside it, so no second installation is needed.
"""

from __future__ import annotations

import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import PathEntryFinder

_SOURCES = FileFinder.path_hook((SourceFileLoader, SOURCE_SUFFIXES))


def _find_sources_of_dbus_fast(path: str) -> PathEntryFinder:
    if "dbus_fast" not in Path(path).parts:
        raise ImportError(path)
    return _SOURCES(path)


assert "dbus_fast" not in sys.modules, "too late: dbus_fast is imported already"
sys.path_hooks.insert(0, _find_sources_of_dbus_fast)

import dbus_fast._private.unmarshaller  # noqa: E402 - now

assert not dbus_fast._private.unmarshaller.is_compiled()
