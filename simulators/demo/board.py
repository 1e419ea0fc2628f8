"""What is known of every service and path, and when it was last told: what the table shows. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

DULL: Final = (
    "/Mgmt/",
    "/ProductId",
    "/ProductName",
    "/FirmwareVersion",
    "/HardwareVersion",
    "/DeviceName",
    "/Connected",
)
"""Paths, or beginnings of them, that every service has and nobody watches."""

QUIET_S: Final = 10.0
"""A value that nobody told for so long gives way to a livelier one. Coarse, so that rows do not jump."""


@dataclass(slots=True)
class Cell:
    """A path's value, its text, when it was last told, and how often it changed since it was first seen."""

    value: Any
    text: str
    told_at: float
    changes: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. age_s is the time since the value was last told; lively values have changed repeatedly."""

    service: str
    path: str
    text: str
    age_s: float
    changed: bool
    is_lively: bool = False


class Board:
    """All cells. Times are seconds of any monotonic clock."""

    def __init__(self, *, fresh_s: float = 1.5) -> None:
        self._cells: dict[str, dict[str, Cell]] = {}
        self._fresh_s = fresh_s

    def tell(self, service: str, path: str, value: Any, text: str, now: float) -> None:
        """A service told the value of a path."""
        cells = self._cells.setdefault(service, {})
        cell = cells.get(path)
        if cell is None:
            cells[path] = Cell(value, text, now)
            return
        cell.changes += cell.value != value
        cell.value, cell.text, cell.told_at = value, text, now

    def forget(self, service: str) -> None:
        """A service left the bus."""
        self._cells.pop(service, None)

    def is_live(self, service_prefix: str, path: str, *, moves: bool = True) -> bool:
        """Whether some service whose name begins so has a valid value at path, which also has changed if it moves."""
        return any(
            path in cells and cells[path].value is not None and (cells[path].changes > 0 or not moves)
            for name, cells in self._cells.items()
            if name.startswith(service_prefix)
        )

    def find(self, service_prefix: str) -> str | None:
        """The first service whose name begins so."""
        return next((name for name in sorted(self._cells) if name.startswith(service_prefix)), None)

    def value(self, service: str, path: str) -> Any:
        """The last value of a path; None when there is none."""
        cell = self._cells.get(service, {}).get(path)
        return None if cell is None else cell.value

    def rows(self, now: float, limit: int) -> tuple[list[Row], int]:
        """The lines worth showing, by service and path, and how many did not fit.

        Every service keeps its fair share, and of each the values that keep changing stay.
        """
        rows = [
            Row(
                service,
                path,
                cell.text,
                now - cell.told_at,
                changed=cell.changes > 0 and now - cell.told_at < self._fresh_s,
                is_lively=cell.changes > 1 and now - cell.told_at < QUIET_S,
            )
            for service, cells in self._cells.items()
            for path, cell in cells.items()
            if cell.value is not None and not path.startswith(DULL)
        ]
        rows.sort(key=lambda row: (row.service, not row.is_lively, row.path))
        shown = sorted(_fair_order(rows)[:limit], key=lambda row: (row.service, row.path))
        return shown, max(len(rows) - limit, 0)


def _fair_order(rows: Sequence[Row]) -> list[Row]:
    """The first row of each service, then the second of each, and so on."""
    ranks: Counter[str] = Counter()
    ranked = []
    for row in rows:
        ranked.append((ranks[row.service], row))
        ranks[row.service] += 1
    return [row for _, row in sorted(ranked, key=lambda pair: pair[0])]
