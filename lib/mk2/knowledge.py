"""What was learned about firmware and stays true of it: spares questions at the next start, even after a restart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mk2.ram_var import RamVarInfo


@dataclass(slots=True)
class Knowledge:
    """Facts by firmware.

    Attributes:
        scales: of variables, by the version of the device.
        info_windows: how many info requests may be under way, by the versions of interface and device.
    """

    scales: dict[int, dict[int, RamVarInfo]] = field(default_factory=dict)
    info_windows: dict[tuple[int, int], int] = field(default_factory=dict)
