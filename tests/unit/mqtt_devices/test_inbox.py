from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mqtt_devices.protocol.inbox import MAX_BYTES, MAX_KEPT_PAYLOAD, MAX_PER_SENDER, MAX_SENDERS, Inbox, Message
from mqtt_devices.protocol.payload import MAX_PAYLOAD_BYTES


def message(topic: str, payload: bytes = b"") -> Message:
    return Message(topic, payload, retained=False)


def drain(inbox: Inbox) -> list[Message]:
    return list(iter(inbox.pop, None))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(("Status", "Proxy")))))
def test_messages_of_one_device_keep_their_order_and_none_is_lost(sent: list[tuple[str, str]]) -> None:
    sent = sent[:MAX_PER_SENDER]
    inbox = Inbox()
    for number, (level, last) in enumerate(sent):
        inbox.put(message(f"device/{level}/{last}", str(number).encode()))
    assert len(inbox) == len(sent)
    received = drain(inbox)
    assert len(received) == len(sent)
    for level in "abc":
        own = [int(kept.payload) for kept in received if kept.topic.startswith(f"device/{level}/")]
        assert own == sorted(own)


def test_flood_of_one_device_leaves_the_others_alone() -> None:
    inbox = Inbox()
    inbox.put(message("device/good/Status", b"first"))
    for number in range(10_000):
        inbox.put(message("device/evil/Status", str(number).encode()))
    inbox.put(message("device/good/Proxy", b"second"))
    kept = drain(inbox)
    assert len(kept) == MAX_PER_SENDER + 2
    assert [one.payload for one in kept[:4]] == [b"first", b"9936", b"second", b"9937"]
    assert inbox.dropped == 10_000 - MAX_PER_SENDER


def test_flood_of_made_up_devices_is_bounded_and_spares_who_came_first() -> None:
    inbox = Inbox()
    inbox.put(message("device/good/Status"))
    for number in range(2 * MAX_SENDERS):
        inbox.put(message(f"device/evil{number}/Status"))
    assert len(inbox) == MAX_SENDERS
    assert drain(inbox)[0].topic == "device/good/Status"


def test_bytes_are_bounded_and_the_fullest_gives_way() -> None:
    inbox = Inbox()
    inbox.put(message("device/good/Status", b"x" * 1000))
    for level in range(3):
        for _ in range(MAX_PER_SENDER):
            inbox.put(message(f"device/evil{level}/Status", b"x" * MAX_KEPT_PAYLOAD))
    kept = drain(inbox)
    assert sum(len(one.payload) for one in kept) <= MAX_BYTES
    assert kept[0].topic == "device/good/Status"


def test_payload_too_long_to_keep_stays_too_long_to_parse() -> None:
    inbox = Inbox()
    inbox.put(message("device/a/Status", b"x" * (10 * MAX_KEPT_PAYLOAD)))
    kept = inbox.pop()
    assert kept is not None
    assert MAX_PAYLOAD_BYTES < len(kept.payload) == MAX_KEPT_PAYLOAD


def test_last_will_topics_are_senders_of_their_own() -> None:
    inbox = Inbox()
    inbox.put(message("tele/a/LWT", b"Offline"))
    inbox.put(message("device"))
    assert [one.topic for one in drain(inbox)] == ["tele/a/LWT", "device"]
    assert inbox.pop() is None
