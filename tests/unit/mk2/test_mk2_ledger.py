from __future__ import annotations

import asyncio

from mk2.frames.info import InfoRequest
from mk2.frames.readings import RamRead
from mk2.ledger import MAX_QUEUE, OPTIONAL_REST_S, Ledger
from mk2.pending import Kind, Pending
from mk2.slots import QUARANTINE_S


def request(kind: Kind = Kind.WINMON, *, device: int | None = None, is_optional: bool = False) -> Pending:
    message = RamRead((4,)) if kind is Kind.WINMON else InfoRequest(0)
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    loop.close()
    return Pending(message, kind, lambda _: None, 0.5, future, device, is_optional)


def launched(ledger: Ledger, now: float = 0.0) -> list[Pending]:
    found = []
    while (pending := ledger.launch(now)) is not None:
        found.append(pending)
    return found


def test_each_winmon_request_gets_a_slot_of_its_own_and_the_fourth_waits() -> None:
    ledger = Ledger()
    for _ in range(4):
        ledger.add(request(), urgent=False)
    assert [pending.slot for pending in launched(ledger)] == ["X", "Y", "Z"]
    ledger.remove(ledger.flying[1], 0.0, answered=True)
    assert [pending.slot for pending in launched(ledger)] == ["Y"]


def test_slot_is_written_in_small_letters_for_a_device() -> None:
    pending = request(device=2)
    pending.slot = "Y"
    assert pending.wire_message().encode() == b"\xffy\x30\x04\x02"


def test_kinds_do_not_take_each_others_place_but_all_count_in_the_total() -> None:
    ledger = Ledger()
    for kind in (Kind.INFO, Kind.INFO, Kind.WINMON, Kind.WINMON):
        ledger.add(request(kind), urgent=False)
    assert sorted(pending.kind.value for pending in launched(ledger)) == ["info", "winmon", "winmon"]
    ledger = Ledger()
    ledger.total.set_limit(1)
    for kind in (Kind.INFO, Kind.WINMON):
        ledger.add(request(kind), urgent=False)
    assert len(launched(ledger)) == 1


def test_slot_of_an_unanswered_request_rests_and_somebody_waits_for_it() -> None:
    ledger = Ledger()
    ledger.windows[Kind.WINMON].set_limit(3)
    for _ in range(3):
        ledger.add(request(), urgent=False)
    for pending in launched(ledger):
        ledger.remove(pending, 1.0, answered=False)
    assert ledger.slot_free_at(1.0) is None
    ledger.add(request(), urgent=False)
    assert ledger.launch(1.0) is None
    assert ledger.slot_free_at(1.0) == 1.0 + QUARANTINE_S
    assert ledger.launch(1.0 + QUARANTINE_S) is not None


def test_slot_of_an_optional_answer_rests_only_shortly() -> None:
    ledger = Ledger()
    ledger.add(request(is_optional=True), urgent=False)
    (pending,) = launched(ledger)
    ledger.remove(pending, 1.0, answered=False)
    assert ledger.slots.is_resting("X", 1.0)
    assert not ledger.slots.is_resting("X", 1.0 + OPTIONAL_REST_S)


def test_urgent_goes_first_and_the_queue_has_an_end() -> None:
    ledger = Ledger()
    first, urgent = request(), request()
    ledger.add(first, urgent=False)
    ledger.add(urgent, urgent=True)
    assert launched(ledger) == [urgent, first]
    assert [ledger.add(request(), urgent=False) for _ in range(MAX_QUEUE + 1)] == [True] * MAX_QUEUE + [False]
    assert len(list(ledger)) == MAX_QUEUE + 2


def test_request_that_still_waits_can_be_taken_out() -> None:
    ledger = Ledger()
    pending = request()
    ledger.add(pending, urgent=False)
    ledger.remove(pending, 0.0, answered=False)
    assert launched(ledger) == []
    assert ledger.slots.next_free_at(0.0) is None


def test_trouble_shrinks_the_kind_and_the_total() -> None:
    ledger = Ledger()
    ledger.fail(request())
    assert (ledger.windows[Kind.WINMON].size, ledger.total.size, ledger.windows[Kind.INFO].size) == (1, 1, 1)
