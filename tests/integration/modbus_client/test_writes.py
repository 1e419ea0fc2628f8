"""SetValue on devices: taken, refused, unanswered, too often, or no more renewed; also on a full serial line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modbus_client.loader.catalogue import BUILT_IN
from simulators.modbus.models import make_image
from simulators.modbus.rtu import RtuMeter
from simulators.modbus.server import TcpMeter
from simulators.modbus.station import Behaviour, Station
from tests.integration.modbus_client.installation import Installation

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.modbus.image import Image

pytestmark = pytest.mark.peer

GROWATT = "com.victronenergy.pvinverter.pv_NAA1234567"
METER = "com.victronenergy.grid.ea_7001234"
LIMIT_AT = ("h", 3)


def _hasten(directory: Path) -> None:
    """Replace the Growatt's definition by one whose limits may follow each other soon."""
    text = (BUILT_IN / "growatt_min.yml").read_text()
    own = directory / "conf/venus-daemons/modbus.d/growatt_min.yml"
    own.parent.mkdir(parents=True)
    own.write_text(text.replace("  interval: 5\n", "  interval: 0.2\n"))


async def test_writes_are_confirmed_by_the_device(tmp_path: Path) -> None:
    image = make_image(
        "evcs", {"/Ac/Power": 0.0, "/Ac/Energy/Forward": 1.0, **{f"/Ac/L{n}/Power": 0.0 for n in (1, 2, 3)}}
    )
    service = "com.victronenergy.evcharger.evc_HQ2211AAAAA"
    station = Station(image)
    async with TcpMeter({1: station}) as charger, Installation(tmp_path, "-F", f"tcp:127.0.0.1:{charger.port}:1") as gx:
        gx.start()
        await gx.wait_value(service, "/SetCurrent", 16.0)
        await gx.put(service, "/SetCurrent", 10)
        assert image.registers["h", 5016] == 10
        assert await gx.set(service, "/SetCurrent", 33) != 0  # beyond the definition's limit
        image.read_only.add(("h", 5016))
        assert await gx.set(service, "/SetCurrent", 12) != 0  # refused by the device
        await gx.wait_value(service, "/SetCurrent", 10.0)
        station.behaviour.is_asleep = True
        assert await gx.set(service, "/SetCurrent", 14) != 0  # no answer
        station.behaviour.is_asleep = False
        assert await gx.set(service, "/Ac/Power", 1) != 0  # not writeable at all
        await gx.wait_log("refused with exception 4")


async def test_power_limit_respects_the_flash_of_the_inverter(tmp_path: Path) -> None:
    image = make_image("growatt")
    async with (
        TcpMeter({1: Station(image)}) as inverter,
        Installation(tmp_path, "-F", f"tcp:127.0.0.1:{inverter.port}:1") as gx,
    ):
        _hasten(tmp_path)
        gx.start()
        await gx.wait_value(GROWATT, "/Ac/MaxPower", 4200.0)
        await gx.wait_value(GROWATT, "/Ac/Power", 2345.6)
        await gx.put(GROWATT, "/Ac/PowerLimit", 2100.0)
        await gx.wait_until(lambda: image.registers[LIMIT_AT] == 50, "half of the rated power")
        assert await gx.set(GROWATT, "/Internal/ExportLimitPowerRate", 50.0) != 0  # not opted in
        image.registers["h", 2] = 1
        await gx.set(GROWATT, "/Ac/PowerLimit", 4200.0)  # refused, now or when its turn comes
        await gx.wait_log("would store each limit in its flash")
        assert image.registers[LIMIT_AT] == 50


async def test_a_limit_that_nobody_renews_is_made_safe(tmp_path: Path) -> None:
    image = make_image("growatt")
    async with TcpMeter({1: Station(image)}) as inverter:
        config = f"devices: [{{spec: 'tcp:127.0.0.1:{inverter.port}:1', limit_hold: 2}}]"
        async with Installation(tmp_path, config=config) as gx:
            _hasten(tmp_path)
            gx.start()
            await gx.wait_value(GROWATT, "/Ac/MaxPower", 4200.0)
            await gx.wait_value(GROWATT, "/Ac/Power", 2345.6)
            await gx.put(GROWATT, "/Ac/PowerLimit", 2100.0)
            await gx.wait_until(lambda: image.registers[LIMIT_AT] == 50, "half of the rated power")
            await gx.wait_until(lambda: image.registers[LIMIT_AT] == 100, "the safe value")


class Written(list[int]):
    """The values that a register got."""

    def follow(self, image: Image, at: int) -> None:
        image.on_write = lambda first, words: (
            self.append(words[at - first]) if first <= at < first + len(words) else None
        )


async def test_writes_on_a_full_line_at_9600_baud(tmp_path: Path) -> None:
    """A meter read as fast as the line goes, a dead unit, and an inverter that is written to."""
    inverter, meter, limits = Station(make_image("growatt")), Station(make_image("sdm630")), Written()
    limits.follow(inverter.image, 3)
    async with RtuMeter({1: inverter, 2: meter}, rate=9600) as line:
        config = "".join(
            f"\n  - {{spec: 'rtu:{line.path}:9600:{unit}', model: {model}, continuous: {fast}}}"
            for unit, model, fast in (
                (1, "growatt_min", "false"), (2, "eastron_sdm", "true"), (3, "carlo_gavazzi_rtu", "false"),
            )
        )  # fmt: skip
        async with Installation(tmp_path, config=f"devices:{config}") as gx:
            _hasten(tmp_path)
            gx.start()
            await gx.wait_value(METER, "/Ac/Power", 1234.0)
            await gx.wait_value(GROWATT, "/Ac/Power", 2345.6)
            await gx.put(GROWATT, "/Ac/PowerLimit", 2100.0)
            await gx.wait_until(lambda: limits[-1:] == [50], "half of the rated power")
            for watts in range(500, 2000, 100):  # more often than the inverter likes: the last one counts
                await gx.put(GROWATT, "/Ac/PowerLimit", float(watts))
            await gx.wait_until(lambda: limits[-1:] == [45], "the last limit")
            inverter.image.read_only.add(LIMIT_AT)
            await gx.set(GROWATT, "/Ac/PowerLimit", 4200.0)
            await gx.wait_log("/Ac/PowerLimit: refused with exception 4")
            await gx.put(METER, "/PhaseConfig", 2)
            meter.image.read_only.add(("h", 0x000A))
            assert await gx.set(METER, "/PhaseConfig", 3) != 0  # refused
            meter.behaviour = Behaviour(is_asleep=True)
            assert await gx.set(METER, "/PhaseConfig", 3) != 0  # no answer
            assert meter.image.registers["h", 0x000B] == 0
            assert meter.image.registers["h", 0x000A] == 0x4000  # 2.0, as it was
