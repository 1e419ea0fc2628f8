"""What the demo's table remembers and shows."""

from __future__ import annotations

from typing import Any

from simulators.demo.board import Board

TANK = "com.victronenergy.tank.mqtt_a"


def told(*values: Any, path: str = "/Level") -> Board:
    board = Board(fresh_s=1.5)
    for moment, value in enumerate(values):
        board.tell(TANK, path, value, str(value), float(moment))
    return board


def test_a_value_is_live_when_it_is_valid_and_has_changed() -> None:
    prefix = "com.victronenergy.tank."
    assert not told().is_live(prefix, "/Level")
    assert not told(5).is_live(prefix, "/Level"), "a value that never changes may be a leftover"
    assert not told(5, 5).is_live(prefix, "/Level")
    assert not told(5, None).is_live(prefix, "/Level")
    assert told(None, 5).is_live(prefix, "/Level")
    assert not told(4, 5).is_live("com.victronenergy.gps.", "/Level")
    assert not told(4, 5).is_live(prefix, "/Remaining")
    assert told(5).is_live(prefix, "/Level", moves=False), "a battery's voltage may stand still for minutes"
    assert not told(5, None).is_live(prefix, "/Level", moves=False)


def test_a_service_that_left_is_forgotten() -> None:
    board = told(4, 5)
    assert board.find("com.victronenergy.tank") == TANK
    board.forget(TANK)
    board.forget(TANK)
    assert board.find("com.victronenergy.tank") is None
    assert board.rows(9.0, 10) == ([], 0)


def test_a_row_is_bright_for_a_moment_after_a_change() -> None:
    board = told(4, 5)
    (row,), _ = board.rows(2.0, 10)
    assert (row.text, row.age_s, row.changed) == ("5", 1.0, True)
    (row,), _ = board.rows(3.0, 10)
    assert not row.changed
    (row,), _ = told(4).rows(0.1, 10)
    assert not row.changed, "the first value is no change"


def test_the_values_that_keep_changing_stay_when_there_is_little_room() -> None:
    board = Board()
    for path in ("/A", "/B", "/C"):
        board.tell(TANK, path, None, "---", 0.0)
        board.tell(TANK, path, 1, "1", 1.0)
    board.tell(TANK, "/C", 2, "2", 2.0)
    rows, more = board.rows(2.5, 2)
    assert [row.path for row in rows] == ["/A", "/C"]
    assert more == 1
    rows, _ = board.rows(60.0, 2)
    assert [row.path for row in rows] == ["/A", "/B"], "a value that nobody tells any more is as quiet as the rest"


def test_every_service_has_its_share_of_the_room() -> None:
    board = Board()
    for service in ("com.victronenergy.gps.a", "com.victronenergy.tank.a"):
        for path in ("/A", "/B", "/C"):
            board.tell(service, path, 1, "1", 0.0)
    rows, more = board.rows(0.0, 4)
    assert [(row.service[18:], row.path) for row in rows] == [
        ("gps.a", "/A"), ("gps.a", "/B"), ("tank.a", "/A"), ("tank.a", "/B"),
    ]  # fmt: skip
    assert more == 2


def test_invalid_and_dull_paths_are_not_shown() -> None:
    board = Board()
    for path in ("/Mgmt/Connection", "/ProductId", "/Level"):
        board.tell(TANK, path, 1, "1", 0.0)
    board.tell(TANK, "/Temperature", None, "---", 0.0)
    assert [row.path for row in board.rows(0.0, 10)[0]] == ["/Level"]
    assert board.value(TANK, "/ProductId") == 1
    assert board.value(TANK, "/None") is None
