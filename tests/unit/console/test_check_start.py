"""The doctor on damaged rc.local files; on a whole device it is tested in tests/integration/install."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from console.check_start import check_rc_local, check_room, check_scripts
from console.finding import Weight
from console.suite import Suite
from daemonkit.context import Paths

if TYPE_CHECKING:
    from pathlib import Path

    from console.finding import Finding


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    base = tmp_path / "data" / "drivers" / "venus-daemons-1"
    for script in ("service/mqtt-devices/run", "service/mqtt-devices/log/run", "bin/run-daemon"):
        file = base / script
        file.parent.mkdir(parents=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    return Suite(base=base, root=tmp_path, paths=Paths.find({"VENUS_DAEMONS_DATA": str(tmp_path / "data")}))


def line(suite: Suite) -> str:
    return f"ln -s {suite.base}/service/mqtt-devices /service/mqtt-devices\n"


def write(suite: Suite, content: str | bytes, mode: int = 0o755) -> None:
    suite.rc_local.write_bytes(content if isinstance(content, bytes) else content.encode())
    suite.rc_local.chmod(mode)


def bad(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.weight is not Weight.GOOD]


def test_good_file_has_no_finding(suite: Suite) -> None:
    write(suite, f"#!/bin/sh\n{line(suite)}exit 0\n")
    assert not bad(list(check_rc_local(suite)))


@pytest.mark.parametrize(
    "above",
    [
        "exec >/run/log 2>&1\n",
        "# exit\n  # exec x\n",
        "echo exit; echo 'on exit'\n",
        "if true; then\n  echo a\nfi\n",
        "cat <<E\nif\nE\n",
        "a=(1 2)\n",
        "# ln -s /data/x/service /service/mqtt-devices\n",
        "ln -s /data/x/service /service/mine\nln -s /service/mqtt-devices /data/x; ls /service/mqtt-devices\n",
    ],
)
def test_line_that_is_reached_has_no_finding(suite: Suite, above: str) -> None:
    write(suite, f"#!/bin/bash\n{above}{line(suite)}")
    assert not bad(list(check_rc_local(suite)))


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        ("#!/bin/sh\n{line}", 0o644, "is not executable"),
        ("\0\0#!/bin/sh\n{line}", 0o755, "NUL or CR"),
        ("#!/bin/sh\r\n{line}", 0o755, "NUL or CR"),
        ("{line}", 0o755, "first line"),
        ("", 0o755, "does not start mqtt-devices"),
        ("#!/bin/sh\n# {line}", 0o755, "does not start mqtt-devices"),
        ("#!/bin/sh\nexit 0\n{line}", 0o755, "behind 'exit'"),
        ("#!/bin/sh\n  exit 0\n{line}", 0o755, "behind 'exit'"),
        ("#!/bin/sh\necho a; exit 0\n{line}", 0o755, "behind 'exit'"),
        ("#!/bin/sh\nexec sleep 1\n{line}", 0o755, "behind 'exit'"),
        ("#!/bin/sh\nif true; then\n{line}fi\n", 0o755, "part of what begins above"),
        ("#!/bin/sh\nif true; then\n{line}", 0o755, "has a syntax error"),
        ("#!/bin/sh\ncat <<E\n{line}E\n", 0o755, "part of what begins above"),
        ("#!/bin/sh\necho '\n{line}'\n", 0o755, "part of what begins above"),
        ("#!/bin/sh\ntrue \\\n{line}", 0o755, "part of what begins above"),
        ("#!/bin/bash\n{line})\n", 0o755, "has a syntax error"),
        ("#!/bin/sh\n{line}{line}", 0o755, "2 times"),
        (
            "#!/bin/sh\n{line}ln -s /data/drivers/venus-daemons-0.9/service/mqtt-devices /service/mqtt-devices\n",
            0o755,
            "another version, too",
        ),
        ("#!/bin/sh\n{line}ln -s /data/x/service /service/mqtt-devices\n", 0o755, "line 3 starts somebody else's"),
        ("#!/bin/sh\n{line}ln -s /data/x/service /service/dbus-mqtt-devices\n", 0o755, "an older program"),
        ("#!/bin/sh\n{line}ln -s /x /service/dbus-mqtt-devices && echo ok\n", 0o755, "an older program"),
        ("#!/bin/sh\n{line}ln -s /x \\\n  /service/dbus-mqtt-devices\n", 0o755, "line 3 starts an older program"),
        ("#!/bin/sh\n{line}ln -s /x/dbus-mqtt-devices /service/\n", 0o755, "an older program"),
        ("#!/bin/sh\n{line}ln -s /data/x/service /service/dbus-mymodbus-client\n", 0o755, "an older program"),
    ],
)
def test_damage_is_named(suite: Suite, content: str, mode: int, says: str) -> None:
    write(suite, content.replace("{line}", line(suite)), mode)
    assert any(says in text for text in bad(list(check_rc_local(suite))))


def test_missing_and_disabled_files_are_told_apart(suite: Suite) -> None:
    assert any("there is no" in text for text in bad(list(check_rc_local(suite))))
    suite.rc_local.with_name("rc.local.disabled").touch()
    assert any("were disabled" in text for text in bad(list(check_rc_local(suite))))


def test_daemon_that_is_not_enabled_needs_no_line(suite: Suite) -> None:
    (suite.base / "service" / "mqtt-devices" / "down").touch()
    write(suite, "#!/bin/sh\n")
    assert not bad(list(check_rc_local(suite)))


def test_run_scripts_need_mode_and_first_line(suite: Suite) -> None:
    assert not bad(list(check_scripts(suite)))
    run = suite.base / "service" / "mqtt-devices" / "run"
    run.write_text("!#/bin/sh\n")
    run.chmod(0o644)
    found = list(check_scripts(suite))
    assert len(bad(found)) == 2
    assert f"chmod 755 {run}" in [finding.fix for finding in found]


def test_room_is_measured(suite: Suite) -> None:
    (finding,) = check_room(suite)
    assert "MB are free" in finding.text
