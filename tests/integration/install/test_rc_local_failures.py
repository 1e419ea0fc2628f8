"""What goes wrong while rc.local is read or written leaves it as it was, and is said."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.fake_root import SHELLS, FakeRoot
from tests.integration.install.rc_file import (
    INSTALL,
    LIMIT_S,
    NAMES,
    OURS,
    PROGRAM,
    REMOVE,
    REPOSITORY,
    SH,
    USER,
    RcLocal,
)
from tests.peers.process import find_program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.install.archives import Archives

pytestmark = pytest.mark.peer

NEW = OURS.replace("-1.0/", "-2.0/")
REAL = 'PATH=$REAL; export PATH; exec {tool} "$@"\n'
# Programs that fail as on a worn card, or with no memory left; some look as if they had worked.
BROKEN = {
    "read-error": ("tr", 'echo "tr: read error: Input/output error" >&2; exit 1\n'),
    "read-error-after-a-part": ("tr", "printf '#!/bin/bash\\necho a.'; exit 1\n"),
    "nothing-arrives": ("awk", "exec <&-; exec </dev/null; " + REAL),
    "half-is-written": ("awk", 'PATH=$REAL; export PATH; awk "$@" | head -c 40\n'),
    "killed": ("awk", "printf '#!/bin/sh\\n'; kill -9 $$\n"),
}


@pytest.fixture(params=SHELLS)
def rc(tmp_path: Path, request: pytest.FixtureRequest) -> RcLocal:
    return RcLocal(tmp_path, request.param)


def put(rc: RcLocal, name: str, program: str) -> None:
    rc.stubs.mkdir(exist_ok=True)
    (rc.stubs / name).write_text("#!/bin/sh\n" + program.replace("{tool}", name))
    (rc.stubs / name).chmod(0o755)


SMALL_DISK = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=64k none /mnt && exec "$@"', "sh")


def test_full_disk_leaves_the_file_as_it_was(rc: RcLocal) -> None:
    """On a disk of 64 kB that has no room left, as a real /data can be."""
    program, *rest = rc.shell.split()
    script = PROGRAM.format(repository=REPOSITORY, rc="/mnt/rc.local") + (
        "printf '%s' \"$USER_LINES\" >$RC; chmod 755 $RC; dd if=/dev/zero of=/mnt/fill bs=1k 2>/dev/null; "
        + INSTALL
        + " && echo installed; cat $RC; ls -A /mnt"
    )
    done = subprocess.run(
        [*SMALL_DISK, find_program(program), *rest, "-c", script],
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "NAMES": NAMES,
            "WANTED": OURS.rstrip("\n"),
            "USER_LINES": USER,
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.stdout == USER + "fill\nrc.local\n", done.stderr


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("program", [INSTALL, REMOVE], ids=["install", "remove"])
def test_what_is_not_read_completely_is_not_written(rc: RcLocal, case: str, program: str) -> None:
    rc.write(USER + "ln -s /data/other /service/other\n")
    rc.install()
    before = rc.state()
    put(rc, *BROKEN[case])
    done = rc.try_call(program + ' || { echo "$rc_problem"; exit 7; }', ours=NEW)
    assert done.returncode == 7, done.stdout + done.stderr
    assert done.stdout.strip().endswith(("cannot be read", "(no memory?)"))
    assert rc.state() == before
    assert rc.backup.read_text() == USER + "ln -s /data/other /service/other\n"


ORIGINALS: dict[str, tuple[bytes | None, int]] = {
    "absent": (None, 0),
    "empty": (b"", 0o644),
    "windows": (b"#!/bin/bash\r\necho mine\r\n", 0o644),
    "nul": (b"\0\0#!/bin/bash\necho mine", 0o600),
    "odd-mode": (USER.encode(), 0o700),
    "no-final-newline": (USER.rstrip("\n").encode(), 0o755),
}


@pytest.mark.parametrize("is_link", [False, True])
@pytest.mark.parametrize("case", ORIGINALS)
def test_way_back_leads_to_every_byte(rc: RcLocal, case: str, is_link: bool) -> None:  # noqa: FBT001 (parametrized)
    content, mode = ORIGINALS[case]
    if content is not None:
        rc.write(content, mode)
        if is_link:
            rc.path.rename(rc.path.with_name("elsewhere"))
            rc.path.symlink_to("elsewhere")
    before = rc.state()
    files = {path.name for path in rc.path.parent.iterdir()} - {"busybox"}
    rc.call('mkdir "$RUN"; rc_remember && ' + INSTALL + ' && cat "$RC" >"$RUN/changed" && rc_restore')
    assert OURS in (rc.path.parent / "rc.local.run" / "changed").read_text()
    assert rc.state() == before
    assert rc.path.is_symlink() == (is_link and content is not None)
    assert {path.name for path in rc.path.parent.iterdir()} - {"busybox", "rc.local.run"} == files


def test_way_back_without_a_beginning_changes_nothing(rc: RcLocal) -> None:
    rc.write(USER)
    put(rc, "cp", "exit 1\n")
    done = rc.try_call('mkdir "$RUN"; rc_remember || echo "$rc_problem"; PATH=$REAL; ' + INSTALL + " && rc_restore")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{rc.path}.run cannot be written\n"
    assert OURS in rc.path.read_text()


def test_link_to_nothing_is_refused(fake_root: FakeRoot) -> None:
    """A file on a stick that is not in: nothing would be started at the next boot, and it is not ours to replace."""
    fake_root.rc.symlink_to(fake_root.path / "media" / "usb" / "rc.local")
    before = fake_root.snapshot()
    done = fake_root.run("setup.sh")
    assert done.returncode == 1
    assert f"is a link to {fake_root.rc.readlink()}, which is not there" in done.stderr
    assert "which is not there" in fake_root.run("setup.sh", "--dry-run").stderr
    assert fake_root.snapshot().keys() - {"data/conf/venus-daemons"} == before.keys()
    assert fake_root.rc.is_symlink()
    assert fake_root.run("uninstall.sh").returncode == 0
    assert fake_root.rc.is_symlink()


def test_failed_first_install_leaves_no_trace(fake_root: FakeRoot) -> None:
    fake_root.write("data/rc.local", "#!/bin/bash\r\necho mine")
    fake_root.rc.chmod(0o644)
    (fake_root.stubs / "dies").write_text(f"{fake_root.suite()}/service/mqtt-devices\n")
    done = fake_root.run("setup.sh")
    assert done.returncode == 1
    assert fake_root.rc.read_bytes() == b"#!/bin/bash\r\necho mine"
    assert fake_root.rc.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in (fake_root.path / "data").glob("rc.local*")] == ["rc.local"]


def test_setup_says_why_it_does_not_edit(fake_root: FakeRoot) -> None:
    line = "ln -s /data/drivers/venus-daemons-0.9/service/mqtt-devices /service/mqtt-devices"
    text = f"{SH}{line} || {{\necho failed\n}}\n"
    fake_root.write("data/rc.local", text)
    fake_root.rc.chmod(0o755)
    done = fake_root.run("setup.sh")
    assert done.returncode == 1
    assert "would not run any more: change or take out its lines with /service/ by hand" in done.stderr
    assert fake_root.rc.read_text() == text


# The n-th program that reads rc.local says so, and then takes its time.
SLOW_TR = """\
#!/bin/sh
if [ "$2" = '\\000\\r' ]; then
    echo x >>"$STUBS/reads"
    if [ "$(wc -l <"$STUBS/reads")" = "$SLOW_READ" ]; then echo now >"$STUBS/now"; exec /bin/sleep 60; fi
fi
exec /usr/bin/tr "$@"
"""


def state(root: FakeRoot) -> tuple[bytes, int, str | None]:
    return root.rc.read_bytes(), root.rc.stat().st_mode, root.link("mqtt-devices")


def interrupt(root: FakeRoot, interpreter: str, slow_read: int, number: signal.Signals) -> int:
    """Press Ctrl-C, or the like, while setup.sh reads rc.local; return how it ended."""
    program, *rest = interpreter.split()
    (root.stubs / "reads").write_text("")
    now = os.open(root.stubs / "now", os.O_RDWR | os.O_NONBLOCK)
    with subprocess.Popen(
        [find_program(program), *rest, root.suite("2.0.0") / "bin" / "setup.sh", "--root", root.path],
        cwd=root.path,
        env=root.environment(SLOW_READ=str(slow_read)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as setup:
        try:
            assert select.select([now], [], [], LIMIT_S)[0]
            os.killpg(setup.pid, number)
            return setup.wait(LIMIT_S)
        finally:
            setup.kill()
            os.close(now)


@pytest.mark.parametrize("interpreter", SHELLS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_leaves_everything_as_it_was(
    fake_root: FakeRoot, archives: Archives, interpreter: str, number: signal.Signals
) -> None:
    archives.unpack("2.0.0", fake_root.drivers)
    fake_root.write("data/rc.local", USER)
    fake_root.rc.chmod(0o750)
    fake_root.setup()
    tr = fake_root.stubs / "tr"
    tr.write_text(SLOW_TR)
    tr.chmod(0o755)
    fake_root.setup(version="2.0.0", SLOW_READ="never")
    reads = len((fake_root.stubs / "reads").read_text().split())
    fake_root.setup(SLOW_READ="never")
    before = state(fake_root)
    os.mkfifo(fake_root.stubs / "now")
    for slow_read in range(1, reads + 1):
        assert interrupt(fake_root, interpreter, slow_read, number) != 0
        assert state(fake_root) == before, f"at read {slow_read} of {reads}"
