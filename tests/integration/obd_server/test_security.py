"""Everything that must be refused, asked of the running daemon."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import socketio  # type: ignore[import-untyped]

from obdio.web import MAX_CONNECTIONS
from tests.integration.obd_server.station import REPOSITORY, Station, network_address
from tests.integration.obdio.program import Client, connected, refused_while_running

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]

POLL = "/socket.io/?EIO=4&transport=polling"
WRITE = "rights: {write: true, clear_dtc: true}\nlisten: {host: 0.0.0.0}"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """The daemon as it comes."""
    with Station(tmp_path_factory.mktemp("locked")) as station:
        yield station


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """The daemon on the network, with writing switched on."""
    with Station(tmp_path_factory.mktemp("opened"), config=WRITE) as station:
        yield station


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 403),  # DNS rebinding: both agree
    ],
)
@pytest.mark.parametrize("path", ["/", POLL])
async def test_foreign_origins_and_hosts_are_refused(
    locked: Station, path: str, headers: dict[str, str], status: int
) -> None:
    async with aiohttp.ClientSession() as session, session.get(locked.url + path, headers=headers) as answer:
        assert answer.status == status
        assert "access-control-allow-origin" not in {name.lower() for name in answer.headers}


async def test_a_foreign_origin_is_refused_on_websocket_too(locked: Station) -> None:
    client = Client()
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.sio.connect(locked.url, transports=["websocket"], headers={"Origin": "http://evil.example"})
    await client.sio.eio.disconnect()


@pytest.mark.parametrize("auth", [None, {"token": "wrong-wrong-wrong-wrong"}])
async def test_the_network_is_refused_without_the_token(opened: Station, auth: Any) -> None:
    client = Client()
    url = f"http://{network_address()}:{opened.web_port}"
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.sio.connect(url, transports=["websocket"], auth=auth)
    assert "unauthorized" in client.refusal
    async with connected(url, auth={"token": opened.token}) as known:
        assert await known.ask("rights") == {"write": True, "clear_dtc": True, "private": True}


async def test_by_default_nothing_but_reading_is_possible_even_with_the_token(locked: Station) -> None:
    async with connected(locked.url) as guest, connected(locked.url, auth={"token": locked.token}) as owner:
        assert await guest.ask("rights") == {"write": False, "clear_dtc": False, "private": False}
        assert await owner.ask("rights") == {"write": False, "clear_dtc": False, "private": True}
        await guest.ask("watch", ["RPM"])
        for client in (guest, owner):
            assert await client.ask("close") is None
            assert await client.ask("stop") is None
            assert await client.ask("status") == "Car Connected"
        assert guest.got["obd_closed"] == []


async def test_a_guest_that_closes_loses_only_its_own_watches(locked: Station) -> None:
    async with connected(locked.url) as guest, connected(locked.url) as other:
        await guest.ask("watch", ["RPM"])
        await other.ask("watch", ["RPM"])
        await guest.ask("close")
        count = len(other.values("RPM"))
        await other.until(lambda: len(other.values("RPM")) > count + 2)
        assert await guest.ask("unwatch", ["RPM"]) == []


async def test_what_identifies_the_vehicle_is_masked_for_guests(locked: Station) -> None:
    async with connected(locked.url) as guest, connected(locked.url, auth={"token": locked.token}) as owner:
        assert (await guest.ask("query", "VIN"))["value"] == "*****"
        assert len((await owner.ask("query", "VIN"))["text"]) == 17
        await guest.ask("watch", ["VIN"])
        await guest.until(lambda: bool(guest.values("VIN")))
        assert set(guest.values("VIN")) <= {"*****", None}


@pytest.mark.parametrize(
    ("event", "argument"),
    [
        ("watch", ["CLEAR_DTC"]),
        ("watch", "CLEAR_DTC"),
        ("query", "CLEAR_DTC"),
        ("clear_dtc", {"confirm": 0}),
        ("clear_dtc", 0),
        ("query", "04"),
        ("watch", ["04"]),
        ("query", "ATZ"),
    ],
)
async def test_clearing_codes_is_refused_however_it_is_asked(locked: Station, event: str, argument: Any) -> None:
    async with connected(locked.url, auth={"token": locked.token}) as client:
        answer = await client.ask(event, argument)
    assert answer["error"]["kind"] in ("Refused", "UnknownCommand")


@pytest.mark.slow
async def test_with_all_rights_clearing_still_needs_confirmation_and_a_stopped_engine(opened: Station) -> None:
    async with connected(opened.url) as guest, connected(opened.url, auth={"token": opened.token}) as owner:
        assert (await guest.ask("clear_dtc", {"confirm": 0}))["error"]["kind"] == "Refused"
        assert "confirm" in (await owner.ask("clear_dtc", {}))["error"]["reason"]
        await refused_while_running(owner)
    record = (opened.conf / "state/obd-server-audit.jsonl").read_text()
    assert "clearing trouble codes" in record
    assert "GET_DTC" in record  # the codes are kept before anything is erased


async def test_a_flood_of_requests_is_held_back(locked: Station) -> None:
    async with connected(locked.url) as client:
        answers = [await client.ask("status") for _ in range(100)]
    assert answers[0] == "Car Connected"
    refused = [answer for answer in answers if isinstance(answer, dict)]
    assert refused
    assert "too many requests" in refused[0]["error"]["reason"]


async def test_a_payload_that_is_too_large_ends_only_that_client(locked: Station) -> None:
    async with connected(locked.url) as other:
        client = Client()
        await client.sio.connect(locked.url, transports=["websocket"])
        await client.sio.emit("watch", ["X" * 100_000])
        await client.until(lambda: not client.sio.connected)
        assert await other.ask("status") == "Car Connected"


async def test_the_number_of_clients_is_limited(opened: Station) -> None:
    clients = [Client() for _ in range(17)]
    try:
        for client in clients[:16]:
            await client.sio.connect(opened.url, transports=["websocket"])
        with pytest.raises(socketio.exceptions.ConnectionError):
            await clients[16].sio.connect(opened.url, transports=["websocket"])
        assert "busy" in clients[16].refusal
    finally:
        for client in clients:
            await client.sio.disconnect()


def test_the_token_file_is_for_root_only(locked: Station) -> None:
    assert (locked.conf / "obd-server.token").stat().st_mode & 0o077 == 0
    assert locked.token not in locked.daemon.output


@pytest.mark.parametrize("packet", ["42" + "[" * 15_000, "4garbage", "42{", '42["watch",' + "9" * 5_000 + "]", "49"])
async def test_packets_that_are_none_do_no_harm_and_fill_no_log(locked: Station, packet: str) -> None:
    before = len(locked.daemon.output)
    url = f"{locked.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as raw:
        await raw.receive_str()
        await raw.send_str("40")
        for _ in range(3):
            await raw.send_str(packet)
    async with connected(locked.url) as client:
        assert await client.ask("status") == "Car Connected"
    assert locked.daemon.output[before:].count("\n") <= 1


async def test_a_token_that_is_no_text_is_refused(locked: Station) -> None:
    url = f"{locked.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as raw:
        await raw.receive_str()
        await raw.send_str('40{"token":"\\ud800"}')
        assert "unauthorized" in await raw.receive_str()


async def test_connections_are_limited_and_come_back(locked: Station) -> None:
    async with connected(locked.url) as client:
        idle = [await asyncio.open_connection("127.0.0.1", locked.web_port) for _ in range(MAX_CONNECTIONS)]
        try:
            async with aiohttp.ClientSession() as session, session.get(locked.url) as answer:
                assert answer.status == 503
            assert await client.ask("status") == "Car Connected"
        finally:
            for _, writer in idle:
                writer.close()
                await writer.wait_closed()
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            async with session.get(locked.url) as answer:
                if answer.status == 200:
                    break
            await asyncio.sleep(0.2)


async def test_the_operator_is_shown_address_and_token(locked: Station) -> None:
    async with asyncio.timeout(60):
        while not locked.status.get("dashboard"):  # noqa: ASYNC110 - a file that is written every 5 s
            await asyncio.sleep(0.2)
    process = await asyncio.create_subprocess_exec(
        REPOSITORY / "bin/venus-daemons", "status", env=locked.environment(), stdout=asyncio.subprocess.PIPE
    )
    shown = (await process.communicate())[0].decode()
    assert f"obd-server: {locked.url}/" in shown
    assert locked.token in shown
