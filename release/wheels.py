"""The third-party part of an archive: wheels of the pins in requirements.txt, unpacked, without compiled parts.

A wheel of dbus-fast or PyYAML holds the Python source beside each compiled module, or does without that module. So the
wheels of one fixed platform serve every GX, and nothing is built: the same pins give the same bytes on every machine.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# One platform and one Python for all builders. Which does not matter: what depends on it is thrown away.
PLATFORM = ("--python-version", "3.12", "--implementation", "cp", "--abi", "cp312", "--abi", "abi3", "--abi", "none")
TAGS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64")

# Compiled or only of use to compile; and lists of files that hold no longer.
DROPPED_SUFFIXES = {".so", ".pyd", ".c", ".pyx", ".pxd", ".h", ".pyi", ".pyc"}
DROPPED_DIST_INFO = {"RECORD", "WHEEL", "INSTALLER", "REQUESTED", "top_level.txt", "entry_points.txt", "zip-safe"}
DROPPED_DIRECTORIES = {"tests", "testsuite", "test"}
# Parts of libraries that no daemon can import: for other systems, tests or a console, for libraries that are absent.
DROPPED_PARTS = (
    "click/_winconsole.py",
    "click/testing.py",
    "platformdirs/android.py",
    "platformdirs/macos.py",
    "platformdirs/testing.py",
    "platformdirs/windows.py",
    "pymodbus/server/simulator/web/",
    "serial/serialcli.py",
    "serial/serialjava.py",
    "serial/serialwin32.py",
    "serial/tools/hexlify_codec.py",
    "serial/tools/list_ports_osx.py",
    "serial/tools/list_ports_windows.py",
    "serial/tools/miniterm.py",
    "serial/win32.py",
    "uvicorn/protocols/http/auto_zttp_impl.py",
    "uvicorn/protocols/http/httptools_impl.py",
    "uvicorn/protocols/http/zttp",
    "uvicorn/protocols/websockets/websockets_",
)


class PinError(Exception):
    """The pins, their recorded hashes and what the package index gave do not agree."""


def normalise(name: str) -> str:
    """Return the one spelling of a project name: "PyYAML" is "pyyaml"."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(file: Path) -> dict[str, str]:
    """Return project to version.

    Raises:
        PinError: a line that is no exact pin.
    """
    pins = {}
    for number, line in enumerate(file.read_text().splitlines(), 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        name, is_exact, version = text.partition("==")
        if not is_exact:
            raise PinError(f"{file}:{number}: not an exact pin (name==version): {text}")
        pins[normalise(name)] = version.strip()
    return pins


def download(requirements: Path, directory: Path) -> None:
    """Have pip fetch the wheels of all pins into `directory`.

    Raises:
        PinError: what pip says.
    """
    tags = [word for tag in TAGS for word in ("--platform", tag)]
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", *PLATFORM, *tags, "-d", str(directory), "-r", str(requirements)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise PinError(f"pip could not fetch the wheels of {requirements}:\n{done.stderr.strip()}")


def find_wheels(directory: Path, pins: dict[str, str]) -> dict[str, Path]:
    """Return the wheel of each pin.

    Raises:
        PinError: names the pin without a wheel.
    """
    found = {}
    for wheel in sorted(directory.glob("*.whl")):
        name, version = wheel.name.split("-")[:2]
        if pins.get(normalise(name)) == version:
            found[normalise(name)] = wheel
    if missing := pins.keys() - found.keys():
        raise PinError(f"no wheel for {', '.join(sorted(missing))} in {directory}")
    return found


def hash_file(file: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def unpack(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a wheel that a GX needs: path below vendor/, and content."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            path = _place(PurePosixPath(entry.filename))
            if path is not None and not entry.is_dir():
                content = archive.read(entry)
                # Its fields say what a licence asks for, and what importlib.metadata reads; then follows a README.
                yield str(path), _head(content) if path.match("*.dist-info/METADATA") else content


def _head(metadata: bytes) -> bytes:
    return metadata.replace(b"\r\n", b"\n").partition(b"\n\n")[0] + b"\n"


def _place(path: PurePosixPath) -> PurePosixPath | None:
    top = path.parts[0]
    if ".." in path.parts or path.is_absolute():
        raise PinError(f"a wheel wants to write outside its place: {path}")
    if top.endswith(".data"):
        return PurePosixPath(*path.parts[2:]) if path.parts[1] in ("purelib", "platlib") else None
    if top.endswith(".dist-info"):
        return None if path.name in DROPPED_DIST_INFO else path
    if str(path).startswith(DROPPED_PARTS):
        return None
    if path.suffix in DROPPED_SUFFIXES or DROPPED_DIRECTORIES.intersection(path.parts[1:-1]):
        return None
    return path
