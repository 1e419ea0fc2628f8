"""Two setups at once, and a connection that breaks while one is at work."""

from __future__ import annotations

import fcntl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.fake_root import LIMIT_S, SHELLS, FakeRoot
from tests.peers.process import find_program

if TYPE_CHECKING:
    from tests.integration.install.archives import Archives

pytestmark = pytest.mark.peer

# Tests a daemon for as long as a file is there.
SLOW_PYTHON = """\
#!/bin/sh
case "$*" in *--check*) : >"$STUBS/testing"; while [ -e "$STUBS/hold" ]; do /bin/sleep 0.1; done ;; esac
echo Python 3.12.1
"""


def test_two_at_once_are_kept_apart(fake_root: FakeRoot) -> None:
    lock = fake_root.path / "run" / "venus-daemons" / "setup.lock"
    lock.parent.mkdir()
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for script in ("setup.sh", "uninstall.sh"):
            done = fake_root.run(script)
            assert done.returncode == 1
            assert "another setup.sh or uninstall.sh is at work" in done.stderr


def test_second_setup_cannot_undo_what_the_first_has_decided(full_root: FakeRoot) -> None:
    full_root.setup()
    full_root._stub("quick-python", SLOW_PYTHON)
    (full_root.stubs / "hold").touch()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(full_root.run, "setup.sh", "--enable", "obd-server")
        try:
            deadline = time.monotonic() + LIMIT_S
            while not (full_root.stubs / "testing").exists():
                assert time.monotonic() < deadline
                assert not first.done(), first.result()
                time.sleep(0.05)
            second = full_root.run("setup.sh", "--enable", "mk2-bridge")
        finally:
            (full_root.stubs / "hold").unlink()
        assert first.result().returncode == 0, first.result().stderr
    assert second.returncode == 1
    assert "another setup.sh or uninstall.sh is at work" in second.stderr
    full_root.setup("--enable", "mk2-bridge")
    enabled = (full_root.config / "enabled").read_text().split("\n")[1:-1]
    assert sorted(enabled) == ["mk2-bridge", "mqtt-devices", "obd-server"]


@pytest.mark.parametrize("interpreter", SHELLS)
@pytest.mark.parametrize("script", ["setup.sh", "uninstall.sh"])
def test_work_goes_on_when_the_connection_breaks(
    fake_root: FakeRoot, archives: Archives, interpreter: str, script: str
) -> None:
    """Without a terminal the shell hears of it by SIGPIPE, when it says the next thing."""
    fake_root.write("data/rc.local", "#!/bin/bash\necho mine\n")
    fake_root.setup()
    archives.unpack("2.0.0", fake_root.drivers)
    program, *rest = interpreter.split()
    command = [find_program(program), *rest, str(fake_root.suite("2.0.0") / "bin" / script)]
    with subprocess.Popen(
        [*command, "--root", str(fake_root.path)],
        env=fake_root.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "rc.local" in line:
                break
        process.stdout.close()
        code = process.wait(LIMIT_S)
    assert code == 0
    text = fake_root.rc.read_text()
    if script == "setup.sh":
        assert fake_root.link("mqtt-devices") == str(fake_root.suite("2.0.0") / "service" / "mqtt-devices")
        line = "ln -s /data/drivers/venus-daemons-{}/service/mqtt-devices /service/mqtt-devices\n"
        lines = ["#!/bin/bash\n", "echo mine\n", f"# {line.format('1.0.0')}", line.format("2.0.0")]
        assert sorted(text.splitlines(keepends=True)) == sorted(lines)
        assert (fake_root.config / "enabled").read_text().endswith("\nmqtt-devices\n")
    else:
        assert text == "#!/bin/bash\necho mine\n"
        assert not list(fake_root.services.iterdir())
        assert not list(fake_root.drivers.iterdir())
