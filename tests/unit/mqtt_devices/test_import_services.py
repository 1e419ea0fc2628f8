from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemonkit.yamlfile import loads
from mqtt_devices.import_services import convert, main
from mqtt_devices.protocol.service_types import Role, ValueKind
from mqtt_devices.services_file import BUILT_IN, load_services
from tests.service_types import TYPES

if TYPE_CHECKING:
    from pathlib import Path

OLD = """\
temperature:
  CustomName: {default: My Sensor, persist: true}
  Temperature: {description: C}
  Colour: {format: "{:.1f} K", default: 6500, min: 1000, max: 9000, persist: true, description: of the light}
windlass:
  ProductId: {default: 1234}
  CustomName: {default: Anchor, persist: true}
  Chain/Length: {format: "{}m"}
  Direction: {default: up}
  Roles: {default: [a, b]}
"""


def test_own_types_and_paths_are_taken_over_and_load(tmp_path: Path) -> None:
    text, problems = convert(loads(OLD, "old.yml"), TYPES)
    assert problems == []
    file = tmp_path / "mine.yml"
    file.write_text(text)
    types = load_services(BUILT_IN, file)
    colour = types["temperature"].paths["Colour"]
    assert (colour.unit, colour.decimals, colour.minimum, colour.default) == ("K", 1, 1000, 6500.0)
    assert (colour.role, colour.description) == (Role.SETTING, "of the light")
    assert "Temperature" not in text
    windlass = types["windlass"]
    assert (windlass.product_id, windlass.custom_name) == (1234, "Anchor")
    assert windlass.paths["Chain/Length"].unit == "m"
    assert (windlass.paths["Direction"].kind, windlass.paths["Roles"].kind) == (ValueKind.TEXT, ValueKind.TEXTS)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Chain: {colour: red}", "old.yml:2: Chain.colour: unknown"),
        ("chain: {}", "old.yml:2: chain: no D-Bus path"),
        ("Chain: {format: '{0:5}'}", "old.yml:2: Chain.format"),
        ("Chain: {default: up, max: 5}", "old.yml:2: Chain.max: a limit is a number"),
        ("Chain: {persist: true}", "old.yml:2: Chain: a setting needs a default"),
    ],
)
def test_what_cannot_be_taken_over_is_listed_with_its_line(tmp_path: Path, line: str, problem: str) -> None:
    text, problems = convert(loads(f"windlass:\n  {line}\n", "old.yml"), TYPES)
    assert len(problems) == 1
    assert problems[0].startswith(problem)
    file = tmp_path / "mine.yml"
    file.write_text(text)
    assert "windlass" in load_services(BUILT_IN, file)


def test_file_of_nothing_new_gives_an_empty_one() -> None:
    assert convert(loads("tank:\n  Level: {}\n5: x\n", "old.yml"), TYPES) == (
        "types: {}\n",
        ["old.yml:3: 5: no service type; left out"],
    )


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "old.yml"
    file.write_text(OLD)
    assert main([str(file)]) == 0
    assert "windlass" in capsys.readouterr().out
    file.write_text(OLD + "  bad: {}\n")
    assert main([str(file)]) == 1
    assert "bad: no D-Bus path" in capsys.readouterr().err
    assert main([str(tmp_path / "none.yml")]) == 2
    assert main([]) == 2
