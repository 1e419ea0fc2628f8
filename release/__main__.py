"""Build the archives: `bin/release [--output DIR]`; `bin/release --lock` records the hashes of new pins."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from release.archive import Files, make_manifest, write_tar, write_zip
from release.contents import REGULAR, choose, list_tracked, read_commit_time
from release.lock import read_lock, verify, write_lock
from release.page import PageError, describe_page_library, fetch_page_library
from release.profiles import FULL, PROFILES, Profile
from release.sbom import make_sbom
from release.usb import NAME as USB_NAME
from release.usb import make_usb_files
from release.wheels import PinError, download, find_wheels, read_pins, unpack

REPOSITORY = Path(__file__).resolve().parents[1]
LOCK = REPOSITORY / "release" / "wheels.lock"
WRITERS = {"tar.gz": write_tar, "zip": write_zip}


def parse_options() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="bin/release", description="Builds the archives for GX devices.")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist", metavar="DIR", help="default: dist")
    parser.add_argument("--wheels", type=Path, default=REPOSITORY / "build" / "wheels", metavar="DIR", help="cache")
    parser.add_argument("--version", help="another version than the file's, for tests of upgrades")
    parser.add_argument("--lock", action="store_true", help="record the hashes of all wheels, and end")
    parser.add_argument("--allow-unlocked", action="store_true", help="build though a new pin has no recorded hash")
    return parser.parse_args()


def fetch_wheels(directory: Path) -> dict[str, Path]:
    """Return project to wheel, from the cache or the package index; raises PinError."""
    requirements = REPOSITORY / "requirements.txt"
    pins = read_pins(requirements)
    directory.mkdir(parents=True, exist_ok=True)
    try:
        return find_wheels(directory, pins)
    except PinError:
        download(requirements, directory)
    return find_wheels(directory, pins)


def collect(profile: Profile, version: str, wheels: dict[str, Path]) -> Files:
    """Return the files of an archive, below their top directory."""
    tracked = list_tracked(REPOSITORY)
    files = {path: (tracked[path], (REPOSITORY / path).read_bytes()) for path in choose(tracked, profile)}
    others = []
    if profile.daemons is None:
        files.update(fetch_page_library(REPOSITORY))
        others.append(describe_page_library(REPOSITORY))
    files["version"] = (REGULAR, f"{version}\n".encode())
    chosen = {name: wheel for name, wheel in wheels.items() if profile.packages is None or name in profile.packages}
    metadata = {}
    for name, wheel in chosen.items():
        for path, content in unpack(wheel):
            files[f"vendor/{path}"] = (REGULAR, content)
            if path.endswith(".dist-info/METADATA"):
                metadata[name] = content.decode()
    files["sbom.json"] = (REGULAR, make_sbom(version, chosen, metadata, others))
    # What setup.sh changes is not in the manifest: whether a daemon starts by itself.
    unchanged = {path: entry for path, entry in files.items() if not path.endswith("/down")}
    files["MANIFEST.sha256"] = (REGULAR, make_manifest(unchanged))
    return {f"venus-daemons-{version}/{path}": entry for path, entry in files.items()}


def build(options: argparse.Namespace, wheels: dict[str, Path]) -> None:
    """Write all archives.

    Raises:
        ValueError: one is larger than its limit.
    """
    version = options.version or (REPOSITORY / "version").read_text().strip()
    mtime = read_commit_time(REPOSITORY)
    options.output.mkdir(parents=True, exist_ok=True)
    for profile in PROFILES:
        files = collect(profile, version, wheels)
        unpacked = sum(len(content) for _, content in files.values())
        for kind, write in WRITERS.items():
            target = options.output / f"venus-daemons{profile.suffix}-{version}.{kind}"
            write(target, files, mtime=mtime)
            size = target.stat().st_size
            sys.stdout.write(f"{target}: {size / 1e6:.2f} MB, {unpacked / 1e6:.2f} MB unpacked, {len(files)} files\n")
            if size >= profile.max_bytes:
                raise ValueError(f"{target.name} has {size} bytes; it has to be below {profile.max_bytes}")
        if profile is FULL:
            write_tar(options.output / USB_NAME, make_usb_files(f"venus-daemons-{version}", files), mtime=mtime)


def main() -> int:
    """Build; return the exit code."""
    options = parse_options()
    try:
        wheels = fetch_wheels(options.wheels)
        if options.lock:
            write_lock(LOCK, wheels)
            return 0
        verify(read_lock(LOCK), wheels, is_complete=not options.allow_unlocked)
        build(options, wheels)
    except (PinError, PageError, ValueError) as error:
        sys.stderr.write(f"bin/release: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
