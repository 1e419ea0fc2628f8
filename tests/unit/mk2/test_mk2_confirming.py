from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mk2.confirming import read_config_twice, read_setting_twice
from mk2.control import Control, Permissions
from mk2.errors import NoReply
from mk2.frames.switch import SwitchState
from mk2.setting import Flag0, Setting
from simulators.multiplus.simulated_time import run
from tests.unit.mk2.rig import Rig, connect


def with_lies(rig: Rig, lies: list[int]) -> None:
    """Have the next configuration frames tell these limits, in steps of 0.1 A, instead of the true one."""
    interface, tell = rig.interface, rig.interface.config_frame

    def config_frame(now: float) -> bytes:
        true, interface.limit = interface.limit, lies.pop(0) if lies else interface.limit
        frame = tell(now)
        interface.limit = true
        return frame

    interface.config_frame = config_frame  # type: ignore[method-assign]  # damage that the checksum does not show


@pytest.mark.parametrize("lies", [[400], [160, 400], [400, 300]])
def test_damaged_frame_does_not_become_the_current_limit(lies: list[int]) -> None:
    async def main() -> None:
        async with connect() as rig:
            with_lies(rig, lies)
            await Control(rig.session).set_mode(SwitchState.CHARGER_ONLY)
            assert (rig.interface.limit, rig.interface.plant.switch) == (160, 1)

    run(main())


def test_nothing_is_switched_when_no_two_readings_agree() -> None:
    async def main() -> None:
        async with connect() as rig:
            with_lies(rig, list(range(100, 120)))
            with pytest.raises(NoReply, match="no two readings"):
                await Control(rig.session).set_mode(SwitchState.OFF)
            assert rig.interface.switch_commands == []

    run(main())


def test_reading_of_polling_counts_as_the_first() -> None:
    async def main() -> None:
        async with connect() as rig:
            await rig.session.config()
            before = rig.connection.statistics.requests
            assert (await read_config_twice(rig.session)).limit_a == 16.0
            assert rig.connection.statistics.requests == before + 1

    run(main())


def test_damaged_word_of_a_setting_is_not_taken() -> None:
    class Lying:
        """A session whose readings are given; only the wire is replaced, by what damage can make of it."""

        def __init__(self, connection: Any, words: list[int]) -> None:
            self.connection = connection
            self._words = words

        async def get_setting_raw(self, _: int) -> int:
            return self._words.pop(0)

    async def main() -> None:
        async with connect() as rig:
            lying: Any = Lying(rig.connection, [1, 7, 7])
            assert await read_setting_twice(lying, 60) == 7
            lying = Lying(rig.connection, list(range(9)))
            with pytest.raises(NoReply, match="setting 60"):
                await read_setting_twice(lying, 60)

    run(main())


def test_two_writers_of_flags_in_one_word_do_not_undo_each_other() -> None:
    async def main() -> None:
        async with connect() as rig:
            control = Control(rig.session, Permissions(settings=True))
            await asyncio.gather(
                control.write_flags(Setting.FLAGS0, off=Flag0.POWER_ASSIST),
                control.write_flags(Setting.FLAGS0, on=Flag0.WEAK_AC),
            )
            word = await rig.session.get_setting_raw(Setting.FLAGS0)
            assert not word & Flag0.POWER_ASSIST
            assert word & Flag0.WEAK_AC

    run(main())
