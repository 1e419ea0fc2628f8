"""What bin/release builds: harmless to unpack as root, complete, pure Python for every Python, reproducible."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from release.lock import read_lock
from release.profiles import CCGX, FULL
from release.wheels import normalise, read_pins
from tests.integration.install.archives import REPOSITORY, Archives
from tests.integration.install.pythons import find_pythons, write_python
from tests.peers.missing_stdlib import MISSING
from tests.peers.process import find_program

if TYPE_CHECKING:
    from pathlib import Path

TOP = "venus-daemons-1.0.0"
LIMIT_S = 300.0
MAX_PATH = 100


@pytest.fixture
def suite(archives: Archives, tmp_path: Path) -> Path:
    return archives.unpack("1.0.0", tmp_path, suffix="")


@pytest.mark.parametrize("profile", [FULL, CCGX], ids=["full", "ccgx"])
def test_root_can_unpack_it_without_harm(archives: Archives, profile: object) -> None:
    suffix = getattr(profile, "suffix", "")
    path = archives.path("1.0.0", suffix=suffix)
    for kind in ("tar.gz", "zip"):
        assert archives.path("1.0.0", suffix=suffix, kind=kind).stat().st_size < getattr(profile, "max_bytes", 0)
    with tarfile.open(path) as archive:
        entries = archive.getmembers()
    for entry in entries:
        assert entry.isfile() or entry.isdir(), entry.name
        assert entry.name.split("/")[0] == TOP
        assert ".." not in entry.name.split("/")
        assert (entry.uid, entry.gid) == (0, 0)
        assert entry.mode in (0o644, 0o755)
        assert len(entry.name) <= MAX_PATH
        assert not entry.name.endswith((".so", ".pyc", ".pyd"))
    names = {entry.name for entry in entries if entry.isfile()}
    with zipfile.ZipFile(archives.path("1.0.0", suffix=suffix, kind="zip")) as zipped:
        assert set(zipped.namelist()) == names


def test_full_archive_holds_the_library_of_the_dashboard_page(suite: Path) -> None:
    page = suite / "daemons" / "obd_server" / "page" / "vendor"
    assert "Socket.IO" in (page / "socket.io.min.js").read_text()[:300]
    listed = {part["purl"] for part in json.loads((suite / "sbom.json").read_text())["components"]}
    assert any(purl.startswith("pkg:npm/socket.io-client@") for purl in listed)
    assert "MIT" in (page / "LICENSE.socket.io-client").read_text()


def test_two_builds_are_the_same_byte_for_byte(archives: Archives, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "release", "--version", "1.0.0", "--output", str(tmp_path), "--allow-unlocked"]
    subprocess.run(command, cwd=REPOSITORY, check=True, timeout=LIMIT_S)
    built = sorted(path for path in tmp_path.iterdir() if "1.0.0" in path.name)
    assert len(built) == 4
    for path in built:
        assert path.read_bytes() == (archives.directory / path.name).read_bytes(), path.name


def test_manifest_covers_everything_that_stays_as_it_is(suite: Path) -> None:
    lines = (suite / "MANIFEST.sha256").read_text().splitlines()
    listed = {path: digest for digest, path in (line.split("  ") for line in lines)}
    files = {str(p.relative_to(suite)) for p in suite.rglob("*") if p.is_file() and p.name != "down"}
    assert set(listed) == files - {"MANIFEST.sha256"}
    for path, digest in listed.items():
        assert hashlib.sha256((suite / path).read_bytes()).hexdigest() == digest


def test_every_pin_is_in_it_with_licence_and_bill_of_materials(suite: Path) -> None:
    pins = read_pins(REPOSITORY / "requirements.txt")
    bill = json.loads((suite / "sbom.json").read_text())
    wheels = [part for part in bill["components"] if part["purl"].startswith("pkg:pypi/")]
    assert {normalise(part["name"]): part["version"] for part in wheels} == pins
    for part in wheels:
        (info,) = (
            p
            for p in (suite / "vendor").glob("*.dist-info")
            if normalise(p.name.split("-")[0]) == normalise(part["name"])
        )
        named = part["licenses"][0]["license"]["name"]
        texts = [p for p in info.rglob("*") if p.name.upper().startswith(("LICEN", "COPYING", "NOTICE"))]
        assert texts or named != "see its dist-info", part["name"]
    assert (suite / "LICENSE").exists()


def test_every_pin_has_a_recorded_hash() -> None:
    """If this fails after a change of requirements.txt: bin/release --lock, look at it, commit it."""
    recorded = {tuple(name.split("-")[:2]) for name in read_lock(REPOSITORY / "release" / "wheels.lock")}
    known = {(normalise(name), version) for name, version in recorded}
    assert not set(read_pins(REPOSITORY / "requirements.txt").items()) - known


def test_every_script_is_read_by_every_shell(suite: Path) -> None:
    scripts = [path for path in suite.rglob("*") if path.is_file() and path.read_bytes()[:9] == b"#!/bin/sh"]
    scripts += (suite / "bin" / "install").glob("*.sh")
    assert len(scripts) > 8
    for shell in (["bash"], ["dash"], ["busybox", "ash"]):
        for script in scripts:
            subprocess.run([find_program(shell[0]), *shell[1:], "-n", str(script)], check=True, timeout=LIMIT_S)
    run = {path.parent.name for path in scripts if path.name == "run" and path.parent.parent.name == "service"}
    assert run == {path.name for path in (REPOSITORY / "service").iterdir()}


# Where a module that a GX lacks is imported all the same, and why that never fails there.
NEVER_REACHED = {
    ("lib/obdio/web.py", "multiprocessing"),  # asks whether it is there, so as to load uvicorn without it
    ("vendor/click/_termui_impl.py", "tty"),  # keys pressed in a terminal
    ("vendor/click/exceptions.py", "difflib"),  # advice on a mistyped command line, which is not read by click here
    ("vendor/click/termui.py", "getpass"),  # a password asked for
    # Worker processes, which are loaded by lib/obdio/web.py with a stand-in.
    ("vendor/uvicorn/_subprocess.py", "multiprocessing"),
    ("vendor/uvicorn/supervisors/multiprocess.py", "multiprocessing"),
}


def imported(file: Path) -> set[str]:
    """Return the modules that a file imports, at its top level or anywhere below."""
    found = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    return found


def test_nothing_in_it_imports_what_a_gx_lacks(suite: Path) -> None:
    inside = {path.stem for root in ("lib", "daemons", "vendor") for path in (suite / root).iterdir()}
    there = inside | sys.stdlib_module_names - set(MISSING)
    lacking = set()
    for root in ("lib", "daemons", "vendor"):
        for file in (suite / root).rglob("*.py"):
            # Libraries try other libraries that may be installed; of those it matters what Python itself brings.
            wanted = imported(file) & sys.stdlib_module_names if root == "vendor" else imported(file)
            lacking |= {(str(file.relative_to(suite)), module) for module in wanted - there}
    assert lacking == NEVER_REACHED


@pytest.mark.peer
@pytest.mark.parametrize(
    "version",
    [name if name == "3.12" else pytest.param(name, marks=pytest.mark.only_long) for name in find_pythons()],
)
def test_every_daemon_loads_on_every_python_without_what_a_gx_lacks(suite: Path, tmp_path: Path, version: str) -> None:
    write_python(tmp_path / "python", version, find_pythons()[version])
    for service in sorted((suite / "service").iterdir()):
        done = subprocess.run(
            [tmp_path / "python" / "bin" / "python3", "-s", "-P", "-m", service.name.replace("-", "_"), "--check"],
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": f"{suite}/vendor:{suite}/lib:{suite}/daemons",
                "VENUS_DAEMONS_DATA": str(tmp_path),
            },
            check=False,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        assert done.returncode in (0, 2), f"{service.name}: {done.stderr}"  # 2: wants a configuration
        assert "Traceback" not in done.stderr
