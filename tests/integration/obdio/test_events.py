"""Every default event, driven by a python-socketio client against the emulator."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.obdio.program import ObdProgram, connected, refused_while_running, wait_for_car

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulators.obd.vehicle import Vehicle

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]

PROGRAM = """
import obdio
from obdio.policy import Policy
io = obdio.OBDio(policy=Policy(allow_clear_dtc={clear}, max_watches=8))
io.connect_obd({port!r}, protocol="6", delay_cmds=0.05)
io.create_server()
io.run_server(port={tcp}, log_level="warning")
"""


@pytest.fixture(scope="module")
def server(shared_vehicle: Vehicle) -> Iterator[ObdProgram]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        tcp = found.getsockname()[1]
    script = PROGRAM.format(port=shared_vehicle.port, tcp=tcp, clear=False)
    with ObdProgram(script, tcp) as program:
        asyncio.run(wait_for_car(program.url))
        yield program


@pytest.mark.parametrize(
    ("event", "args", "expected"),
    [
        ("status", (), "Car Connected"),
        ("is_connected", (), True),
        ("protocol_id", (), "6"),
        ("protocol_name", (), "ISO 15765-4 (CAN 11/500)"),
        ("supports", ("RPM",), True),
        ("supports", ("ENGINE_FUEL_RATE",), False),
        ("has_name", ("RPM",), True),
        ("has_name", ("rpm",), False),
        ("get_dtc", ("p0104",), ["P0104", "Mass or Volume Air Flow Circuit Intermittent"]),
        ("query", ("FUEL_TYPE",), lambda answer: answer["value"] == "Gasoline"),
        ("query", ("CONTROL_MODULE_VOLTAGE",), lambda answer: 10 < answer["value"] < 16 and answer["unit"] == "volt"),
        ("query", ("VIN",), lambda answer: len(answer["value"]) == 17 == len(answer["text"])),
        ("query", ("GET_DTC",), lambda answer: answer["value"] == []),
        ("query", ("STATUS",), lambda answer: answer["value"]["ignition_type"] == "spark"),
        ("query", ("MONITOR_CATALYST_B1",), lambda answer: answer["command"]["name"] == "MONITOR_CATALYST_B1"),
        ("port_name", (), lambda answer: answer.endswith("/adapter")),
        ("get_command", ("SPEED",), lambda answer: answer["command"] == "010D" and answer["desc"] == "Vehicle Speed"),
        ("all_protocols", (), lambda answer: {"id": "6", "name": "ISO 15765-4 (CAN 11/500)"} in answer),
        ("all_dtcs", (), lambda answer: len(answer) > 1000),
        ("all_commands", (), lambda answer: answer[1][12]["name"] == "RPM" and answer[4] == []),
        ("available_ports", (), lambda answer: isinstance(answer, list)),
        ("link_state", (), lambda answer: answer["state"] == "car" and answer["guard"] == "awake"),
    ],
)
async def test_an_event_is_answered_by_its_name_and_as_acknowledgement(
    server: ObdProgram, event: str, args: tuple[Any, ...], expected: Any
) -> None:
    async with connected(server.url) as client:
        answer = await client.ask(event, *args)
        await client.until(lambda: bool(client.got[event]))
    assert client.got[event][-1] == (answer,) or event == "link_state"
    assert expected(answer) if callable(expected) else answer == expected
    assert client.got["error"] == []


async def test_supported_commands_are_command_objects_without_the_one_that_erases(server: ObdProgram) -> None:
    async with connected(server.url) as client:
        commands = await client.ask("supported_commands")
    names = [command["name"] for command in commands]
    assert {"RPM", "SPEED", "VIN"} <= set(names)
    assert "CLEAR_DTC" not in names
    assert all({"name", "desc", "command"} <= set(command) for command in commands)


@pytest.mark.parametrize(
    ("event", "args", "kind"),
    [
        ("supports", ("NOPE",), "UnknownCommand"),
        ("supports", (), "WrongArgument"),
        ("query", ("NOPE",), "UnknownCommand"),
        ("query", ({"a": 1},), "WrongArgument"),
        ("has_name", (5,), "WrongArgument"),
        ("watch", ("NOPE",), "UnknownCommand"),
        ("watch", ([],), "WrongArgument"),
        ("watch", ([["RPM"]],), "WrongArgument"),
        ("watch", (["OIL_TEMP"],), "Refused"),
        ("watch", (["RPM", "CLEAR_DTC"],), "Refused"),
        ("watch", ("CLEAR_DTC",), "Refused"),
        ("unwatch", (["NOPE"],), "UnknownCommand"),
        ("query", ("CLEAR_DTC",), "Refused"),
        ("clear_dtc", (), "Refused"),
        ("clear_dtc", ({"confirm": 0},), "Refused"),
        ("get_command", ("__class__",), "UnknownCommand"),
    ],
)
async def test_what_cannot_be_done_is_answered_with_the_reason(
    server: ObdProgram, event: str, args: tuple[Any, ...], kind: str
) -> None:
    async with connected(server.url) as client:
        answer = await client.ask(event, *args)
        await client.until(lambda: bool(client.got["error"]))
        assert await client.ask("is_connected") is True
    assert client.got["error"] == [(answer["error"],)]
    assert (answer["error"]["event"], answer["error"]["kind"]) == (event, kind)
    assert len(answer["error"]["reason"]) > 10


async def test_unexpected_arguments_do_no_harm(server: ObdProgram) -> None:
    async with connected(server.url) as client:
        extras: list[Any] = [{}, None, [1], "x"]
        for extra in extras:
            assert await client.ask("status", extra, 5) == "Car Connected"


async def test_watched_values_are_pushed_until_unwatched_and_others_do_not_get_them(server: ObdProgram) -> None:
    async with connected(server.url) as client, connected(server.url) as other:
        assert await client.ask("watch", ["RPM", "SPEED"]) == ["RPM", "SPEED"]
        await client.until(lambda: len(client.values("RPM")) > 3 and len(client.values("SPEED")) > 3)
        assert all(isinstance(value, int | float) for value in client.values("RPM"))
        assert await client.ask("unwatch", ["RPM"]) == ["SPEED"]
        await client.ask("unwatch_all")
        await client.until_quiet()
        assert other.got["watching"] == []


async def test_a_late_client_gets_the_last_value_at_once(server: ObdProgram) -> None:
    async with connected(server.url) as first:
        await first.ask("watch", "FUEL_LEVEL")
        await first.until(lambda: bool(first.values("FUEL_LEVEL")))
        await first.ask("stop")
        async with connected(server.url) as late:
            await late.ask("watch", "FUEL_LEVEL")
            await late.until(lambda: bool(late.values("FUEL_LEVEL")))
        await first.ask("start")


async def test_watches_end_with_their_client(server: ObdProgram) -> None:
    async with connected(server.url) as client:
        await client.ask("watch", ["INTAKE_TEMP"])
        await client.until(lambda: bool(client.values("INTAKE_TEMP")))
    async with connected(server.url) as client:
        assert await client.ask("unwatch", ["INTAKE_TEMP"]) == []
        await client.sio.sleep(0.3)
        assert client.got["watching"] == []


async def test_watches_of_one_client_are_limited(server: ObdProgram) -> None:
    async with connected(server.url) as client:
        names = [command["name"] for command in await client.ask("supported_commands")][:9]
        answer = await client.ask("watch", names)
    assert answer["error"]["kind"] == "Refused"


async def test_stop_pauses_and_start_resumes(server: ObdProgram) -> None:
    async with connected(server.url) as client:
        await client.ask("watch", ["RPM"])
        await client.until(lambda: bool(client.values("RPM")))
        assert await client.ask("stop") is None
        await client.until_quiet()
        count = len(client.values("RPM"))
        assert await client.ask("start") is None
        await client.until(lambda: len(client.values("RPM")) > count)


async def test_close_answers_null_and_everybody_is_told(vehicle: Vehicle, free_port: Callable[[], int]) -> None:
    tcp = free_port()
    with ObdProgram(PROGRAM.format(port=vehicle.port, tcp=tcp, clear=False), tcp) as program:
        await wait_for_car(program.url)
        async with connected(program.url) as client, connected(program.url) as other:
            assert await client.ask("close") is None
            await other.until(lambda: bool(other.got["obd_closed"]))
            await client.until(lambda: bool(client.got["close"]))
            assert client.got["close"] == [(None,)]
            assert other.got["obd_closed"] == [()]
            await other.until(lambda: other.got["link_state"][-1][0]["state"] == "closed")
            assert await other.ask("status") == "Not Connected"
            assert await other.ask("port_name") == ""


async def test_codes_are_cleared_only_with_switch_confirmation_and_engine_off(
    vehicle: Vehicle, free_port: Callable[[], int]
) -> None:
    tcp = free_port()
    with ObdProgram(PROGRAM.format(port=vehicle.port, tcp=tcp, clear=True), tcp) as program:
        await wait_for_car(program.url)
        async with connected(program.url) as client:
            for wrong in ({}, {"confirm": 3}, {"confirm": False}, {"confirm": "0"}, "yes"):
                answer = await client.ask("clear_dtc", wrong)
                assert "confirm" in answer["error"]["reason"]
            await refused_while_running(client)
        assert "clearing trouble codes" in program.output  # the audit record


@pytest.mark.slow
async def test_ignition_off_and_on_and_the_adapter_gone_and_back(
    vehicle: Vehicle, free_port: Callable[[], int]
) -> None:
    tcp = free_port()
    with ObdProgram(PROGRAM.format(port=vehicle.port, tcp=tcp, clear=False), tcp) as program:
        async with connected(program.url) as client:
            await client.ask("watch", ["RPM"])
            await client.until(lambda: bool(client.values("RPM")))
            vehicle.change("engineoff")
            await client.until(lambda: client.got["link_state"][-1][0]["state"] == "ignition off")
            assert await client.ask("status") == "OBD Connected"
            vehicle.change("car")
            await client.until(lambda: client.got["link_state"][-1][0]["state"] == "car")
            count = len(client.values("RPM"))
            await client.until(lambda: len(client.values("RPM")) > count)
            vehicle.stop()
            await client.until(lambda: client.got["link_state"][-1][0]["state"] == "no port")
            assert await client.ask("status") == "Not Connected"
            vehicle.start()
            await client.until(lambda: client.got["link_state"][-1][0]["state"] == "car")
            count = len(client.values("RPM"))
            await client.until(lambda: len(client.values("RPM")) > count)


async def test_before_an_adapter_is_there_everything_is_still_answered(free_port: Callable[[], int]) -> None:
    tcp = free_port()
    with ObdProgram(PROGRAM.format(port="/dev/does-not-exist", tcp=tcp, clear=False), tcp) as program:
        async with connected(program.url) as client:
            assert await client.ask("status") == "Not Connected"
            assert await client.ask("supported_commands") == []
            answer = await client.ask("query", "RPM")
            assert answer["error"]["kind"] == "NotConnected"
            assert "no port" in answer["error"]["reason"]


async def test_a_server_without_connect_obd_answers_too(free_port: Callable[[], int]) -> None:
    tcp = free_port()
    script = f"import obdio; io = obdio.OBDio(); io.create_server(); io.run_server(port={tcp})"
    with ObdProgram(script, tcp) as program:
        async with connected(program.url) as client:
            assert await client.ask("status") == "Not Connected"
            assert (await client.ask("supports", "RPM"))["error"]["kind"] == "NotConnected"
