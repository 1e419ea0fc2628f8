"""Who is found on the other side, and what is believed of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mk2.errors import NoReply
from mk2.system import LinkState
from simulators.multiplus.assembly import Layout
from simulators.multiplus.simulated_time import run
from tests.unit.mk2.rig import connect, watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from mk2.identity import Identity
    from tests.unit.mk2.rig import Rig


def identified(layout: Layout, prepare: Callable[[Rig], None] = lambda _: None) -> Identity:
    async def main() -> Identity:
        async with connect(layout, ready=False) as rig:
            prepare(rig)
            return await rig.identify()

    return run(main())


@pytest.mark.parametrize(
    ("phases", "addresses"),
    [
        ((0, 0), (0, 1)),
        ((0, 0), (0, 3)),
        ((0, 1), (0, 7)),
        ((0, 0, 0, 0), (0, 1, 2, 31)),
        ((0, 1, 2) * 2, (0, 1, 2, 3, 4, 5)),
    ],
    ids=str,
)
def test_devices_are_found_wherever_they_are(phases: tuple[int, ...], addresses: tuple[int, ...]) -> None:
    found = identified(Layout(phases, addresses=addresses).hurried())
    assert found.devices == addresses
    assert found.has_powers


def test_one_device_is_not_looked_for_twice() -> None:
    asked: list[bytes] = []

    def listen(rig: Rig) -> None:
        write = rig.line.write

        def note(data: bytes) -> None:
            asked.append(data)
            write(data)

        rig.line.write = note  # type: ignore[method-assign]  # listens in

    assert identified(Layout(), listen).devices == (None,)
    indexes = [data[-2] for data in asked if data[2:4] in (b"x0", b"y0", b"z0")]
    assert sorted(indexes) == [0, 1, 2]


def test_powers_and_set_points_are_left_alone_while_a_device_cannot_be_asked() -> None:
    found = identified(Layout((0, 0), has_ess=True, addresses=(0, 99)).hurried())
    assert (found.devices, found.has_powers, found.setpoints) == ((None,), False, (None,))


def test_device_whose_first_answer_is_lost_is_found_all_the_same() -> None:
    def lose(rig: Rig) -> None:
        answer = rig.interface.devices[1].answer
        lost = iter([True])
        rig.interface.devices[1].answer = lambda body, now: [] if next(lost, False) else answer(body, now)  # type: ignore[method-assign]

    assert identified(Layout((0, 0)).hurried(), lose).devices == (0, 1)


def test_phase_that_is_announced_and_silent_is_no_system_yet() -> None:
    def silence(rig: Rig) -> None:
        frame = rig.interface._info_frame  # one phase falls silent
        rig.interface._info_frame = lambda kind, now: b"" if kind == 2 else frame(kind, now)  # type: ignore[method-assign]

    with pytest.raises(NoReply, match="phase 2 of 3"):
        identified(Layout((0, 1, 2)).hurried(), silence)


@pytest.mark.parametrize(
    ("code", "lie"),
    [
        (0x36, b"\x8e\x9c\x7e\x8f\x00\x00"),  # another scale
        (0x05, b"\x82\x01\x02\x03\x00"),  # another firmware
        (0x30, b"\x85\x53\x00"),  # an assistant that is not there
    ],
)
def test_lie_with_a_good_checksum_is_not_believed(code: int, lie: bytes) -> None:
    """A scale, a version or the place of a set point is kept for good, so one damaged reply must not decide."""

    def damage(rig: Rig) -> None:
        device = rig.interface.devices[0]
        answer, lies = device.answer, iter([True])

        def lying(body: bytes, now: float) -> list[bytes]:
            if body[0] == code and (code != 0x30 or body[1] == 0x80) and next(lies, False):
                return [lie]
            return answer(body, now)

        device.answer = lying  # type: ignore[method-assign]  # damages one reply

    async def main() -> None:
        async with connect(Layout().hurried(), ready=False) as rig:
            truth = await rig.identify()
            scales = dict(rig.session.scales)
            rig.session.scales.clear()
            damage(rig)
            found = await rig.identify()
            assert (found.device, found.assistants, rig.session.scales) == (truth.device, truth.assistants, scales)

    run(main())


def test_known_firmware_is_up_within_two_seconds() -> None:
    async def main() -> None:
        async with watch() as watched:
            await watched.wait_state(LinkState.RUNNING)
            await asyncio.sleep(2)
            watched.system.restart()
            await watched.wait_state(LinkState.STARTING)
            began = asyncio.get_running_loop().time()
            await watched.wait_state(LinkState.RUNNING)
            assert asyncio.get_running_loop().time() - began < 2.0
            assert watched.system.knowledge.info_windows == {(1170216, 2610506): 1}

    run(main())
