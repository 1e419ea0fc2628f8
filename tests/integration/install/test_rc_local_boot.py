"""Whatever the owner's rc.local holds: after a boot our daemons are linked, the rest does what it did, and all of it
comes back byte for byte."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import IS_LONG
from tests.integration.install.fake_root import SHELLS
from tests.integration.install.rc_file import FOREIGN, NAMES, OURS, SH, TOP, RcLocal

pytestmark = pytest.mark.peer

ENDS = {
    "exit": "exit 3\n",
    "exit-indented": "  exit 0\n",
    "exit-after-a-command": "echo last; exit 0\n",
    "exit-after-a-test": "[ -e /nonexistent ] || exit 4\n",
    "exec": "exec echo last\n",
    "backslash": "true \\",
    "backslash-and-newline": "echo last \\\n",
    "open-here-document": "cat <<E\nhello\n",
    "open-quotes": "echo a\necho 'b\n",
    "open-if": "echo a\nif true; then\necho b\n",
    "broken": "echo a\n)\necho b\n",
    "no-final-newline": "echo last",
    "none": "",
}
PARTS = {
    "comment": "# ours: not yours \\\n\n",
    "command": "echo 'a  b'; false || echo c &\nwait\n",
    "exit-in-if": "if [ -e /nonexistent ]; then\necho no\nexit 1\nelse\necho yes\nfi\n",
    "exit-in-a-branch-not-taken": "if true; then\n:\nelse\necho locked\nexit 0\nfi\n",
    "exit-in-a-here-document": "cat <<E\n#!/bin/sh\necho hi\nexit 0\nE\n",
    "exit-in-a-function": "die()\n{\necho bad\nexit 1\n}\n",
    "exit-in-quotes": "echo '\nexit 0\n'\n",
    "exit-in-a-subshell": "(\nexit 1\n)\n",
    "case": "case x in\nx) echo x ;;\n*) exit 1 ;;\nesac\n",
    "loop": "for i in 1 2; do\n  echo $i\ndone\n",
    "continued": "echo a \\\n  b\n",
    "redirection": "exec 2>/dev/null\n",
    "not-utf8": b"echo \xe9\xff\n".decode("latin-1"),
    "somebody-elses-service": FOREIGN.replace("modbus-client", "mine"),
    "mentioned": "# ln -s /data/x /service/mqtt-devices\n",
}
FIRST_LINES = (SH, "#!/bin/bash -u\n", "", "\n", "!#/bin/sh\n")

LINKED = {name: f"{TOP}/service/{name}" for name in NAMES.split()}


def check(rc: RcLocal, original: bytes, mode: int) -> None:
    rc.write(original.replace(b"\r", b""), mode)
    links, said, code = rc.boot()
    rc.write(original, mode)
    for version in ("1.0", "2.0", "1.0"):
        rc.install(OURS.replace("-1.0/", f"-{version}/"))
        ours = {name: path.replace("-1.0/", f"-{version}/") for name, path in LINKED.items()}
        assert rc.boot() == (links | ours, said, code), rc.path.read_bytes()
        if mode & 0o100:
            assert rc.path.stat().st_mode & 0o777 == mode
        else:
            assert rc.path.stat().st_mode & 0o777 == 0o755
    written = rc.path.stat()
    rc.install()
    assert rc.path.stat().st_ino == written.st_ino
    rc.remove()
    if b"\r" in original:
        assert rc.path.read_bytes().removeprefix(SH.encode()) == original.replace(b"\r", b"").removeprefix(SH.encode())
    else:
        assert rc.state() == (original, mode if mode & 0o100 else 0o755)
    assert not rc.backup.exists()
    if rc.path.exists():
        rc.path.unlink()


@pytest.fixture(params=SHELLS)
def rc(tmp_path: Path, request: pytest.FixtureRequest) -> RcLocal:
    return RcLocal(tmp_path, request.param)


@pytest.mark.parametrize("end", ENDS)
def test_daemons_start_whatever_the_end_of_the_file_is(rc: RcLocal, end: str) -> None:
    check(rc, (SH + "echo mine\n" + ENDS[end]).encode("latin-1"), 0o755)


@pytest.mark.parametrize("part", PARTS)
def test_daemons_start_whatever_the_file_does(rc: RcLocal, part: str) -> None:
    check(rc, (SH + PARTS[part] + "echo mine\n").encode("latin-1"), 0o700)


@pytest.mark.parametrize("shell", SHELLS)
@settings(
    max_examples=100 if IS_LONG else 8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    first=st.sampled_from(FIRST_LINES),
    parts=st.lists(st.sampled_from(list(PARTS.values())), max_size=5),
    end=st.sampled_from(list(ENDS.values())),
    is_windows=st.booleans(),
    mode=st.sampled_from((0o755, 0o700, 0o644)),
)
def test_any_file_starts_the_daemons_and_comes_back(
    tmp_path: Path, shell: str, *, first: str, parts: list[str], end: str, is_windows: bool, mode: int
) -> None:
    # The file ends with its own command, not with ours, whose exit code would be another one.
    text = (first + "echo mine\n" + "".join(parts) + end).encode("latin-1")
    # An example that fails must not make the next one fail.
    check(
        RcLocal(Path(tempfile.mkdtemp(dir=tmp_path)), shell), text.replace(b"\n", b"\r\n") if is_windows else text, mode
    )
