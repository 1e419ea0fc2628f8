from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from simulators.multiplus.assembly import Layout
from tests.integration.mk2_bridge.stage import Stage, eventually, stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.peers.dbus import DBusDaemon

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]


@pytest.mark.long
async def test_ess_set_point_has_the_right_sign_is_kept_alive_and_zero_at_the_end(
    dbus_daemon: DBusDaemon, tmp_path: Path, campaign: Callable[[int, int], int]
) -> None:
    async with stage(dbus_daemon.address, tmp_path, layout=Layout(has_ess=True)) as found:
        assert await found.get("/Hub4/AssistantId") == 5
        assert await found.set("/Hub4/L1/AcPowerSetpoint", 700) == 0
        await wait_setpoint(found, 700.0)
        assert found.interface.devices[0].writes[0] == ("ram", 131, 0x10000 - 700)
        for _ in range(campaign(2, 10)):
            await asyncio.sleep(2)
            assert await found.set("/Hub4/L1/AcPowerSetpoint", 700) == 0
        assert found.interface.plant.setpoints_w == [700.0]
        assert await found.set("/Hub4/DisableCharge", 1) == 0
        await eventually(lambda: not found.interface.plant.charge_allowed)
        assert await found.stop() == 0
        assert found.interface.devices[0].assistants[131] == 0
        assert found.interface.plant.charge_allowed
        assert found.interface.devices[0].eeprom_writes == 0
        assert all(kind == "ram" for kind, _, _ in found.interface.devices[0].writes)


async def wait_setpoint(found: Stage, watts: float) -> None:
    await eventually(lambda: found.interface.plant.setpoints_w == [watts])


@pytest.mark.slow
async def test_ess_set_point_of_a_writer_that_fell_silent_becomes_zero(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    async with stage(dbus_daemon.address, tmp_path, layout=Layout(has_ess=True)) as found:
        assert await found.set("/Hub4/L1/AcPowerSetpoint", -400) == 0
        await wait_setpoint(found, -400.0)
        await wait_setpoint(found, 0.0)
        assert "nobody has set the ESS power" in found.log()


async def test_lost_bus_makes_the_set_point_zero_and_ends_the_daemon(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    async with stage(dbus_daemon.address, tmp_path, layout=Layout(has_ess=True)) as found:
        assert await found.set("/Hub4/L1/AcPowerSetpoint", 900) == 0
        await wait_setpoint(found, 900.0)
        dbus_daemon.kill()
        async with asyncio.timeout(30):
            assert await found.process.wait() == 1
        assert found.interface.devices[0].writes[-1] == ("ram", 131, 0)
        assert "Traceback" not in found.log()
