"""Messages of the zeroconf library, an implementation that is not ours, are the input."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from zeroconf import ServiceInfo
from zeroconf._protocol.incoming import DNSIncoming
from zeroconf._protocol.outgoing import DNSOutgoing

from modbus_client.discovery import Discovery, list_interfaces
from modbus_client.protocol.mdns import Announcement, make_query, parse_answer

if TYPE_CHECKING:
    import pytest

METER = "_victron-energy-meter._udp"
KINDS = [METER, "_victron-car-charger._tcp"]


def _answer(kind: str = METER, name: str = "VM-3P HQ1234") -> bytes:
    full = f"{kind}.local."
    info = ServiceInfo(
        full, f"{name}.{full}", addresses=[socket.inet_aton("192.168.7.9")], port=502, server="vm3p.local."
    )
    message = DNSOutgoing(0x8400)
    message.add_answer_at_time(info.dns_pointer(), 0)
    message.add_answer_at_time(info.dns_service(), 0)
    message.add_answer_at_time(info.dns_text(), 0)
    for address in info.dns_addresses():
        message.add_answer_at_time(address, 0)
    return message.packets()[0]


def test_the_question_is_understood_by_others() -> None:
    questions = DNSIncoming(make_query(KINDS)).questions
    assert [question.name for question in questions] == [f"{kind}.local." for kind in KINDS]


def test_an_announcement_is_read() -> None:
    assert parse_answer(_answer(), KINDS) == [Announcement(METER, "VM-3P HQ1234", "192.168.7.9", 502)]


def test_names_are_compared_without_regard_to_case() -> None:
    answer = _answer().replace(b"vm3p", b"VM3P", 1).replace(b"_victron", b"_Victron", 1)
    assert parse_answer(answer, KINDS) == [Announcement(METER, "VM-3P HQ1234", "192.168.7.9", 502)]


def test_other_kinds_and_questions_announce_nothing() -> None:
    assert parse_answer(_answer("_http._tcp"), KINDS) == []
    assert parse_answer(make_query(KINDS), KINDS) == []


@given(st.binary(max_size=200))
def test_noise_announces_nothing_and_harms_nothing(data: bytes) -> None:
    assert parse_answer(data, KINDS) == []


@given(st.integers(0, 250), st.binary(min_size=1, max_size=3))
def test_a_damaged_announcement_harms_nothing(place: int, garbage: bytes) -> None:
    message = _answer()
    place %= len(message)
    parse_answer(message[:place] + garbage + message[place + len(garbage) :], KINDS)
    parse_answer(message[:place], KINDS)


def test_a_name_that_points_at_itself_ends() -> None:
    head = bytes([0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    assert parse_answer(head + bytes([0xC0, 12, 0, 33, 0, 1, 0, 0, 0, 1, 0, 7]) + bytes(7), KINDS) == []


async def test_what_arrives_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: asyncio.Queue[Announcement] = asyncio.Queue()
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    endpoint.setblocking(False)
    endpoint.bind(("127.0.0.1", 0))
    port = endpoint.getsockname()[1]
    monkeypatch.setattr("modbus_client.discovery._make_socket", lambda *_: endpoint)
    discovery = Discovery(KINDS, heard.put_nowait, group="127.0.0.1", port=port)
    task = asyncio.create_task(discovery.run())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        device.sendto(_answer(), ("127.0.0.1", port))
        async with asyncio.timeout(20):
            assert (await heard.get()).address == "192.168.7.9"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    discovery.close()


def test_the_machine_itself_is_not_asked() -> None:
    assert socket.if_nametoindex("lo") not in list_interfaces()
