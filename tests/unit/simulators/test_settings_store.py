"""The rules by which settings are added, changed and removed (facts of localsettings)."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.gx.setting import NULL_AS_TEXT, Setting
from simulators.gx.settings_store import AddResult, Request, SettingsStore


class Recorder:
    def __init__(self) -> None:
        self.changes: list[tuple[str, Any, bool]] = []
        self.store = SettingsStore(self._note)

    def _note(self, path: str, setting: Setting | None, with_attributes: bool) -> None:  # noqa: FBT001 - the callback's shape
        self.changes.append((path, None if setting is None else setting.value, with_attributes))

    def add(self, path: str, default: Any, kind: str | None = "i", **limits: Any) -> AddResult:
        return self.store.add(Request(path, kind, default, **limits))

    def value(self, path: str) -> Any:
        return self.store.settings[path].value


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.mark.parametrize(
    ("path", "kind", "default", "limits", "result"),
    [
        ("/Settings/A/B", "i", 3, {}, AddResult.OK),
        ("/Settings/A/B", "i", 3, {"minimum": 0, "maximum": 0}, AddResult.OK),
        ("/Settings/A/B", "i", 3, {"minimum": 4}, AddResult.OUT_OF_RANGE),
        ("/Settings/A/B", "i", 3, {"maximum": 2}, AddResult.OUT_OF_RANGE),
        ("/Settings/A/B", "s", "x", {"minimum": "junk", "maximum": 1}, AddResult.OK),
        ("/Settings/A/_B", "i", 3, {}, AddResult.UNDERSCORE),
        ("/Settings/A/B", None, True, {}, AddResult.UNKNOWN_TYPE),
        ("/Settings/A/B", "b", True, {}, AddResult.UNKNOWN_TYPE),
        ("/Settings/A/B", "i", "x", {}, AddResult.BAD_DEFAULT),
        ("/Settings/A/B", "i", 3, {"minimum": ""}, AddResult.BAD_DEFAULT),
        ("/Settings/Devices/x/ClassAndVrmInstance", "s", "tank", {}, AddResult.BAD_DEFAULT),
        ("/Settings/Devices/x/ClassAndVrmInstance", "s", "tank:one", {}, AddResult.BAD_DEFAULT),
        ("/Settings", "i", 3, {}, AddResult.NOT_UNDER_SETTINGS),
        ("/Elsewhere/B", "i", 3, {}, AddResult.NOT_UNDER_SETTINGS),
    ],
)
def test_add_answers_the_documented_code(
    *, recorder: Recorder, path: str, kind: str | None, default: Any, limits: dict[str, Any], result: AddResult
) -> None:
    assert recorder.add(path, default, kind, **limits) is result
    assert (path in recorder.store.settings) == (result is AddResult.OK)


def test_add_is_refused_when_a_group_or_a_leaf_is_in_the_way(recorder: Recorder) -> None:
    recorder.add("/Settings/A/B", 1)
    assert recorder.add("/Settings/A", 1) is AddResult.IS_GROUP
    assert recorder.add("/Settings/A/B/C", 1) is AddResult.IS_GROUP


def test_adding_again_changes_nothing_and_tells_nobody(recorder: Recorder) -> None:
    recorder.add("/Settings/A", 1, minimum=0, maximum=5)
    recorder.changes.clear()
    assert recorder.add("/Settings/A", 1, minimum=0, maximum=5) is AddResult.OK
    assert recorder.changes == []


def test_adding_with_other_limits_keeps_the_value_even_when_it_is_now_outside(recorder: Recorder) -> None:
    recorder.add("/Settings/A", 1, minimum=0, maximum=50)
    recorder.store.set_value("/Settings/A", 40)
    recorder.changes.clear()
    assert recorder.add("/Settings/A", 2, minimum=0, maximum=5) is AddResult.OK
    assert recorder.changes == [("/Settings/A", 40, True)]
    assert recorder.store.settings["/Settings/A"].maximum == 5


def test_adding_with_another_type_changes_nothing(recorder: Recorder) -> None:
    recorder.add("/Settings/A", 1)
    assert recorder.add("/Settings/A", "x", "s") is AddResult.OTHER_TYPE
    assert recorder.value("/Settings/A") == 1


@pytest.mark.parametrize(
    ("kind", "default", "written", "stored"),
    [
        ("i", 0, "5", 5),
        ("i", 0, 5.7, 5),
        ("i", 0, True, 1),
        ("f", 0.0, "5.5", 5.5),
        ("s", "", 5, "5"),
        ("s", "", True, "1"),
        ("s", "", None, NULL_AS_TEXT),
    ],
)
def test_set_value_casts_to_the_type(recorder: Recorder, kind: str, default: Any, written: Any, stored: Any) -> None:
    recorder.add("/Settings/A", default, kind)
    assert recorder.store.set_value("/Settings/A", written)
    assert recorder.value("/Settings/A") == stored
    assert type(recorder.value("/Settings/A")) is type(stored)


@pytest.mark.parametrize("written", ["x", "5.7", None, [1], {"a": 1}, 11, -1, 2**63, float("inf"), float("nan")])
def test_set_value_refuses_what_has_no_cast_or_is_out_of_range(recorder: Recorder, written: Any) -> None:
    recorder.add("/Settings/A", 4, minimum=0, maximum=10)
    assert not recorder.store.set_value("/Settings/A", written)
    assert recorder.value("/Settings/A") == 4


def test_set_value_that_is_equal_is_accepted_and_tells_nobody(recorder: Recorder) -> None:
    recorder.add("/Settings/A", 4)
    recorder.changes.clear()
    assert recorder.store.set_value("/Settings/A", 4)
    assert recorder.changes == []


def test_two_devices_of_a_class_get_two_numbers(recorder: Recorder) -> None:
    for device in ("x", "y", "z"):
        recorder.add(f"/Settings/Devices/{device}/ClassAndVrmInstance", "tank:1", "s")
    assert recorder.value("/Settings/Devices/z/ClassAndVrmInstance") == "tank:3"
    assert recorder.store.settings["/Settings/Devices/z/ClassAndVrmInstance"].default == "tank:1"


def test_another_class_has_its_own_numbers(recorder: Recorder) -> None:
    recorder.add("/Settings/Devices/x/ClassAndVrmInstance", "tank:1", "s")
    recorder.add("/Settings/Devices/y/ClassAndVrmInstance", "gps:1", "s")
    assert recorder.value("/Settings/Devices/y/ClassAndVrmInstance") == "gps:1"


def test_an_existing_device_keeps_class_and_number_until_it_is_written(recorder: Recorder) -> None:
    path = "/Settings/Devices/x/ClassAndVrmInstance"
    recorder.add("/Settings/Devices/other/ClassAndVrmInstance", "gps:1", "s")
    recorder.add(path, "tank:1", "s")
    assert recorder.add(path, "gps:1", "s") is AddResult.OK
    assert recorder.value(path) == "tank:1"
    assert recorder.store.set_value(path, "gps:1")
    assert recorder.value(path) == "gps:2"


@pytest.mark.parametrize("written", ["gps", "gps:", "gps:1:2", ":", None])
def test_a_malformed_class_and_number_is_refused(recorder: Recorder, written: Any) -> None:
    recorder.add("/Settings/Devices/x/ClassAndVrmInstance", "tank:1", "s")
    assert not recorder.store.set_value("/Settings/Devices/x/ClassAndVrmInstance", written)


def test_only_that_leaf_under_devices_is_special(recorder: Recorder) -> None:
    recorder.add("/Settings/Devices/x/Sub/ClassAndVrmInstance", "no colon", "s")
    assert recorder.value("/Settings/Devices/x/Sub/ClassAndVrmInstance") == "no colon"


def test_set_default_resets_a_group_but_no_class_and_number(recorder: Recorder) -> None:
    recorder.add("/Settings/Devices/x/ClassAndVrmInstance", "tank:1", "s")
    recorder.add("/Settings/Devices/x/A", 4)
    recorder.store.set_value("/Settings/Devices/x/A", 9)
    recorder.store.set_value("/Settings/Devices/x/ClassAndVrmInstance", "tank:7")
    assert recorder.store.set_default("/Settings/Devices")
    assert recorder.value("/Settings/Devices/x/A") == 4
    assert recorder.value("/Settings/Devices/x/ClassAndVrmInstance") == "tank:7"
    assert not recorder.store.set_default("/Settings/Devices/x/ClassAndVrmInstance")


def test_remove_reports_before_it_goes_and_drops_empty_groups(recorder: Recorder) -> None:
    recorder.add("/Settings/A/B/C", 1)
    recorder.changes.clear()
    assert recorder.store.remove("/Settings/A/B/C")
    assert recorder.changes == [("/Settings/A/B/C", None, False)]
    assert not recorder.store.is_group("/Settings/A")
    assert recorder.store.is_group("/Settings")
    assert not recorder.store.remove("/Settings/A/B/C")


def test_a_removed_device_frees_its_number(recorder: Recorder) -> None:
    recorder.add("/Settings/Devices/x/ClassAndVrmInstance", "tank:1", "s")
    recorder.store.remove("/Settings/Devices/x/ClassAndVrmInstance")
    recorder.add("/Settings/Devices/y/ClassAndVrmInstance", "tank:1", "s")
    assert recorder.value("/Settings/Devices/y/ClassAndVrmInstance") == "tank:1"
