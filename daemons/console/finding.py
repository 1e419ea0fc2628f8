"""What a check of the doctor says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Weight(Enum):
    """How bad it is."""

    GOOD = "ok"
    NOTE = "note"
    PROBLEM = "PROBLEM"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line for the user, and what to type."""

    weight: Weight
    text: str
    fix: str = ""


def good(text: str) -> Finding:
    """All is well."""
    return Finding(Weight.GOOD, text)


def note(text: str, fix: str = "") -> Finding:
    """Worth knowing; can be meant that way."""
    return Finding(Weight.NOTE, text, fix)


def problem(text: str, fix: str) -> Finding:
    """Something does not work, or will not after the next boot."""
    return Finding(Weight.PROBLEM, text, fix)
