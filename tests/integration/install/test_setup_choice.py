"""Choosing daemons: the trouble of one keeps nobody from the others, and a CCGX has room for little."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.install.archives import Archives
    from tests.integration.install.fake_root import FakeRoot

pytestmark = pytest.mark.peer

TWO = ("--services", "mqtt-devices,modbus-client")
PID = 4242  # of all that the stubs say is up

# Finds a mistake in what the user has written for modbus-client. Python itself would take a second for each daemon.
PYTHON = """\
#!/bin/sh
case "$*" in *modbus_client*/conf/venus-daemons*--check) echo "line 1: nonsense"; exit 2 ;; esac
echo Python 3.12.1
"""


def be_ccgx(root: FakeRoot, *, available_mb: int, resident_mb: int = 0) -> None:
    root.write("etc/venus/machine", "ccgx\n")
    root.write("proc/meminfo", f"MemTotal: 240000 kB\nMemAvailable:   {available_mb * 1024} kB\n")
    root.write(f"proc/{PID}/status", f"Name:\tpython3\nVmRSS:\t   {resident_mb * 1024} kB\n")


@pytest.mark.parametrize("choice", [("--disable", "mqtt-devices"), ("--enable", "mqtt-devices")])
def test_mistake_in_one_configuration_does_not_hold_up_another_daemon(
    full_root: FakeRoot, choice: tuple[str, str]
) -> None:
    full_root.setup(*TWO)
    full_root._stub("quick-python", PYTHON)
    (full_root.stubs / "dies").write_text(f"{full_root.suite()}/service/modbus-client\n")
    full_root.setup(*choice)
    assert full_root.link("modbus-client") is not None
    assert (full_root.suite() / "service" / "mqtt-devices" / "down").exists() == (choice[0] == "--disable")
    done = full_root.run("setup.sh")
    assert done.returncode == 1  # without a choice it looks at all of them
    assert "modbus-client.yml is not right" in done.stderr


def test_mistake_in_the_configuration_of_what_is_chosen_is_found(full_root: FakeRoot) -> None:
    full_root.setup()
    full_root._stub("quick-python", PYTHON)
    done = full_root.run("setup.sh", "--enable", "modbus-client")
    assert done.returncode == 1
    assert "modbus-client.yml is not right" in done.stderr


def test_ccgx_gets_one_daemon_and_needs_memory(fake_root: FakeRoot) -> None:
    be_ccgx(fake_root, available_mb=30)
    done = fake_root.run("setup-ccgx.sh")
    assert done.returncode == 1
    assert "only 30 MB of memory are available" in done.stderr
    be_ccgx(fake_root, available_mb=60)
    done = fake_root.run("setup-ccgx.sh")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in fake_root.services.iterdir()) == ["mqtt-devices"]
    other = fake_root.suite() / "service" / "second"  # a second daemon; none has to exist yet
    shutil.copytree(fake_root.suite() / "service" / "mqtt-devices", other)
    done = fake_root.run("setup.sh", "--enable", "second")
    assert done.returncode == 1
    assert "a CCGX has memory for one daemon, not for mqtt-devices second" in done.stderr


def test_disabling_needs_neither_memory_nor_room(fake_root: FakeRoot) -> None:
    be_ccgx(fake_root, available_mb=60)
    fake_root.setup()
    be_ccgx(fake_root, available_mb=5)
    fake_root._stub("df", "#!/bin/sh\necho Filesystem x\necho /dev/x 1 1 900 99% /data\n")
    fake_root.setup("--disable", "mqtt-devices")
    assert fake_root.link("mqtt-devices") is None  # on a CCGX only what runs is linked
    done = fake_root.run("setup.sh", "--enable", "mqtt-devices")
    assert done.returncode == 1
    assert "only 900 kB are free" in done.stderr


def test_ccgx_counts_the_memory_of_what_is_replaced_and_keeps_one_version(
    fake_root: FakeRoot, archives: Archives
) -> None:
    be_ccgx(fake_root, available_mb=60)
    fake_root.setup()
    archives.unpack("2.0.0", fake_root.drivers)
    be_ccgx(fake_root, available_mb=15, resident_mb=23)
    done = fake_root.run("setup.sh", version="2.0.0")
    assert "only 38 MB of memory are available" in done.stderr
    be_ccgx(fake_root, available_mb=30, resident_mb=23)
    fake_root.setup("--no-start", version="2.0.0")
    assert fake_root.suite("1.0.0").exists()  # it still runs
    text = fake_root.setup(version="2.0.0")
    assert [path.name for path in fake_root.drivers.iterdir()] == ["venus-daemons-2.0.0"]
    assert "the version before" not in text
    assert fake_root.link("mqtt-devices") == str(fake_root.suite("2.0.0") / "service" / "mqtt-devices")
