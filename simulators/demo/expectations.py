"""What must be on D-Bus before the demo counts as working."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulators.demo.board import Board
    from simulators.demo.registry import Exhibit


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that is not there (yet), of which daemon, and which device should have caused it."""

    daemon: str
    device: str
    what: str


def find_missing(daemons: Sequence[str], exhibits: Sequence[Exhibit], board: Board) -> list[Missing]:
    """All that is missing: a value of each device, a device for each daemon, and at least one daemon."""
    if not daemons:
        return [Missing("", "", "service/ holds no daemon")]
    missing = [
        Missing(exhibit.daemon, device.name, f"no live {live.path} on {live.service}*")
        for exhibit in exhibits
        for device in exhibit.devices
        for live in device.expects
        if not board.is_live(live.service, live.path, moves=live.moves)
    ]
    shown = {exhibit.daemon for exhibit in exhibits if any(device.expects for device in exhibit.devices)}
    missing += [
        Missing(daemon, "", "has no device in simulators/demo/registry.py") for daemon in daemons if daemon not in shown
    ]
    return missing
