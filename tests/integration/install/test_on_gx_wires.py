"""modbus-client and obd-server on a fake GX do their work: a value of a device comes to the D-Bus, and follows it."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import pytest

from simulators.obd.vehicle import Vehicle
from simulators.peers.process import Peer
from tests.integration.install.archives import REPOSITORY
from tests.integration.install.on_gx import value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.install.gx import Gx

pytestmark = pytest.mark.peer

METER_PORT = 1502  # the GX has a network of its own
ADAPTER_PORT = 35000
METER = f"devices:\n  - spec: tcp:127.0.0.1:{METER_PORT}:1\n    role: grid\ndiscovery: false\n"
ADAPTER = f"adapter:\n  port: socket://127.0.0.1:{ADAPTER_PORT}\n"


@contextlib.contextmanager
def configured(gx: Gx, daemon: str, text: str) -> Iterator[None]:
    """Run a daemon that is not enabled with a configuration; put both back."""
    file = gx.root / "data" / "conf" / "venus-daemons" / f"{daemon}.yml"
    before = file.read_text()
    file.write_text(text)
    try:
        gx.shell(f"svc -u /service/{daemon}")
        gx.until(lambda: gx.is_running(daemon), daemon)
        yield
    finally:
        gx.shell(f"svc -d /service/{daemon}")
        file.write_text(before)


@pytest.mark.slow
def test_meter_on_the_network_is_on_the_bus_and_its_power_moves(installed_gx: Gx) -> None:
    gx = installed_gx
    command = gx.in_network(sys.executable, "-m", "simulators.modbus", "et340", "--tcp", str(METER_PORT))
    with (
        Peer("meter", command, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}),
        configured(gx, "modbus-client", METER),
    ):
        seen: set[float] = set()

        def moves() -> bool:
            power = value(gx, "grid.", "/Ac/Power")
            if isinstance(power, float):  # at first unknown, as an empty list
                seen.add(power)
            return len(seen) > 1

        gx.until(moves, "the power of the meter")


@pytest.mark.slow
def test_vehicle_is_on_the_bus_with_its_engine_running(installed_gx: Gx) -> None:
    gx = installed_gx
    vehicle = Vehicle(tcp_port=ADAPTER_PORT)
    vehicle.command = gx.in_network(*vehicle.command)
    with vehicle, configured(gx, "obd-server", ADAPTER):
        gx.until(lambda: value(gx, "obd.obd_vehicle", "/EngineRunning") == 1, "the engine")
        gx.until(lambda: isinstance(value(gx, "tank.obd_fuel", "/Level"), float), "the fuel level")
        assert "Traceback" not in gx.log("obd-server")
