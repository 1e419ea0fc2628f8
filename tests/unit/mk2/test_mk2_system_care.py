"""What a running system looks after besides its readings."""

from __future__ import annotations

import asyncio
import logging

import pytest

from mk2.control import Control
from mk2.errors import LinkLost
from mk2.frames.switch import SwitchState
from mk2.system import LinkState
from simulators.multiplus.simulated_time import run
from tests.unit.mk2.rig import Watched, watch

S = LinkState


async def settle(watched: Watched) -> None:
    await watched.wait_state(S.RUNNING)
    await asyncio.sleep(3)


def test_leds_are_asked_for_where_the_configuration_frame_has_none() -> None:
    async def main() -> None:
        async with watch() as watched:
            config = watched.interface.config_frame
            watched.interface.config_frame = lambda now: b"\x41\x00\x00\x00" + config(now)[4:]  # type: ignore[method-assign]
            await settle(watched)
            assert watched.last["leds"].on == 5
            assert watched.counts["leds"] >= 2

    run(main())


def test_standby_line_is_raised_again_when_the_device_was_switched_off_from_here() -> None:
    async def main() -> None:
        async with watch() as watched:
            await settle(watched)
            assert watched.system.session is not None
            await Control(watched.system.session).set_mode(SwitchState.OFF)
            watched.interface.lines = 0
            await asyncio.sleep(30)
            assert watched.interface.lines == 2
            assert not watched.interface.asleep

    run(main())


def test_device_that_was_switched_off_from_here_stays_within_reach_when_it_starts_anew() -> None:
    async def main() -> None:
        async with watch() as watched:
            await settle(watched)
            assert watched.system.session is not None
            await Control(watched.system.session).set_mode(SwitchState.OFF)
            watched.interface.boot(asyncio.get_running_loop().time())
            await asyncio.sleep(60)
            assert not watched.interface.asleep
            await Control(watched.system.session).set_mode(SwitchState.ON)
            assert watched.interface.plant.switch == SwitchState.ON

    run(main())


def test_sleeping_bus_can_be_woken_while_its_interface_has_power() -> None:
    async def main() -> None:
        async with watch() as watched:
            await settle(watched)
            assert not watched.system.wake()
            watched.interface.sleep()
            watched.interface.keeps_power = True
            await watched.wait_state(S.ASLEEP)
            assert watched.system.wake()
            await settle(watched)

    run(main())


@pytest.mark.parametrize("wait_s", [20.0, 21.0, 22.0, 23.0])
def test_waking_is_heard_whichever_speed_is_being_tried(wait_s: float) -> None:
    async def main() -> None:
        async with watch() as watched:
            await settle(watched)
            watched.interface.sleep()
            watched.interface.keeps_power = True
            await asyncio.sleep(wait_s)
            assert watched.system.wake()
            await asyncio.sleep(1)
            assert not watched.interface.asleep
            await settle(watched)

    run(main())


def test_tty_that_takes_no_other_speed_is_opened_anew(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(_: int) -> None:
        raise LinkLost("cannot change the speed")

    async def main() -> None:
        async with watch() as watched:
            await settle(watched)
            watched.lines[-1].set_baudrate = refuse  # type: ignore[method-assign,assignment]  # a half-dead adapter
            watched.interface.sleep()
            await asyncio.sleep(30)
            watched.interface.boot(asyncio.get_running_loop().time())
            await settle(watched)
            assert len(watched.lines) == 2

    with caplog.at_level(logging.WARNING):
        run(main())
    assert "cannot change the speed; trying to open it again" in caplog.text


def test_own_fault_ends_the_system_at_once_and_is_not_kept_until_the_line_ends() -> None:
    async def main() -> None:
        async with watch() as watched:
            await settle(watched)
            watched.system.knowledge.scales = None  # type: ignore[assignment]  # a fault that nobody expects
            watched.system.restart()
            await asyncio.sleep(30)
            pytest.fail("it should have ended")

    with pytest.raises(AttributeError):
        run(main())
