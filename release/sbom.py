"""The list of parts of an archive, as CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/)."""

from __future__ import annotations

import json
from email.parser import Parser
from typing import TYPE_CHECKING, Any

from release.wheels import hash_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def make_sbom(
    version: str, wheels: dict[str, Path], metadata: dict[str, str], others: Sequence[dict[str, Any]] = ()
) -> bytes:
    """Return the document.

    Args:
        version: of the suite.
        wheels: project to wheel file.
        metadata: project to the text of its METADATA.
        others: components that are no wheels.
    """
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "venus-daemons",
                "version": version,
                "licenses": [{"expression": "MIT AND GPL-2.0-or-later"}],
            }
        },
        "components": [*(_make_component(wheels[name], metadata[name]) for name in sorted(wheels)), *others],
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def _make_component(wheel: Path, metadata: str) -> dict[str, Any]:
    fields = Parser().parsestr(metadata, headersonly=True)
    name, version = fields["Name"], fields["Version"]
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower()}@{version}",
        "hashes": [{"alg": "SHA-256", "content": hash_file(wheel)}],
        "licenses": [{"license": {"name": _find_licence(fields.items())}}],
    }


def _find_licence(fields: list[tuple[str, Any]]) -> str:
    """Return what a project says of its licence: an expression, a name, or the classifier."""
    values = {key: str(value) for key, value in fields}
    named = values.get("License-Expression") or values.get("License", "").strip()
    if named and "\n" not in named:
        return named
    classifiers = [str(value) for key, value in fields if key == "Classifier" and str(value).startswith("License ::")]
    return classifiers[0].rpartition(" :: ")[2] if classifiers else "see its dist-info"
