from __future__ import annotations

import pytest

from velib_async import errors
from velib_async.client import DbusException
from velib_async.localsettings import SettingException


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-2, errors.SettingPathRefused),
        (-3, errors.SettingTypeUnknown),
        (-4, errors.SettingPathMissing),
        (-5, errors.SettingTypeChanged),
        (-6, errors.SettingDefaultRefused),
        (-7, errors.SettingOutOfRange),
        (-8, errors.SettingIsGroup),
        (-9, errors.SettingNotUnderRoot),
        (-1, errors.SettingError),
        (-99, errors.SettingError),
    ],
)
def test_each_code_of_localsettings_has_its_exception(code: int, kind: type[errors.SettingError]) -> None:
    error = errors.setting_error("/Settings/X", code)
    assert type(error) is kind
    assert (error.path, error.code) == ("/Settings/X", code)
    assert str(error) == f"/Settings/X: {kind.meaning} (localsettings code {code})"


def test_texts_say_what_and_where() -> None:
    assert str(errors.CallError("a.b.C", "why")) == "a.b.C: why"
    assert str(errors.CallError("a.b.C")) == "a.b.C"
    assert "com.x.y: another program owns this name" in str(errors.NameTaken("com.x.y"))
    assert str(errors.setting_error("", -4)).startswith("setting without path: ")


def test_everything_is_a_velib_error_and_old_names_work() -> None:
    for kind in (errors.BusLost, errors.CallTimeout, errors.NameTaken, errors.ConnectionInUse, errors.SettingIsGroup):
        assert issubclass(kind, errors.VelibError)
    assert issubclass(errors.CallTimeout, DbusException)
    assert issubclass(errors.SettingIsGroup, SettingException)
    assert issubclass(SettingException, DbusException)
