"""What `venus-daemons status` shows of the devices and lines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modbus_client.driver import LineDriver
    from modbus_client.fleet import Fleet
    from modbus_client.unit import Unit


def describe(fleet: Fleet) -> dict[str, Any]:
    """Return the status as JSON values."""
    return {
        "devices": {str(unit.config.spec): _describe_unit(unit) for unit in fleet.units},
        "lines": {str(driver.line.endpoint): _describe_line(driver) for driver in fleet.lines},
    }


def _describe_unit(unit: Unit) -> dict[str, Any]:
    device, counters = unit.device, unit.device.counters
    poll = device.poll
    return {
        "service": unit.publisher.service.name if unit.publisher else None,
        "model": unit.prepared.match.model.name if unit.prepared else None,
        "state": device.state.value if unit.is_up or not unit.prepared else "silent",
        "silent_s": 0 if unit.is_up else round(time.monotonic() - device.liveness.heard_at),
        "latency_ms": round(1000 * device.latency.smooth_s, 1),
        "timeout_ms": round(1000 * device.latency.timeout_s),
        "requests": counters.requests,
        "timeouts": counters.timeouts,
        "damaged": counters.garbled,
        "refused": counters.refused,
        "last_error": counters.last_error,
        "last_refused_write": unit.controls.last_refusal,
        "refresh_s": poll.refresh_s if poll else None,
        "missing_registers": len(poll.limits.missing) if poll else 0,
    }


def _describe_line(driver: LineDriver) -> dict[str, Any]:
    line = driver.line
    return {
        "open": line.is_open,
        "devices": len(driver.devices),
        "utilisation": round(driver.utilisation, 3),
        "damaged_frames": line.garbled,
    }
