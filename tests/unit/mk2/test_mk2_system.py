from __future__ import annotations

import asyncio

import pytest

from mk2.jobs import JobOptions
from mk2.pending import Kind
from mk2.system import LinkState, SystemOptions
from simulators.multiplus.assembly import Layout
from simulators.multiplus.simulated_time import run
from tests.unit.mk2.rig import Watched, watch

S = LinkState


async def settle(watched: Watched) -> None:
    await watched.wait_state(S.RUNNING)
    await asyncio.sleep(3)


def test_system_is_identified_and_polled() -> None:
    async def main() -> None:
        async with watch() as watched:
            await settle(watched)
            identity = watched.system.identity
            assert identity is not None
            assert (identity.phases, identity.devices, identity.has_powers, identity.has_snapshot) == (
                (1,),
                (None,),
                True,
                True,
            )
            assert {"dc", "ac1", "powers", "config", "state", "extended", "battery"} <= set(watched.last)
            assert watched.states == [S.ASLEEP, S.STARTING, S.RUNNING]

    run(main())


def test_everything_is_fresh_within_a_second_and_a_half() -> None:
    async def main() -> None:
        async with watch() as watched:
            await settle(watched)
            watched.counts.clear()
            await asyncio.sleep(30)
            for name in ("dc", "ac1", "powers", "config", "state"):
                assert 30 / watched.counts[name] <= 1.5

    run(main())


@pytest.mark.parametrize(
    ("layout", "phases", "devices"),
    [
        (Layout((0, 1, 2), has_ess=True), (1, 2, 3), (0, 1, 2)),
        (Layout((0, 1)), (1, 2), (0, 1)),
        (Layout((0, 0)), (1,), (0, 1)),
    ],
)
def test_several_devices_are_one_system(layout: Layout, phases: tuple[int, ...], devices: tuple[int, ...]) -> None:
    async def main() -> None:
        async with watch(layout) as watched:
            await settle(watched)
            identity = watched.system.identity
            assert identity is not None
            assert (identity.phases, identity.devices) == (phases, devices)
            powers = watched.last["powers"]
            assert [reading.device for reading in powers] == list(range(len(devices)))
            total = sum(reading.output_w for reading in powers)
            plant = watched.interface.plant
            clock = asyncio.get_running_loop().time()
            truth = sum(plant.phase(index, clock).output_w for index in range(plant.phases))
            assert total == pytest.approx(truth, rel=0.05)
            assert all(found is None or found == 131 for found in identity.setpoints)
            assert (identity.setpoints[0] is not None) == layout.has_ess

    run(main())


def test_two_info_requests_are_used_only_where_the_device_takes_them() -> None:
    async def limit(*, strict: bool) -> int:
        async with watch(Layout(strict=strict)) as watched:
            await settle(watched)
            assert watched.system.connection is not None
            return watched.system.connection.ledger.windows[Kind.INFO].limit

    assert run(limit(strict=True)) == 1
    assert run(limit(strict=False)) == 2


def test_boot_frame_leads_to_a_new_start() -> None:
    async def main() -> None:
        async with watch() as watched:
            await settle(watched)
            watched.interface.boot(asyncio.get_running_loop().time())
            await asyncio.sleep(1)
            assert watched.system.state is not S.RUNNING
            await settle(watched)
            assert watched.system.starts == 2

    run(main())


def test_lost_address_without_a_boot_frame_is_noticed_by_the_silence() -> None:
    async def main() -> None:
        async with watch() as watched:
            await settle(watched)
            watched.interface._address = -1
            await asyncio.sleep(6)
            await settle(watched)
            assert watched.system.starts == 2

    run(main())


def test_sleeping_bus_is_waited_for_and_found_again() -> None:
    async def main() -> None:
        async with watch() as watched:
            await settle(watched)
            watched.interface.sleep()
            await watched.wait_state(S.ASLEEP)
            await asyncio.sleep(600)
            assert watched.system.state is S.ASLEEP
            watched.interface.boot(asyncio.get_running_loop().time())
            await settle(watched)

    run(main())


def test_replugged_tty_is_opened_again() -> None:
    async def main() -> None:
        async with watch() as watched:
            await settle(watched)
            watched.lines[-1].unplug()
            await watched.wait_state(S.CLOSED)
            await settle(watched)
            assert len(watched.lines) == 2

    run(main())


def test_high_speed_is_used_on_demand_and_found_again_after_a_restart() -> None:
    async def main() -> None:
        async with watch(options=SystemOptions(high_speed=True)) as watched:
            await settle(watched)
            assert watched.lines[-1].baudrate == watched.interface.baudrate == 115200
            watched.lines[-1].unplug()
            await watched.wait_state(S.CLOSED)
            await settle(watched)
            assert watched.lines[-1].baudrate == 115200

    run(main())


def test_interface_that_has_no_high_speed_stays_at_the_low_one() -> None:
    async def main() -> None:
        async with watch(Layout(is_mk3=False), SystemOptions(high_speed=True)) as watched:
            await settle(watched)
            assert watched.lines[-1].baudrate == 2400

    run(main())


def test_pipelining_probes_snapshots_and_the_slow_tier_can_be_switched_off() -> None:
    options = SystemOptions(
        pipelining=False, probe_devices=False, cycle_s=1.0, jobs=JobOptions(snapshots=False, slow_tier=False)
    )

    async def main() -> None:
        async with watch(Layout(strict=False), options) as watched:
            await settle(watched)
            watched.counts.clear()
            await asyncio.sleep(20)
            assert set(watched.counts) == {"dc", "ac1", "powers"}
            assert 18 <= watched.counts["dc"] <= 21
            assert watched.interface.devices[0].latched is not None  # by the one probe at the start
            assert watched.system.connection is not None
            assert watched.system.connection.ledger.total.limit == 1

    run(main())


def test_known_scales_are_not_asked_for_again() -> None:
    async def main() -> None:
        async with watch() as watched:
            await settle(watched)
            assert watched.system.knowledge.scales[2610506]
            asked: list[bytes] = []
            answer = watched.interface.devices[0].answer

            def listen(body: bytes, now: float) -> list[bytes]:
                asked.append(body)
                return answer(body, now)

            watched.interface.devices[0].answer = listen  # type: ignore[method-assign]  # listens in
            watched.system.restart()
            await asyncio.sleep(0.1)
            await settle(watched)
            assert not [body for body in asked if body[0] == 0x36 and body[1] in (0, 1, 2, 3, 4, 5, 7, 8)]

    run(main())


def test_dirty_line_costs_readings_but_never_the_system() -> None:
    async def main() -> None:
        async with watch(Layout(seed=4)) as watched:
            await settle(watched)
            trouble = watched.interface.trouble
            trouble.flipped = trouble.lost_byte = trouble.cut = trouble.noise = trouble.dropped = 0.02
            watched.counts.clear()
            await asyncio.sleep(600)
            assert watched.system.starts == 1
            assert watched.counts["powers"] > 400
            assert watched.system.connection is not None
            assert watched.system.connection.statistics.timeouts > 50

    run(main())


@pytest.mark.parametrize("layout", [Layout(), Layout((0, 1, 2), has_ess=True), Layout(is_mk3=False)])
def test_starting_and_polling_send_nothing_that_changes_anything(layout: Layout) -> None:
    reading_codes = {0x05, 0x06, 0x30, 0x31, 0x35, 0x36, 0x38, 0x44}

    def is_harmless(payload: bytes) -> bool:
        letter, rest = payload[1:2], payload[2:]
        if letter in b"XYZxyz":
            return rest[0] in reading_codes or rest[:2] == b"\x0e\x00"
        return letter in b"VALD" or (letter == b"F" and rest[0] <= 6) or payload == b"\xffH"

    async def main() -> list[bytes]:
        sent: list[bytes] = []
        async with watch(layout) as watched:
            take = watched.interface._command

            def listen(payload: bytes, now: float) -> None:
                sent.append(payload)
                take(payload, now)

            watched.interface._command = listen  # type: ignore[method-assign]  # listens in
            await settle(watched)
            watched.interface.boot(asyncio.get_running_loop().time())
            await asyncio.sleep(60)
        return sent

    sent = run(main())
    assert len(sent) > 200
    assert [payload.hex(" ") for payload in sent if payload[:1] != b"\xff" or not is_harmless(payload)] == []
