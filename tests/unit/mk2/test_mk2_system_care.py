"""What a running system looks after besides its readings."""

from __future__ import annotations

import asyncio

from mk2.control import Control
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
