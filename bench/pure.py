"""A Python with dbus-fast as a GX has it: without compiled parts."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

INSTALL_LIMIT_S = 300.0  # one source archive of 100 kB, and setuptools to build it


class PureError(Exception):
    """The environment could not be made."""


def make_pure_python(root: Path, *, make: bool = True) -> Path:
    """Return the Python of `.venv-pure` under the repository, with the pinned dbus-fast.

    It is made when it is missing, unless `make` is false.

    Raises:
        PureError: it is missing, or venv or pip failed; the text says what to do.
    """
    pin = next(line for line in (root / "requirements.txt").read_text().splitlines() if line.startswith("dbus-fast=="))
    python = root / ".venv-pure" / "bin" / "python"
    if not (python.exists() and has_pure(python, pin)):
        if not make:
            raise PureError(f"{python} with {pin} is missing; bench/velib.py without --quick makes it")
        _run([sys.executable, "-m", "venv", "--clear", str(root / ".venv-pure")])
        _run([str(python), "-m", "pip", "install", "--quiet", "--no-binary", "dbus-fast", pin])
        if not has_pure(python, pin):
            raise PureError(f"{python}: {pin} was built with compiled parts; pip's cache may hold an older build of it")
    return python


def has_pure(python: Path, pin: str) -> bool:
    """Say whether this Python has the pinned dbus-fast, without compiled parts."""
    version, file = _look(python)
    return f"dbus-fast=={version}" == pin and file.endswith(".py")


def is_compiled(python: Path) -> bool:
    """Say whether this Python's dbus-fast has compiled parts; there are none for 32-bit ARM."""
    return _look(python)[1].endswith(".so")


def _look(python: Path) -> tuple[str, str]:
    script = "import dbus_fast.message, dbus_fast.__version__ as v; print(v.__version__, dbus_fast.message.__file__)"
    done = subprocess.run([str(python), "-c", script], capture_output=True, text=True, check=False)
    version, _, file = done.stdout.strip().partition(" ")
    return version, file


def _run(command: list[str]) -> None:
    # --no-cache-dir: pip would take a compiled wheel that it built from the same source before.
    environment = {**os.environ, "SKIP_CYTHON": "1", "PIP_NO_CACHE_DIR": "1"}
    try:
        subprocess.run(command, env=environment, check=True, timeout=INSTALL_LIMIT_S)
    except (subprocess.SubprocessError, OSError) as error:
        raise PureError(
            f"{error}: the figures for a GX need dbus-fast built from source; run the command by hand"
        ) from error
