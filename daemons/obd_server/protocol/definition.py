"""The services as the definition file describes them: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PathDefinition:
    """One path. Exactly one of source, link, logic, setting (a default) and constant says where its value comes from.

    A path with logic and setting is computed from its setting, which is what a write changes.
    """

    path: str
    source: str | None = None
    fallback: str | None = None
    link: str | None = None
    logic: str | None = None
    setting: float | str | None = None
    constant: float | str | None = None
    kind: str = "float"
    unit: str = ""
    decimals: int | None = None
    dead_band: float = 0.0
    minimum: float | None = None
    maximum: float | None = None

    def format(self, value: Any) -> str:
        """Return the text that user interfaces show."""
        number = f"{value:.{self.decimals}f}" if self.decimals is not None else f"{value}"
        return f"{number}{self.unit}" if self.unit in ("%", "C", "V") else f"{number} {self.unit}".rstrip()

    def convert(self, value: Any) -> float | int | str | None:
        """Return a command's value as this path carries it, None when it is of another kind."""
        if self.kind == "text":
            return value if isinstance(value, str) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return int(value) if self.kind == "int" else float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDefinition:
    """One service."""

    key: str
    type: str
    unique: str
    product_id: int
    product_name: str
    is_default: bool
    needs: tuple[str, ...]
    paths: tuple[PathDefinition, ...]
    logic: str | None = None

    @property
    def name(self) -> str:
        """The name on the bus."""
        return f"com.victronenergy.{self.type}.{self.unique}"

    @property
    def commands(self) -> frozenset[str]:
        """The commands whose values the paths show."""
        sources = {path.source for path in self.paths} | {path.fallback for path in self.paths}
        return frozenset(source for source in sources if source)
