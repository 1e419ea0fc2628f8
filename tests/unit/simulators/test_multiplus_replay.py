from __future__ import annotations

import asyncio
import io

import pytest

from mk2.connection import VEBusConnection
from mk2.identity import identify
from mk2.session import VEBusSession
from mk2.trace import TracedLine
from simulators.multiplus.assembly import Layout, assemble
from simulators.multiplus.memory_line import MemoryLine
from simulators.multiplus.replay import kind_of, replay
from simulators.multiplus.simulated_time import run
from simulators.multiplus.wire import read_frames

# Recorded from real devices.
DC = "0f 20 f3 00 c8 02 0c a1 05 00 00 00 28 00 00 88 b2"
AC = "0f 20 01 01 ca 09 08 aa 58 ab 00 aa 58 9a 00 c3 e8"
SNAPSHOT = "09 ff 58 99 89 fe 05 00 72 01 08"


def record(layout: Layout) -> list[str]:
    async def main() -> list[str]:
        file = io.StringIO()
        line = TracedLine(MemoryLine(assemble(layout)), file, clock=asyncio.get_running_loop().time)
        async with VEBusConnection(line) as connection:
            await identify(VEBusSession(connection))
        return file.getvalue().splitlines()

    return run(main())


@pytest.mark.parametrize("layout", [Layout(), Layout((0, 1, 2), has_ess=True)], ids=["one", "three"])
def test_same_system_answers_the_same(layout: Layout) -> None:
    trace = record(layout)
    assert len(trace) > 40
    assert replay(trace, assemble(layout)) == {}


def test_other_system_is_told_apart() -> None:
    assert replay(record(Layout((0, 1, 2))), assemble()) != {}


def test_recorded_exchange_is_answered_in_kind() -> None:
    trace = [
        "# a real device",
        "0.0000 > 04 ff 41 01 00 bb",
        "0.0500 < 04 ff 41 01 00 bb",
        "0.2000 > 03 ff 46 00 b8",
        f"0.3500 < {DC}",
        "0.4000 > 03 ff 46 01 b7",
        f"0.5500 < {AC}",
        "0.6000 > 06 ff 46 06 0e 10 0f 82 03 ff 58 38 6e",
        f"0.8000 < {SNAPSHOT}",
    ]
    missing = replay(trace, assemble())
    assert not any(count > 0 and ("20" in kind[:2] or "58 99" in kind) for kind, count in missing.items()), missing


def test_kind_is_type_letter_command_and_length() -> None:
    payloads = read_frames(bytes.fromhex(f"00 {DC} 99 {SNAPSHOT}"))
    assert [kind_of(payload) for payload in payloads] == ["20 (15 bytes)", "ff 58 99 (9 bytes)"]


def test_line_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="line 2 "):
        replay(["# x", "nonsense"], assemble())
