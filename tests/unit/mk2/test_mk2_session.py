from __future__ import annotations

import asyncio

import pytest

from mk2 import expectations
from mk2.device_version import DeviceVersion
from mk2.errors import NoReply, Unsupported
from mk2.frames.settings import SettingFigure
from mk2.ram_var import RamVar
from mk2.session import POWERS, ask_again
from mk2.setting import Setting
from simulators.multiplus.assembly import Layout
from simulators.multiplus.simulated_time import run
from tests.unit.mk2.rig import connect


def test_readings_are_the_simulators_truth() -> None:
    async def main() -> None:
        async with connect() as rig:
            session, plant = rig.session, rig.interface.plant
            clock = asyncio.get_running_loop().time
            dc, ac = await session.dc(), await session.ac(1)
            truth = plant.phase(0, clock())
            assert dc.voltage_v == pytest.approx(plant.battery_v(clock()), abs=0.02)
            assert dc.current_a == pytest.approx(plant.battery_a(clock()), abs=0.05)
            assert dc.frequency_hz == pytest.approx(50, abs=0.05)
            assert ac.mains_voltage_v == pytest.approx(truth.mains_v, abs=0.1)
            assert ac.mains_current_a == pytest.approx(truth.mains_a, abs=0.1)
            assert ac.frequency_hz == pytest.approx(50.05, abs=0.1)
            assert (ac.phase, ac.phase_count, ac.state) == (1, 1, 9)

    run(main())


def test_powers_of_a_snapshot_balance() -> None:
    async def main() -> None:
        async with connect() as rig:
            reading = rig.session.power_reading(await rig.session.snapshot(*POWERS), 0)
            assert reading.mains_w is not None
            assert reading.output_w is not None
            assert reading.inverter_w is not None
            assert reading.mains_w == pytest.approx(reading.output_w + reading.inverter_w, abs=2)
            assert reading.mains_w > 500
            assert reading.state_of_charge == pytest.approx(0.8)

    run(main())


def test_no_frequency_is_none_and_not_zero() -> None:
    async def main() -> None:
        async with connect() as rig:
            rig.interface.plant.mains_present = False
            reading = await rig.session.ac(1)
            assert reading.frequency_hz is None
            assert reading.mains_voltage_v == 0

    run(main())


@pytest.mark.parametrize("long_replies", [True, False])
def test_version_and_settings_are_understood_in_long_and_in_short_mode(*, long_replies: bool) -> None:
    async def main() -> None:
        async with connect() as rig:
            rig.interface.devices[0].long_replies = long_replies
            version = await rig.session.device_version()
            assert (version.number, hex(version.product_id), hex(version.firmware)) == (2610506, "0x2610", "0x506")
            info = await rig.session.setting_info(Setting.ABSORPTION_VOLTAGE)
            assert (info.decode(info.minimum), info.decode(info.maximum)) == (24.0, 33.0)
            assert await rig.session.get_setting(Setting.ABSORPTION_VOLTAGE) == pytest.approx(28.8)
            with pytest.raises(Unsupported):
                await rig.session.setting_info(120)

    run(main())


def test_figures_that_come_one_by_one_are_complete_only_with_the_last() -> None:
    collect = expectations.SettingInfoCollector()
    words = {0x89: 0xFF9C, 0x8A: 0xFFFF, 0x8B: 2880, 0x8C: 2400}
    assert [collect(SettingFigure(code, word)) for code, word in words.items()] == [None] * 4
    reply = collect(SettingFigure(0x8D, 3300))
    assert reply is not None
    assert (reply.scale, reply.offset, reply.minimum, reply.maximum) == (-100, -1, 2400, 3300)


def test_scales_are_asked_for_once() -> None:
    async def main() -> None:
        async with connect() as rig:
            before = rig.connection.statistics.requests
            await rig.session.get_ram(RamVar.BATTERY_VOLTAGE)
            assert rig.connection.statistics.requests == before + 1
            with pytest.raises(Unsupported):
                await rig.session.ram_info(99)

    run(main())


def test_everything_else_that_can_be_asked() -> None:
    async def main() -> None:
        async with connect() as rig:
            session = rig.session
            config = await session.config()
            assert (config.limit_min_a, config.limit_max_a, config.limit_a) == (9.4, 50.0, 16.0)
            assert (await session.leds()).on == 5
            assert (await session.state()).state == 9
            assert (await session.extended_status()).valid_bits == 29
            assert (await session.switch_report()).state == 0
            assert await session.panel_lines(2) == 2
            assert await session.panel_lines() == 2

    run(main())


def test_device_version_reads_as_product_and_firmware() -> None:
    version = DeviceVersion(2644552)
    assert (version.product_id, version.firmware) == (9796, 1362)


def test_one_refusal_proves_nothing() -> None:
    async def main() -> None:
        answers = [Unsupported("no"), NoReply("nothing"), 7]

        async def question() -> object:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        assert await ask_again(question) == 7
        answers[:] = [Unsupported("no")] * 3
        assert await ask_again(question) is None

    run(main())


def test_snapshot_that_is_not_ready_is_told_from_a_good_one() -> None:
    async def main() -> None:
        async with connect(Layout()) as rig:
            await rig.session.snapshot(14, 15)
            with pytest.raises(Unsupported, match="instead of 4"):
                await rig.session.read_snapshot(4)

    run(main())
