from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.archives import REPOSITORY, Archives
from tests.integration.install.fake_root import FakeRoot
from tests.integration.install.gx import Gx, need_root
from tests.integration.install.installed import install_as_documented
from tests.integration.install.on_gx import PYTHONS, VENUS_PYTHON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUILD_LIMIT_S = 300.0


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Archives:
    """Two versions of the real archive, built once however many workers run the tests."""
    base = tmp_path_factory.getbasetemp()
    directory = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "archives"
    directory.mkdir(exist_ok=True)
    done = directory / "done"
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            for version in ("1.0.0", "2.0.0"):
                command = [sys.executable, "-m", "release", "--version", version, "--output", str(directory)]
                subprocess.run([*command, "--allow-unlocked"], cwd=REPOSITORY, check=True, timeout=BUILD_LIMIT_S)
            done.touch()
    return Archives(directory)


@pytest.fixture
def fake_root(tmp_path: Path, archives: Archives) -> FakeRoot:
    """A directory that stands for / of a GX, with version 1.0.0 of the small archive unpacked."""
    root = FakeRoot(tmp_path / "root")
    archives.unpack("1.0.0", root.drivers)
    return root


@pytest.fixture
def full_root(tmp_path: Path, archives: Archives) -> FakeRoot:
    """The same with all daemons."""
    root = FakeRoot(tmp_path / "root")
    archives.unpack("1.0.0", root.drivers, suffix="")
    return root


@pytest.fixture(scope="package")
def installed_gx(archives: Archives) -> Iterator[Gx]:
    """One fake GX for all tests that need an installed one: each puts back what it breaks."""
    need_root()
    with Gx(PYTHONS) as gx:
        gx.install_python(VENUS_PYTHON)
        gx.boot()
        gx.typed = install_as_documented(gx, archives)
        yield gx


@pytest.fixture
def gx() -> Iterator[Gx]:
    """A new fake GX, not booted."""
    with Gx(PYTHONS) as gx:
        gx.install_python(VENUS_PYTHON)
        yield gx
