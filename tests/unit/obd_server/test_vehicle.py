from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from obd_server.access import Rules
from obd_server.definition_file import load_rates
from obd_server.protocol.reading import Reading
from obd_server.values import Values
from obd_server.vehicle import Vehicle, VehicleFiles, _claim, _readings
from obdio.errors import LinkLost
from tests.unit.obd_server.test_files import config

if TYPE_CHECKING:
    from pathlib import Path

    from obdio.table import Table


async def test_port_is_claimed_from_the_adapters_thread() -> None:
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(_claim, loop, False, "/dev/null")
    with pytest.raises(LinkLost, match="is the adapter plugged in"):
        await asyncio.to_thread(_claim, loop, False, "/dev/ttyNOTTHERE")


def test_responses_become_plain_readings(table: Table) -> None:
    def reading(name: str, value: Any) -> list[tuple[str, Any]]:
        response = table.obd.OBDResponse(table.find(name))
        response.value = value
        return [(made.name, made.value) for made in _readings(response)]

    unit = table.obd.Unit
    assert reading("RPM", 800 * unit.rpm) == [("RPM", 800)]
    assert reading("FUEL_TYPE", "Diesel") == [("FUEL_TYPE", "Diesel")]
    assert reading("VIN", bytearray(b"WP0")) == [("VIN", "WP0")]
    assert reading("GET_DTC", [("P0104", ""), ("P0105", "")]) == [("GET_DTC", 2)]
    assert reading("RPM", None) == [("RPM", None)]
    assert reading("AUX_INPUT_STATUS", True) == [("AUX_INPUT_STATUS", None)]
    status = table.obd.OBDResponse.__init__.__globals__["Status"]()
    status.MIL, status.DTC_count = True, 3
    assert reading("STATUS", status) == [("STATUS", 3.0), ("MIL", 1.0)]


def test_the_warning_lamp_is_known_for_as_long_as_the_status_that_tells_it(tmp_path: Path) -> None:
    files = VehicleFiles(audit=tmp_path / "audit", units_cache=tmp_path / "units")
    vehicle = Vehicle(config(""), Rules(frozenset(), frozenset(), "token"), files, {}, load_rates())
    values = Values(vehicle.period_s)
    values.receive(Reading("STATUS", 2.0, 0.0))
    values.receive(Reading("MIL", 1.0, 0.0))
    assert (values.get("STATUS", 61.0), values.get("MIL", 61.0)) == (2.0, 1.0)
    assert values.get("MIL", 1000.0) is None
