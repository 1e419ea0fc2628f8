from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from release.lock import read_lock, verify, write_lock
from release.wheels import PinError, find_wheels, read_pins, unpack

if TYPE_CHECKING:
    from pathlib import Path


def make_wheel(directory: Path, name: str, *files: str) -> Path:
    wheel = directory / name
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in files:
            archive.writestr(file, file)
    wheel.write_bytes(packed.getvalue())
    return wheel


def test_only_what_runs_is_unpacked(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path, "x-1-py3-none-any.whl",
        "x/a.py", "x/a.cpython-312-x86_64-linux-gnu.so", "x/a.pxd", "x/data.txt", "x/tests/test_a.py", "x/py.typed",
        "x-1.dist-info/METADATA", "x-1.dist-info/RECORD", "x-1.dist-info/licenses/LICENSE",
        "x-1.data/purelib/y.py", "x-1.data/scripts/x",
    )  # fmt: skip
    assert {path for path, _ in unpack(wheel)} == {
        "x/a.py", "x/data.txt", "x/py.typed", "x-1.dist-info/METADATA", "x-1.dist-info/licenses/LICENSE", "y.py",
    }  # fmt: skip


def test_metadata_is_kept_without_the_readme_that_follows_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x-1-py3-none-any.whl", "w") as archive:
        archive.writestr("x-1.dist-info/METADATA", "Name: x\nLicense: MIT\n\n# x\n\nlong\n")
        archive.writestr("x/METADATA", "a\n\nb\n")
    content = dict(unpack(tmp_path / "x-1-py3-none-any.whl"))
    assert content == {"x-1.dist-info/METADATA": b"Name: x\nLicense: MIT\n", "x/METADATA": b"a\n\nb\n"}


@pytest.mark.parametrize("path", ["../evil.py", "/evil.py", "x/../../evil.py"])
def test_wheel_that_leaves_its_place_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(PinError, match="outside its place"):
        list(unpack(make_wheel(tmp_path, "x-1-py3-none-any.whl", path)))


def test_pins_are_exact(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("# comment\nPyYAML==6.0.3 # why\n\npython_socketio==5\n")
    assert read_pins(file) == {"pyyaml": "6.0.3", "python-socketio": "5"}
    file.write_text("a==1\nb>=2\n")
    with pytest.raises(PinError, match=r"requirements.txt:2: not an exact pin .*: b>=2"):
        read_pins(file)


def test_wheel_of_another_version_is_none(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "Some_Thing-1.0-py3-none-any.whl")
    assert find_wheels(tmp_path, {"some-thing": "1.0"}) == {"some-thing": wheel}
    with pytest.raises(PinError, match="no wheel for some-thing"):
        find_wheels(tmp_path, {"some-thing": "1.1"})


def test_lock_finds_a_changed_and_an_unknown_wheel(tmp_path: Path) -> None:
    wheels = {"a": make_wheel(tmp_path, "a-1-py3-none-any.whl", "a.py")}
    lock = tmp_path / "lock"
    write_lock(lock, wheels)
    verify(read_lock(lock), wheels, is_complete=True)
    new = {**wheels, "b": make_wheel(tmp_path, "b-1-py3-none-any.whl", "b.py")}
    verify(read_lock(lock), new, is_complete=False)
    with pytest.raises(PinError, match="no recorded hash for b-1"):
        verify(read_lock(lock), new, is_complete=True)
    make_wheel(tmp_path, "a-1-py3-none-any.whl", "a.py", "more.py")
    with pytest.raises(PinError, match=r"not the file that release/wheels\.lock records"):
        verify(read_lock(lock), wheels, is_complete=False)
