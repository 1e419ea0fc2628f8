from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemonkit.statefile import SIZE_LIMIT_BYTES, load_state, save_state

if TYPE_CHECKING:
    from pathlib import Path

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(value=JSON)
def test_what_is_saved_comes_back(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    file = tmp_path_factory.getbasetemp() / "round-trip.json"
    assert save_state(file, value)
    assert load_state(file) == value


def test_nothing_saved_is_none_and_silent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert load_state(tmp_path / "absent.json") is None
    assert not caplog.records


@pytest.mark.parametrize(
    "content",
    [b"", b'{"half": ', b"\xff\xfe", b"\0" * 100, b"[" * 100_000, b" " * (SIZE_LIMIT_BYTES + 1)],
    ids=["empty", "half", "not-text", "zeros", "deep", "large"],
)
def test_damaged_file_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes) -> None:
    file = tmp_path / "state.json"
    file.write_bytes(content)
    assert load_state(file) is None
    assert not file.exists()
    assert (tmp_path / "state.json.bad").read_bytes() == content
    assert "state.json is damaged" in caplog.text
    assert save_state(file, {"new": 1})
    assert load_state(file) == {"new": 1}


def test_unreadable_path_is_logged_and_does_not_stop_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert load_state(tmp_path) is None  # a directory
    assert "cannot be read (Is a directory)" in caplog.text


def test_refusing_file_system_is_logged_once_and_once_when_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    obstacle = tmp_path / "state"
    obstacle.write_text("a file where a directory should be")
    file = obstacle / "mqtt.json"
    assert not save_state(file, 1)
    assert not save_state(file, 2)
    obstacle.unlink()
    assert save_state(file, 3)
    assert save_state(file, 4)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "changes are lost at a restart" in caplog.text


@pytest.mark.parametrize(("value", "error"), [({1, 2}, TypeError), (float("nan"), ValueError)])
def test_what_is_not_json_is_the_callers_mistake(tmp_path: Path, value: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="JSON"):
        save_state(tmp_path / "state.json", value)


def test_too_much_state_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allowed are 1000000"):
        save_state(tmp_path / "state.json", "x" * SIZE_LIMIT_BYTES)
