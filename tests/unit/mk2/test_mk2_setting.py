from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mk2.frames.settings import SettingInfoReply
from mk2.setting import GRID_SETTINGS, Flag0, Flag2, Setting, SettingInfo, change_flags


def made(scale: int, *, offset: int = 0, low: int = 0, high: int = 0xFFFF, tail: bytes = b"") -> SettingInfo:
    found = SettingInfo.from_wire(SettingInfoReply(scale, offset, low, low, high, tail))
    assert found is not None
    return found


def test_negative_scale_divides() -> None:
    assert made(-100).decode(5680) == pytest.approx(56.80)
    assert made(15).decode(4) == 60
    assert made(-256, offset=1).decode(255) == pytest.approx(1.0)


def test_setting_without_scale_does_not_exist() -> None:
    assert SettingInfo.from_wire(SettingInfoReply(0, 0, 0, 0, 0)) is None


def test_access_level_is_read_from_the_tail() -> None:
    assert (made(1, tail=b"\x02").access, made(1).access) == (2, 0)


def test_value_outside_the_devices_limits_is_refused() -> None:
    info = made(-100, low=4000, high=6600)
    assert info.encode(56.8) == 5680
    for wrong in (39.9, 66.01):
        with pytest.raises(ValueError, match=r"outside 40\.\.66"):
            info.encode(wrong)


@given(st.integers(0, 0xFFFF), st.sampled_from([1, 15, 360, -2, -10, -100, -256]), st.sampled_from([0, 1, -1]))
def test_every_word_survives(raw: int, scale: int, offset: int) -> None:
    info = made(scale, offset=offset)
    assert info.encode(info.decode(raw)) == raw


def test_bits_that_are_opposites_are_written_together() -> None:
    raw = int(Flag0.WAVE_CHECK)
    assert change_flags(Setting.FLAGS0, raw, 0xFFFF, on=Flag0.NO_WAVE_CHECK) == Flag0.NO_WAVE_CHECK
    assert change_flags(Setting.FLAGS0, int(Flag0.NO_WAVE_CHECK), 0xFFFF, off=Flag0.NO_WAVE_CHECK) == Flag0.WAVE_CHECK


def test_same_bits_in_another_setting_are_no_pair() -> None:
    assert change_flags(Setting.FLAGS2, 0, 0xFFFF, on=1 << 3) == 1 << 3


def test_bits_outside_the_devices_mask_are_refused() -> None:
    with pytest.raises(ValueError, match="0x0200 of FLAGS2"):
        change_flags(Setting.FLAGS2, 0, 0x01FF, on=Flag2.PREFER_RENEWABLE)


def test_contradiction_is_refused() -> None:
    with pytest.raises(ValueError, match="both set and cleared"):
        change_flags(Setting.FLAGS1, 0, 0xFFFF, on=4, off=4)


def test_grid_code_and_its_parameters_are_known_as_such() -> None:
    assert {81, 128, 129, 190, 191} <= GRID_SETTINGS
    assert Setting.FLAGS2 not in GRID_SETTINGS
