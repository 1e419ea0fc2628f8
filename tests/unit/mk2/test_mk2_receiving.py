"""Receiver, strays, traces and names."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import pytest

from mk2.frames import bus, info, interface, led, writes
from mk2.frames.record import Record
from mk2.frames.winmon import Winmon
from mk2.names import find_target
from mk2.receiver import SILENCE_S, Receiver
from mk2.slots import Slots
from mk2.statistics import Statistics
from mk2.strays import Strays
from mk2.trace import TracedLine, read_trace
from simulators.multiplus.assembly import assemble
from simulators.multiplus.memory_line import MemoryLine
from simulators.multiplus.simulated_time import run

if TYPE_CHECKING:
    from mk2.framing import Frame

VERSION = bytes.fromhex("07FF5624DB11004252")


def test_hidden_frame_comes_out_when_the_line_falls_silent() -> None:
    async def main() -> list[Record]:
        found: list[Record] = []
        receiver = Receiver(found.append, None, Statistics())
        receiver.feed(b"\x20\xff" + VERSION)
        assert found == []
        await asyncio.sleep(SILENCE_S + 0.01)
        return found

    assert run(main()) == [interface.Version(1170212, 0x42)]


def test_leds_go_their_own_way_and_frames_without_meaning_are_counted() -> None:
    async def main() -> None:
        messages: list[Record] = []
        leds: list[led.Leds] = []
        statistics = Statistics()
        receiver = Receiver(messages.append, leds.append, statistics)
        receiver.feed(bytes.fromhex("87FF588634811F1FA9"))
        assert (len(messages), leds) == (1, [led.Leds(0x1F, 0x1F)])
        receiver.feed(bytes.fromhex("04FF510000AC"))
        assert statistics.unknown_frames == 1

    run(main())


def test_strays_are_sorted_into_late_foreign_and_announced() -> None:
    slots, statistics, told = Slots(), Statistics(), list[Record]()
    strays = Strays("tty", slots, statistics, told.append)
    slots.rest("X", 0.0)
    strays.take(Winmon("X", writes.RamWritten()), 0.5)
    strays.take(Winmon("X", writes.RamWritten()), 0.6)
    strays.take(info.DcInfo(b"\0\0\0\0", 0x0C, 0, b"\0\0\0", b"\0\0\0", 0), 0.7)
    strays.take(bus.Boot(b"\0"), 0.8)
    assert (statistics.late_replies, statistics.foreign_replies, statistics.boots) == (2, 1, 1)
    assert told == [bus.Boot(b"\0")]


def test_foreign_traffic_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    strays = Strays("tty", Slots(), Statistics(), None)
    for second in range(6):
        strays.take(Winmon("Y", writes.RamWritten()), float(second))
    assert strays.foreign.is_seen(6.0)
    assert caplog.text.count("another program talks") == 1


def test_trace_of_a_line_is_read_again() -> None:
    async def main() -> str:
        file = io.StringIO()
        line = TracedLine(MemoryLine(assemble()), file, clock=asyncio.get_running_loop().time)
        line.start(lambda _: None, lambda: None)
        line.write(bytes.fromhex("02FF56A9"))
        await asyncio.sleep(0.5)
        await line.close()
        assert (line.name, line.baudrate) == ("memory", 2400)
        return file.getvalue()

    frames = list(read_trace(run(main()).splitlines()))
    assert {frame.direction for frame in frames} == {">", "<"}
    assert any("VersionRequest()" in str(frame) for frame in frames)
    assert any("Version(version=1170216" in str(frame) for frame in frames)


@pytest.mark.parametrize("line", ["nonsense", "1.0 ? 00", "1.0 < zz", "x < 00"])
def test_line_that_is_not_of_a_trace_is_named(line: str) -> None:
    def frames() -> list[Frame]:
        return [found.frame for found in read_trace(["# comment", "", line])]

    with pytest.raises(ValueError, match="line 3 is not of a trace"):
        frames()


@pytest.mark.parametrize(
    ("text", "ram", "setting", "flag"),
    [
        ("soc", 13, None, None),
        ("ram:131", 131, None, None),
        ("setting:64", None, 64, None),
        ("Absorption_Voltage", None, 2, None),
        ("flags2.prefer_renewable", None, 60, 1 << 9),
        ("WEAK_AC", None, 0, 1 << 14),
        ("OUTPUT_POWER", 16, None, None),
    ],
)
def test_names_mean_variables_settings_and_flags(
    text: str, ram: int | None, setting: int | None, flag: int | None
) -> None:
    target = find_target(text)
    assert (target.ram, target.setting, target.flag) == (ram, setting, flag)


def test_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no variable, setting or flag"):
        find_target("warp_factor")
