"""The one library of obd-server's dashboard page: from npm, at the checksum of the page's package-lock.json."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING, Any

from release.contents import REGULAR

if TYPE_CHECKING:
    from pathlib import Path

    from release.archive import Files

PAGE = "daemons/obd_server/page"
PACKAGE = "socket.io-client"
BUILT_IN = ("vendor/socket.io.min.js", "vendor/LICENSE.socket.io-client")


class PageError(Exception):
    """The library could not be fetched."""


def fetch_page_library(repository: Path) -> Files:
    """Return the library and its licence, by their paths in the archive; from npm when it is not there yet.

    Raises:
        PageError: there is no npm, or it cannot reach its registry; fetch.sh has said why.
    """
    if subprocess.run([str(repository / PAGE / "fetch.sh")], check=False).returncode:
        raise PageError(f"{PAGE}/fetch.sh failed: see above; an archive without it would have an empty dashboard")
    return {f"{PAGE}/{name}": (REGULAR, (repository / PAGE / name).read_bytes()) for name in BUILT_IN}


def describe_page_library(repository: Path) -> dict[str, Any]:
    """Return the library as a component of a CycloneDX document."""
    locked = json.loads((repository / PAGE / "package-lock.json").read_text())["packages"][f"node_modules/{PACKAGE}"]
    algorithm, _, digest = locked["integrity"].partition("-")
    return {
        "type": "library",
        "name": PACKAGE,
        "version": locked["version"],
        "purl": f"pkg:npm/{PACKAGE}@{locked['version']}",
        "hashes": [{"alg": algorithm.replace("sha", "SHA-"), "content": base64.b64decode(digest).hex()}],
        "licenses": [{"license": {"name": locked["license"]}}],
    }
