"""The CPythons of this machine, and how each becomes the Python of a GX."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.peers.missing_stdlib import MISSING

KNOWN = ("3.11", "3.12", "3.13", "3.14")
"""What the suite is made for; the report of a test run names those that this machine lacks as skipped."""

# As tests.peers.missing_stdlib, for every Python process of the namespace.
SITE = """\
import sys
MISSING = frozenset({missing!r})
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in MISSING:
            raise ModuleNotFoundError(f'No module named {{name!r}} (not on a GX)', name=name)
sys.meta_path.insert(0, Missing())
"""


def find_pythons() -> dict[str, Path]:
    """Return each CPython from 3.11 on that this machine has: version ("3.12") to the real executable."""
    candidates = [Path(sys.executable), *(Path.home() / ".pyenv" / "versions").glob("*/bin/python3")]
    candidates += [Path(path) for minor in range(11, 16) if (path := shutil.which(f"python3.{minor}"))]
    found: dict[str, Path] = {}
    for candidate in candidates:
        if not candidate.exists():
            continue
        code = "import sys; print('%d.%d' % sys.version_info[:2], sys.implementation.name)"
        done = subprocess.run([candidate, "-c", code], check=False, capture_output=True, text=True)
        if done.returncode:
            continue  # a shim of pyenv without the Python behind it
        version, name = done.stdout.split()
        if name == "cpython" and tuple(map(int, version.split("."))) >= (3, 11):
            found.setdefault(version, candidate.resolve())
    return dict(sorted(found.items(), key=lambda item: tuple(map(int, item[0].split(".")))))


def venus_python(pythons: dict[str, Path]) -> str:
    """Return the one that Venus v3.60 to v3.80 ships, or the oldest that there is."""
    return "3.12" if "3.12" in pythons else next(iter(pythons))


def write_python(directory: Path, version: str, executable: Path) -> None:
    """Make an environment whose interpreter lacks what a GX lacks, without changing the installed one."""
    site = directory / "lib" / f"python{version}" / "site-packages"
    site.mkdir(parents=True)
    (site / "sitecustomize.py").write_text(SITE.format(missing=MISSING))
    (directory / "bin").mkdir()
    (directory / "bin" / "python3").symlink_to(executable)
    (directory / "pyvenv.cfg").write_text(f"home = {executable.parent}\n")
