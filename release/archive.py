"""Archives that are the same byte for byte whoever makes them, and that are harmless when root unpacks them."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import time
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DIRECTORY_MODE = 0o755
MAX_PATH = 100  # busybox tar knows no extensions for longer ones
ZIP_EPOCH = 315532800  # 1980-01-01, the first time that a zip can hold

Files = dict[str, tuple[int, bytes]]
"""Path in the archive to mode and content."""


def make_manifest(files: Files) -> bytes:
    """Return the hashes of all files in the form of sha256sum."""
    lines = [f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, (_, content) in sorted(files.items())]
    return "".join(lines).encode()


def write_tar(target: Path, files: Files, *, mtime: int) -> None:
    """Write a tar.gz: sorted, owned by root, plain files only, no entry for "./" (it would re-own /data).

    Raises:
        ValueError: a path is too long.
    """
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9, mtime=mtime, filename="") as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for directory in list_directories(files):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, DIRECTORY_MODE, mtime
            archive.addfile(entry)
        for path, (mode, content) in sorted(files.items()):
            if len(path) > MAX_PATH:
                raise ValueError(f"{path} has more than {MAX_PATH} characters")
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode, entry.mtime = len(content), mode, mtime
            archive.addfile(entry, io.BytesIO(content))
    target.write_bytes(packed.getvalue())


def list_directories(files: Files) -> list[str]:
    """Return all directories above the files, parents first. busybox's tar finds "rc" only by an entry of its own."""
    return sorted({str(parent) for path in files for parent in PurePosixPath(path).parents} - {"."})


def write_zip(target: Path, files: Files, *, mtime: int) -> None:
    """Write a zip with the same files; modes are kept where unzip knows them."""
    moment = time.gmtime(max(mtime, ZIP_EPOCH))[:6]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, (mode, content) in sorted(files.items()):
            entry = zipfile.ZipInfo(path, moment)
            entry.create_system = 3  # Unix: external_attr holds the mode
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
