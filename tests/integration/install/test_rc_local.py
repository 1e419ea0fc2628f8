"""/data/rc.local: ours is added, changed and taken out; every line of others stays byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.install.fake_root import SHELLS
from tests.integration.install.rc_file import (
    DONE,
    FOREIGN,
    FORMER,
    FORMER_HELP,
    OLD,
    OLD_COMMENTED,
    OURS,
    SH,
    STOCK,
    TAKEN,
    USER,
    RcLocal,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.peer


@pytest.fixture(params=SHELLS)
def rc(tmp_path: Path, request: pytest.FixtureRequest) -> RcLocal:
    return RcLocal(tmp_path, request.param)


CASES: dict[str, tuple[bytes | None, str | bytes]] = {
    "absent": (None, SH + OURS),
    "empty": (b"", SH + OURS),
    "users-lines": (USER.encode(), DONE),
    "no-final-newline": (USER.rstrip("\n").encode(), DONE.rstrip("\n")),
    "first-line-without-newline": (SH.rstrip("\n").encode(), SH + OURS),
    "windows": (USER.replace("\n", "\r\n").encode(), DONE),
    "nul-from-power-cut": (b"\0\0\0\0" + USER.encode() + b"\0\0", DONE),
    "only-nul": (b"\0" * 40, SH + OURS),
    "no-shebang": (b"echo mine\n", SH + OURS + "echo mine\n"),
    "odd-shebang": (b"!#/bin/bash\necho mine\n", "!#/bin/bash\n" + OURS + "echo mine\n"),
    "exit": ((USER + "exit 0\n# after\n").encode(), DONE + "exit 0\n# after\n"),
    "ours-after-exit": ((SH + "exit 0\n" + OURS).encode(), SH + OURS + "exit 0\n"),
    "ours-after-exec": ((SH + "exec sleep 9\n" + OURS).encode(), SH + OURS + "exec sleep 9\n"),
    "ours-after-redirection": (
        (SH + "exec >/run/log 2>&1\n" + OURS).encode(),
        SH + "exec >/run/log 2>&1\n" + OURS,
    ),
    "ours-twice": ((SH + OURS + "echo a\n" + OURS).encode(), SH + OURS + "echo a\n"),
    "ours-in-the-middle": ((SH + "echo a\n" + OURS + "echo b\n").encode(), SH + "echo a\n" + OURS + "echo b\n"),
    "ours-in-a-block": (
        (SH + "if true; then\n" + OURS + "fi\n").encode(),
        SH + OURS + "if true; then\n" + ":\n" + "fi\n",
    ),
    "ours-in-a-here-document": (
        (SH + "cat <<E\n" + OURS + "E\necho a\n").encode(),
        SH + OURS + "cat <<E\nE\necho a\n",
    ),
    "ours-behind-a-backslash": ((SH + "true \\\n" + OURS).encode(), SH + OURS + "true \\\n"),
    "older-version": ((SH + OLD + "echo a\n").encode(), SH + OLD_COMMENTED + OURS + "echo a\n"),
    "older-version-at-the-end": ((USER + OLD).encode(), USER + OLD_COMMENTED + OURS),
    "older-version-after-exit": ((USER + "exit\n" + OLD).encode(), DONE + "exit\n" + OLD_COMMENTED),
    "older-version-commented": ((SH + OLD_COMMENTED).encode(), SH + OURS + OLD_COMMENTED),
    "older-version-both": ((SH + OLD_COMMENTED + OLD).encode(), SH + OLD_COMMENTED + OURS),
    "older-version-inside-if": (
        (SH + "if true; then\n    " + OLD.splitlines()[0] + "\nfi\n").encode(),
        SH + OURS + "if true; then\n    : # " + OLD.splitlines()[0] + "\nfi\n",
    ),
    "older-version-inside-if-without-indent": (
        (SH + "if true; then\n" + OLD + "fi\n").encode(),
        SH + OURS + "if true; then\n" + OLD_COMMENTED.replace("# ", ": # ") + "fi\n",
    ),
    "longer-version-number": (
        (SH + OURS.replace("-1.0/", "-1.0.1/")).encode(),
        SH + "".join(f"# {line}\n" for line in OURS.replace("-1.0/", "-1.0.1/").splitlines()) + OURS,
    ),
    "longer-name": (
        (SH + "ln -s /data/x /service/mqtt-devices2\nln -s /data/y /service/my-mqtt-devices\n").encode(),
        SH + OURS + "ln -s /data/x /service/mqtt-devices2\nln -s /data/y /service/my-mqtt-devices\n",
    ),
    "our-name-for-somebody-elses": (
        (SH + FOREIGN + "# " + FOREIGN + "# ln -s /data/z /service/mqtt-devices\n").encode(),
        SH + OURS + FOREIGN + "# " + FOREIGN + "# ln -s /data/z /service/mqtt-devices\n",
    ),
    "mentioned": (
        (SH + "# mqtt-devices: see below\necho mqtt-devices /service/mqtt-devices\n").encode(),
        SH + OURS + "# mqtt-devices: see below\necho mqtt-devices /service/mqtt-devices\n",
    ),
    "former-driver": (
        (USER + FORMER_HELP + FORMER).encode(),
        DONE + TAKEN + FORMER_HELP + TAKEN + FORMER,
    ),
    "former-driver-commented": ((USER + "# " + FORMER).encode(), DONE + "# " + FORMER),
    "former-driver-inside-if-without-indent": (
        (SH + "if true; then\n" + FORMER + "fi\n").encode(),
        SH + OURS + "if true; then\n: " + TAKEN + FORMER + "fi\n",
    ),
    "former-driver-on-two-lines": (
        (SH + FORMER.replace(" /service", " \\\n  /service") + "echo a\n").encode(),
        SH + OURS + TAKEN + FORMER.replace(" /service", f" \\\n  : {TAKEN}/service") + "echo a\n",
    ),
    "former-modbus-fork": (
        (SH + "ln -s /data/dbus-mymodbus-client/service /service/dbus-mymodbus-client\nls -l /service/\n").encode(),
        SH + OURS + TAKEN + "ln -s /data/dbus-mymodbus-client/service /service/dbus-mymodbus-client\nls -l /service/\n",
    ),
    "former-by-the-name-of-its-directory": (
        (SH + "ln -s /data/dbus-mymodbus-client /service/\nln -s /data/other /service\n").encode(),
        SH + OURS + TAKEN + "ln -s /data/dbus-mymodbus-client /service/\nln -s /data/other /service\n",
    ),
    "older-version-on-two-lines": (
        (SH + OLD.replace(" /service", " \\\n  /service")).encode(),
        SH
        + "".join(f"{TAKEN}{line}\n".replace(" /service", f" \\\n  : {TAKEN}/service") for line in OLD.splitlines())
        + OURS,
    ),
    "link-to-a-service": (
        (SH + "ln -s /service/dbus-mqtt-devices /data/x; ls /service/dbus-mqtt-devices\n").encode(),
        SH + OURS + "ln -s /service/dbus-mqtt-devices /data/x; ls /service/dbus-mqtt-devices\n",
    ),
    "stock-service": ((SH + STOCK).encode(), SH + OURS + STOCK),
    "not-utf8": (b"#!/bin/sh\necho \xe9\xff\n", (SH + OURS).encode() + b"echo \xe9\xff\n"),
    "backslashes": ((SH + "printf 'a\\tb\\\\n' %s\n").encode(), SH + OURS + "printf 'a\\tb\\\\n' %s\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_lines_are_put_where_they_work(rc: RcLocal, case: str) -> None:
    before, after = CASES[case]
    expected = after if isinstance(after, bytes) else after.encode()
    if before is not None:
        rc.write(before, 0o644)
    rc.install()
    assert rc.path.read_bytes() == expected
    assert rc.path.stat().st_mode & 0o777 == 0o755
    written = rc.path.stat()
    rc.install()
    assert rc.path.read_bytes() == expected
    assert rc.path.stat().st_ino == written.st_ino  # the second time nothing is written at all


@pytest.mark.parametrize("case", CASES)
def test_lines_of_others_survive_install_upgrade_and_removal(rc: RcLocal, case: str) -> None:
    before, _ = CASES[case]
    if before is not None:
        rc.write(before, 0o644)
    rc.install()
    rc.install(OURS.replace("-1.0/", "-2.0/"))
    rc.remove()
    left = rc.path.read_text("latin-1") if rc.path.exists() else None
    if case in LEFT:
        assert left == LEFT[case]
    else:
        original = (before or SH.encode()).decode("latin-1")
        theirs = original.replace("\0", "").replace("\r", "")
        is_mended = theirs != original
        theirs = "".join(line for line in theirs.splitlines(keepends=True) if line.lstrip("# ") not in ALL_OURS)
        if is_mended and not theirs:
            theirs = SH
        # Only what we may have made ourselves is gone.
        assert left == theirs or (left is None and theirs == SH and (before is None or theirs != original))
    again = rc.path.read_bytes() if rc.path.exists() else None
    rc.remove()
    assert (rc.path.read_bytes() if rc.path.exists() else None) == again


LEFT: dict[str, str | None] = {
    "ours-in-a-block": SH + "if true; then\n:\nfi\n",
    "empty": "",
    "older-version-inside-if": SH + "if true; then\n    :\nfi\n",
    "older-version-on-two-lines": None,
    "older-version-inside-if-without-indent": SH + "if true; then\n:\nfi\n",
}
ALL_OURS = (OURS + OLD + OURS.replace("-1.0/", "-1.0.1/")).splitlines(keepends=True)


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (SH.encode(), 0o644, "was not executable"),
        (b"!#/bin/bash\n", 0o755, "'!#' instead of '#!'"),
        (b"\0\0#!/bin/sh\n", 0o755, "NUL or CR characters"),
        (SH.encode(), 0o755, None),
    ],
)
def test_what_is_odd_is_said(rc: RcLocal, content: bytes, mode: int, says: str | None) -> None:
    rc.path.write_bytes(content)
    rc.path.chmod(mode)
    text = rc.install()
    assert (says is None and text == "") or (says is not None and says in text)


def test_disabled_startup_scripts_are_noticed(rc: RcLocal) -> None:
    rc.path.with_name("rc.local.disabled").write_text(SH)
    assert "startup scripts were disabled" in rc.install()


def test_link_stays_a_link(rc: RcLocal) -> None:
    target = rc.path.with_name("elsewhere")
    target.write_text(USER)
    rc.path.symlink_to(target)
    rc.install()
    assert rc.path.is_symlink()
    assert target.read_text() == DONE


def test_original_is_kept_once(rc: RcLocal) -> None:
    backup = rc.path.with_name("rc.local.venus-daemons-bak")
    rc.path.write_text(USER)
    rc.install()
    rc.install(OURS.replace("-1.0/", "-2.0/"))
    assert backup.read_text() == USER
    rc.remove()
    assert not backup.exists()
    rc.path.write_bytes(b"\0" + USER.encode())
    rc.install()
    rc.path.write_text(rc.path.read_text() + "echo added since\n")
    rc.remove()
    assert backup.read_bytes() == b"\0" + USER.encode()  # the two differ: the user may want to look
