"""What every simulated thing can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

Values = Mapping[str, int | float | str]
"""D-Bus paths without the leading slash, and their values in Venus units."""


class Model(Protocol):
    """A thing with a state that time changes. Pure: its clock is what advance() is told."""

    @property
    def service_type(self) -> str:
        """The D-Bus service type that shows it."""

    def setup(self) -> Values:
        """What is told once, at registration: name, kind, size."""

    def advance(self, elapsed_s: float) -> None:
        """Let time pass."""

    def values(self) -> Values:
        """What it measures now."""
