"""The rule of /Settings/Devices/<id>/ClassAndVrmInstance: no two devices of one class share a number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_SPECIAL = re.compile(r"/Settings/Devices/[^/]+/ClassAndVrmInstance")


def is_class_instance(path: str) -> bool:
    """Whether the setting at path follows this rule."""
    return _SPECIAL.fullmatch(path) is not None


def first_free(wanted: str, taken: Collection[str]) -> str:
    """The wanted "class:number", or the same class with the next number that is not taken.

    Raises ValueError when wanted is not a class, one colon and an integer.
    """
    parts = wanted.split(":")
    if len(parts) != 2:  # noqa: PLR2004 - the two sides of the colon
        raise ValueError(f"not class:number: {wanted!r}")
    device_class, number = parts[0], int(parts[1])
    while f"{device_class}:{number}" in taken:
        number += 1
    return f"{device_class}:{number}"
