from __future__ import annotations

import asyncio
import random
import struct

import pytest

from mk2 import expectations
from mk2.errors import AccessDenied, LinkLost, NoReply, Unsupported
from mk2.frames import bus, info, interface, led, readings, settings, writes
from mk2.frames.record import Record
from mk2.pending import Kind
from simulators.multiplus.assembly import Layout
from simulators.multiplus.simulated_time import run
from simulators.multiplus.wire import seal
from tests.unit.mk2.rig import connect


def test_three_winmon_requests_and_one_info_request_are_under_way_at_once() -> None:
    async def main() -> float:
        async with connect() as rig:
            began = asyncio.get_running_loop().time()
            await asyncio.gather(rig.session.dc(), *(rig.session.get_ram_raw(4) for _ in range(3)))
            return asyncio.get_running_loop().time() - began

    # Serially: 139 ms for the info frame and 97 ms for each of the others.
    assert run(main()) < 0.25


def test_second_info_request_waits_for_the_first() -> None:
    async def main() -> int:
        async with connect() as rig:
            await asyncio.gather(rig.session.dc(), rig.session.ac(1), rig.session.config())
            return rig.interface.dropped_info

    assert run(main()) == 0


def test_urgent_request_goes_before_those_that_wait() -> None:
    async def main() -> list[str]:
        done: list[str] = []

        async def ask(name: str, *, urgent: bool) -> None:
            await rig.connection.request(
                info.InfoRequest(0), expectations.one(info.DcInfo), kind=Kind.INFO, urgent=urgent
            )
            done.append(name)

        async with connect() as rig, asyncio.TaskGroup() as group:
            for name in "abc":
                group.create_task(ask(name, urgent=name == "c"))
        return done

    assert run(main()) == ["a", "c", "b"]


def test_missing_reply_is_an_error_in_time_and_shrinks_the_window() -> None:
    async def main() -> None:
        async with connect() as rig:
            rig.interface.sleep()
            began = asyncio.get_running_loop().time()
            with pytest.raises(NoReply, match="no reply to RamRead"):
                await rig.session.get_ram_raw(4)
            assert asyncio.get_running_loop().time() - began < 1.0
            assert rig.connection.ledger.windows[Kind.WINMON].size == 1
            assert rig.connection.statistics.timeouts == 1

    run(main())


def test_late_reply_is_not_taken_for_the_next_one() -> None:
    async def main() -> None:
        async with connect() as rig:
            loop = asyncio.get_running_loop()
            rig.interface.turnaround_s = 0.8
            with pytest.raises(NoReply):
                await rig.session.get_ram_raw(4)
            rig.interface.turnaround_s = 0.047
            rig.interface.plant.soc = 0.5
            assert await rig.session.get_ram_raw(13) == (100,)
            await asyncio.sleep(1)
            assert rig.connection.statistics.late_replies == 1
            assert not rig.connection.sees_foreign_traffic
            assert loop.time() > 0

    run(main())


@pytest.mark.parametrize(
    ("message", "expect", "error"),
    [
        (readings.RamRead((200,)), expectations.ram_values(1), Unsupported),
        (readings.RamInfoRead(40), expectations.ram_info, Unsupported),
        (settings.SettingRead(99), expectations.setting_value, Unsupported),
    ],
)
def test_no_is_an_error_of_its_own(message: Record, expect: object, error: type[Exception]) -> None:
    async def main() -> None:
        async with connect() as rig:
            with pytest.raises(error):
                await rig.connection.request(message, expect, kind=Kind.WINMON)  # type: ignore[arg-type]  # any will do
            assert rig.connection.ledger.windows[Kind.WINMON].size == 3

    run(main())


def test_command_that_is_not_recognised_shrinks_the_window() -> None:
    async def main() -> None:
        async with connect() as rig:
            body = settings.SettingFigure(0x77, 0)
            with pytest.raises(Unsupported, match="not recognised"):
                await rig.connection.request(body, expectations.one(Record), kind=Kind.WINMON)
            assert rig.connection.ledger.windows[Kind.WINMON].size == 1

    run(main())


def test_protected_setting_says_so() -> None:
    with pytest.raises(AccessDenied):
        expectations.written(writes.AccessLevelRequired())


def test_announcements_go_to_the_listener() -> None:
    async def main() -> list[object]:
        async with connect() as rig:
            await asyncio.sleep(3)
            rig.interface.boot(asyncio.get_running_loop().time())
            await asyncio.sleep(1)
            assert rig.connection.statistics.boots == 1
            return rig.messages

    messages = run(main())
    assert any(isinstance(message, interface.Version) for message in messages)
    assert any(isinstance(message, bus.Boot) for message in messages)


def test_appended_leds_reach_the_listener_and_the_frame_its_request() -> None:
    async def main() -> list[object]:
        async with connect() as rig:
            rig.interface.append_leds = True
            assert len(await rig.session.get_ram_raw(4, 13)) == 2
            return rig.messages

    assert led.Leds(5, 0) in run(main())


def test_replies_to_somebody_else_are_noticed() -> None:
    async def main() -> None:
        async with connect() as rig:
            for _ in range(3):
                rig.interface.say_raw(seal(b"\xffX\x87"), asyncio.get_running_loop().time())
                await asyncio.sleep(1)
            assert rig.connection.sees_foreign_traffic
            await asyncio.sleep(40)
            assert not rig.connection.sees_foreign_traffic

    run(main())


def test_end_of_the_line_ends_every_request_and_the_wait() -> None:
    async def main() -> None:
        async with connect() as rig:
            requests = [asyncio.create_task(rig.session.dc()) for _ in range(3)]
            lost = asyncio.create_task(rig.connection.wait_lost())
            await asyncio.sleep(0.01)
            rig.line.unplug()
            for task in (*requests, lost):
                with pytest.raises(LinkLost, match="line has ended"):
                    await task
            with pytest.raises(LinkLost):
                await rig.session.dc()

    run(main())


def test_closing_is_no_loss() -> None:
    async def main() -> None:
        async with connect() as rig:
            lost = asyncio.create_task(rig.connection.wait_lost())
            await asyncio.sleep(0)
        await lost

    run(main())


def test_queue_has_an_end() -> None:
    async def main() -> None:
        async with connect() as rig:
            tasks = [asyncio.create_task(rig.session.dc()) for _ in range(66)]
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert sum(isinstance(result, NoReply) for result in results) == 1

    run(main())


def test_cancelled_request_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with connect() as rig:
            task = asyncio.create_task(rig.session.get_ram_raw(4))
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])
            assert await rig.session.get_ram_raw(13) == (160,)
            await asyncio.sleep(1)
            assert rig.connection.statistics.timeouts == 0
            assert rig.connection.statistics.late_replies == 1

    run(main())


def test_noise_never_raises_and_requests_go_on() -> None:
    async def main() -> None:
        noise = random.Random(5)  # noqa: S311  # noise, not a secret
        async with connect(Layout(seed=9)) as rig:
            for _ in range(200):
                rig.interface.say_raw(noise.randbytes(40), asyncio.get_running_loop().time())
                await asyncio.sleep(0.2)
            await asyncio.sleep(3)
            assert await rig.session.get_ram_raw(13) == (160,)

    run(main())


def test_message_that_cannot_be_sent_is_told_to_whoever_asked() -> None:
    async def main() -> None:
        async with connect() as rig:
            waiting = asyncio.create_task(rig.session.get_ram_raw(13))
            await asyncio.sleep(0)
            with pytest.raises(struct.error):
                await rig.connection.request(writes.WriteById(0, 256, 0), expectations.written, kind=Kind.WINMON)
            assert await waiting == (160,)

    run(main())
