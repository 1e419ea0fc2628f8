from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import YamlMapping, load
from mqtt_devices import services_file
from mqtt_devices.built_in_types import BuiltInTypes
from mqtt_devices.errors import Mistakes
from mqtt_devices.path_rules import read_named_choices
from mqtt_devices.services_file import BUILT_IN, load_services, load_with_user_files
from mqtt_devices.type_reader import read_types

if TYPE_CHECKING:
    from pathlib import Path

TYPE = "product_id: 1, custom_name: a, paths:"
FILE = f"""\
# what a file begins with
choices:
  yes_no: {{0: "No", 1: "Yes"}}

types:
  # a remark
  tank: {{{TYPE} {{Level: {{type: d}}}}}}
  grid:
    product_id: 1
    custom_name: a
    paths:
      On: {{type: i, values: yes_no}}
"""


def make(directory: Path, text: str = FILE) -> BuiltInTypes:
    file = directory / "services.yml"
    file.write_text(text)
    return BuiltInTypes(file)


def find_mistakes(types: BuiltInTypes, name: str) -> list[str]:
    with pytest.raises(Mistakes) as caught:
        types.read(name)
    return [str(mistake).rpartition("/services.yml:")[2] for mistake in caught.value.mistakes]


def test_types_read_one_by_one_are_those_of_the_file_read_as_a_whole() -> None:
    whole = load(BUILT_IN)
    types = read_types(whole.fetch("types", YamlMapping), read_named_choices(whole), {})
    parts = BuiltInTypes(BUILT_IN)
    assert list(types) == list(parts.names)
    assert {name: parts.read(name) for name in parts.names} == types


def test_mistakes_have_their_line_and_leave_the_other_types_alone(tmp_path: Path) -> None:
    types = make(tmp_path, FILE.replace("custom_name: a\n", "name: a\n"))
    assert find_mistakes(types, "grid")[0].startswith("10: name: is unknown")
    assert types.read("tank").paths["Level"].path == "Level"
    types = make(tmp_path, FILE.replace("On: {type: i", "On: {type: q"))
    assert find_mistakes(types, "grid") == ["12: type: has to be one of i, d, s, as, not 'q'"]
    types = make(tmp_path, FILE.replace("On: {type: i", "On: {type: i]"))
    assert find_mistakes(types, "grid")[0].startswith("12: ")


@pytest.mark.parametrize(
    ("added", "line"),
    [
        (f"  tank: {{{TYPE} {{}}}}\n", "13: tank: "),
        (f"  grid: {{{TYPE} {{}}}}\n", "13: grid: "),
        (f'  "meteo": {{{TYPE} {{}}}}\n', "13: meteo: "),
        ("  meteo\n", "1"),
        ("choices: {}\n", "13: choices: "),
    ],
)
def test_what_is_no_new_type_is_a_mistake_of_the_type_above(tmp_path: Path, added: str, line: str) -> None:
    types = make(tmp_path, FILE + added)
    assert types.names == ("tank", "grid")
    assert find_mistakes(types, "grid")[0].startswith(line)
    types.read("tank")


def test_mistake_above_the_types_is_one_of_each_type(tmp_path: Path) -> None:
    types = make(tmp_path, FILE.replace("1: ", "one: "))
    for name in types.names:
        assert find_mistakes(types, name) == ["3: one: the key of a choice is an integer"]


@pytest.mark.parametrize("text", ["", "choices: {}\n", "choices: {}\ntypes:\n", "choices: {}\ntypes: {}\n"])
def test_file_without_types_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DefinitionError, match=r"services\.yml: types: is missing"):
        make(tmp_path, text)


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="cannot be read"):
        BuiltInTypes(tmp_path / "services.yml")


def edit_built_in(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put services.yml with a mistake in each of tank and grid in place of the built-in one."""
    file = directory / "services.yml"
    text = BUILT_IN.read_text()
    for name in ("tank", "grid"):
        assert f"\n  {name}:\n" in text
        text = text.replace(f"\n  {name}:\n", f"\n  {name}:\n    colour: blue\n")
    file.write_text(text)
    monkeypatch.setattr(services_file, "BUILT_IN", file)
    return file


def test_reading_all_names_the_mistakes_of_all_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = edit_built_in(tmp_path, monkeypatch)
    with pytest.raises(Mistakes) as caught:
        load_services()
    lines = str(caught.value).splitlines()
    assert [line.split(" is ")[0] for line in lines] == [f"{file}:{find_line(file, n)}: colour:" for n in (1, 2)]


def find_line(file: Path, which: int) -> int:
    numbers = [number for number, line in enumerate(file.read_text().splitlines(), 1) if "colour: blue" in line]
    return numbers[which - 1]


def test_user_file_reads_only_what_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit_built_in(tmp_path, monkeypatch)
    directory = tmp_path / "services.d"
    directory.mkdir()
    (directory / "1.yml").write_text("types: {temperature: {interval_s: 5}}")
    (directory / "2.yml").write_text("types: {tank: {interval_s: 5}}")
    types, mistakes = load_with_user_files(directory)
    assert types["temperature"].interval_s == 5.0
    assert types["temperature"].paths == BuiltInTypes(BUILT_IN).read("temperature").paths
    assert [str(mistake).partition(": ")[2].split(":")[0] for mistake in mistakes] == ["colour"]
    assert types.find_unread(b'"temperature" "vebus"') == ["vebus"]
