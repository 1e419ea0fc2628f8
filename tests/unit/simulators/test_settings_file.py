"""Settings survive on disk, in the layout that localsettings uses."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.gx.setting import Setting
from simulators.gx.settings_file import encode_settings, load_settings, write_settings

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = {
    "/Settings/Devices/0x12/ClassAndVrmInstance": Setting("s", "tank:1", "tank:4"),
    "/Settings/Gui/Brightness": Setting("i", 100, 42, 0, 100),
    "/Settings/Gui/Hidden": Setting("f", 0.5, 0.1, silent=True),
}


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "settings.xml"
    write_settings(file, encode_settings(SETTINGS, "c0619ab00000"))
    assert load_settings(file) == SETTINGS
    assert not list(tmp_path.glob("*.new"))


def test_the_file_has_the_layout_of_localsettings() -> None:
    root = ET.fromstring(encode_settings(SETTINGS, "c0619ab00000"))  # noqa: S314 - written a line above
    assert (root.tag, root.get("version"), root.get("unique-id")) == ("Settings", "19", "c0619ab00000")
    brightness = root.find("Gui/Brightness")
    assert brightness is not None
    assert brightness.attrib == {"type": "i", "min": "0", "max": "100", "default": "100", "silent": "False"}
    assert root.find("Devices/_0x12/ClassAndVrmInstance") is not None, "a digit cannot begin an XML name"


def test_an_absent_file_holds_nothing(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.xml") == {}


@pytest.mark.parametrize("content", ["", "<Settings>", "<Settings><A type='i' default='x'>1</A></Settings>"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "settings.xml"
    file.write_text(content)
    with pytest.raises(ValueError, match=r"settings\.xml is damaged"):
        load_settings(file)


@given(st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs", "Cc"])))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("text") / "settings.xml"
    settings = {"/Settings/A": Setting("s", "", text)}
    file.write_bytes(encode_settings(settings, ""))
    loaded = load_settings(file)["/Settings/A"].value
    assert loaded == text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def test_control_characters_do_not_make_the_file_unreadable(tmp_path: Path) -> None:
    file = tmp_path / "settings.xml"
    file.write_bytes(encode_settings({"/Settings/A": Setting("s", "", "a\x01b")}, ""))
    assert load_settings(file)["/Settings/A"].value == "a\N{REPLACEMENT CHARACTER}b"
