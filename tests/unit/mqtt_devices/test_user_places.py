from __future__ import annotations

from typing import TYPE_CHECKING

from mqtt_devices.mapping_file import load_mappings, read_mappings
from mqtt_devices.services_file import BUILT_IN, load_services, load_with_user_files
from mqtt_devices.user_places import MAPPINGS, README, SERVICES, make_places

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_places_are_made_and_what_is_written_there_is_read_by_nobody(tmp_path: Path) -> None:
    make_places(tmp_path / "conf")
    types, mistakes = load_with_user_files(tmp_path / "conf" / SERVICES)
    assert (mistakes, set(types)) == ([], set(load_services()))
    assert load_mappings(tmp_path / "conf" / MAPPINGS, types) == ([], [])


def test_examples_are_good_as_they_stand(tmp_path: Path) -> None:
    make_places(tmp_path)
    for name, heading in ((SERVICES, "types:"), (MAPPINGS, "devices:")):
        text = (tmp_path / name / README).read_text()
        example = text[text.index(f"\n{heading}") :].partition("\n\n")[0]
        (tmp_path / f"{name}.yml").write_text(example)
    types = load_services(BUILT_IN, tmp_path / f"{SERVICES}.yml")
    assert "windlass" in types
    assert "Alarms/Leak" in types["tank"].paths
    assert len(read_mappings(tmp_path / f"{MAPPINGS}.yml", types)) == 3


def test_what_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / SERVICES).mkdir()
    make_places(tmp_path)
    make_places(tmp_path)
    assert not list((tmp_path / SERVICES).iterdir())
    assert [file.name for file in (tmp_path / MAPPINGS).iterdir()] == [README]


def test_disk_that_takes_nothing_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    make_places(tmp_path / "file")
    assert len(caplog.records) == 2
