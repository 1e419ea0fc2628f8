"""Devices that cannot be programmed, with the real daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.mqtt_devices.gx import GX

pytestmark = pytest.mark.peer

PLUG = "com.victronenergy.acload.mqtt_tasmota_plug1_meter"


async def test_tasmota_plug_appears_goes_offline_and_is_remembered(gx: GX) -> None:
    folder = gx.directory / "data/conf/venus-daemons/mappings.d"
    folder.mkdir(parents=True)
    (folder / "bad.yml").write_text("devices: {x: {preset: none}}\n")
    (folder / "mine.yml").write_text('devices: {plugs: {preset: tasmota_energy, device: "+"}}\n')
    await gx.start_all()
    assert gx.daemon is not None
    assert "bad.yml:1: preset: has to be one of" in gx.daemon.output
    await gx.publish("tele/plug1/SENSOR", {"ENERGY": {"Power": 160, "Voltage": 231, "Total": 3.1}})
    await gx.wait_value(PLUG, "/Ac/L1/Power", 160.0)
    assert await gx.get(PLUG, "/Ac/Power") == 160.0
    await gx.publish("tele/plug1/LWT", "Offline")
    await gx.wait_value(PLUG, "/Connected", 0)
    assert await gx.get(PLUG, "/Ac/L1/Power") is None
    await gx.publish("tele/plug1/SENSOR", {"ENERGY": {"Power": 5}})
    await gx.wait_value(PLUG, "/Connected", 1)
    await gx.start_daemon()
    await gx.wait_names(present=(PLUG,))
