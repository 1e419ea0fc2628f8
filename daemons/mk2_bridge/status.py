"""What `venus-daemons status` shows of a bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mk2_bridge.bridge import Bridge


def bridge_status(bridge: Bridge) -> dict[str, Any]:
    """Return the state of line, service and writes."""
    system, connection = bridge.system, bridge.system.connection
    return {
        "tty": bridge.options.tty,
        "link": system.state.value,
        "service": None if bridge.publisher is None else bridge.name,
        "starts": system.starts,
        "rounds": None if system.poller is None else system.poller.schedule.rounds,
        "rejected_readings": bridge.readings.rejected,
        "refused_writes": bridge.controls.refused,
        "last_refusal": bridge.controls.last_refusal,
        "line": None if connection is None else connection.statistics.as_dict(),
        "noise_bytes": None if connection is None else connection.unpacker.skipped,
    }
