"""A Python that lacks what a stock Venus OS image lacks.

OpenEmbedded splits the standard library into packages, and the image holds only those that something in it needs
(venus v3.60 to v3.80, Python 3.12). Each daemon has to start and work without the others.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RUN_LIMIT_S = 120.0

MISSING = """
    _curses _dbm _lsprof _multiprocessing _posixshmem _sqlite3 _statistics _tkinter _zoneinfo audioop bdb cProfile chunk
    colorsys compileall curses dbm difflib doctest ensurepip filecmp getpass imghdr lib2to3 mailbox mmap multiprocessing
    pdb plistlib profile pstats pty py_compile pydoc sqlite3 statistics sunau syslog test tkinter tomllib tty turtle
    unittest venv wave xmlrpc zipapp zoneinfo
    """.split()  # noqa: SIM905 (fifty names, one per line, hide the file)

# Runs first in the child: site and .pth files of a development machine may have loaded some of them already.
_PRELUDE = """\
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in MISSING:
            raise ModuleNotFoundError(f'No module named {name!r} (not on a GX)', name=name)
MISSING = frozenset(%r)
for name in [n for n in sys.modules if n.partition('.')[0] in MISSING]:
    del sys.modules[name]
sys.meta_path.insert(0, Missing())
"""


def gx_command(code: str) -> list[str]:
    """Return the command that runs Python code where importing any of MISSING fails."""
    return [sys.executable, "-s", "-c", _PRELUDE % (MISSING,) + code]


def gx_module_command(module: str, *arguments: str, before: str = "") -> list[str]:
    """Return the command for `python3 -m module arguments` where importing any of MISSING fails.

    before: statements that run first, to give the program other limits.
    """
    run = f"import runpy; sys.argv[:] = {[module, *arguments]!r}; runpy.run_module({module!r}, run_name='__main__')"
    return gx_command(f"{before}\n{run}")


def gx_environment(**more: str) -> dict[str, str]:
    """Return the environment of a daemon in this repository."""
    roots = [str(REPOSITORY / root) for root in ("lib", "daemons")]
    vendor = os.environ.get("VENUS_DAEMONS_VENDOR")  # set by bin/test --vendor: the libraries of the release archive
    return {**os.environ, "PYTHONPATH": os.pathsep.join([vendor, *roots] if vendor else roots), **more}


def run_on_gx(code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code as `gx_command`; a failed import shows as a traceback in stderr and a non-zero returncode."""
    return subprocess.run(
        gx_command(code), env=gx_environment(), check=False, capture_output=True, text=True, timeout=RUN_LIMIT_S
    )
