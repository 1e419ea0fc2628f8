"""uninstall.sh, and taking over from the programs that ours replace, there and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.install.fake_root import SHELLS, FakeRoot

if TYPE_CHECKING:
    from tests.integration.install.archives import Archives

pytestmark = pytest.mark.peer

USER = "#!/bin/bash\n/opt/victronenergy/serial-starter/stop-tty.sh ttyUSB0\necho mine\n"
FORMER = (
    "/data/drivers/dbus-mqtt-devices-0.9.0/bin/setup-dependencies.sh\n"
    "ln -s /data/drivers/dbus-mqtt-devices-0.9.0/bin/service /service/dbus-mqtt-devices\n"
)
FORK = "ln -s /data/dbus-mymodbus-client/service /service/dbus-mymodbus-client\n"


def add_former(root: FakeRoot) -> None:
    """Install what users have today: the former MQTT driver, and a fork of the Modbus client."""
    root.write("data/drivers/dbus-mqtt-devices-0.9.0/bin/service/run", "#!/bin/sh\n")
    root.write("data/dbus-mymodbus-client/service/run", "#!/bin/sh\n")
    (root.services / "dbus-mqtt-devices").symlink_to(root.drivers / "dbus-mqtt-devices-0.9.0" / "bin" / "service")
    (root.services / "dbus-mymodbus-client").symlink_to(root.path / "data" / "dbus-mymodbus-client" / "service")
    root.write("service/dbus-modbus-client/run", "#!/bin/sh\n")  # the one of Venus: a directory
    root.write("data/rc.local", USER + FORMER + FORK)
    root.rc.chmod(0o755)


@pytest.mark.parametrize("interpreter", SHELLS)
def test_nothing_of_ours_is_left_but_configuration(fake_root: FakeRoot, archives: Archives, interpreter: str) -> None:
    fake_root.write("data/rc.local", USER)
    fake_root.setup()
    archives.unpack("2.0.0", fake_root.drivers)
    fake_root.setup(version="2.0.0")
    fake_root.write("var/log/mqtt-devices/current", "a line\n")
    done = fake_root.run("uninstall.sh", version="2.0.0", interpreter=interpreter)
    assert done.returncode == 0, done.stderr
    assert fake_root.rc.read_text() == USER
    assert not list(fake_root.services.iterdir())
    assert not list(fake_root.drivers.iterdir())
    assert (fake_root.config / "mqtt-devices.yml").exists()
    assert str(fake_root.path / "var" / "log" / "mqtt-devices") in done.stdout
    assert not fake_root.forbidden_calls()


def test_rules_of_taken_ports_go_when_the_daemon_goes(fake_root: FakeRoot) -> None:
    def take() -> list[str]:
        for owner in ("mqtt-devices", "somebody"):
            fake_root.write(f"run/udev/rules.d/99-venus-daemons-{owner}-x.rules", "# a rule\n")
        return [path.name for path in (fake_root.path / "run" / "udev" / "rules.d").iterdir()]

    fake_root.setup()
    for command in (("setup.sh", "--disable", "mqtt-devices"), ("uninstall.sh",)):
        assert len(take()) == 2
        done = fake_root.run(*command)
        assert done.returncode == 0, done.stderr
        left = [path.name for path in (fake_root.path / "run" / "udev" / "rules.d").iterdir()]
        assert left == ["99-venus-daemons-somebody-x.rules"]
        assert "udevadm control --reload" in (fake_root.stubs / "calls.log").read_text()
        (fake_root.stubs / "calls.log").unlink()


def test_what_setup_at_boot_installed_is_removed_as_well(fake_root: FakeRoot) -> None:
    fake_root.write("data/rc.local", USER)
    fake_root.rc.chmod(0o755)
    fake_root.setup("--boot")
    assert fake_root.run("uninstall.sh").returncode == 0
    assert fake_root.rc.read_text() == USER
    assert not list(fake_root.services.iterdir())


def test_purge_takes_configuration_and_logs(fake_root: FakeRoot) -> None:
    fake_root.setup()
    fake_root.write("var/log/mqtt-devices/current", "a line\n")
    fake_root.write("var/log/other/current", "a line\n")
    done = fake_root.run("uninstall.sh", "--purge")
    assert done.returncode == 0, done.stderr
    left = {path for path in fake_root.snapshot() if path.startswith("data/")}
    assert left == set()
    assert [path.name for path in (fake_root.path / "var" / "log").iterdir()] == ["other"]


def test_uninstall_twice_and_without_install_do_no_harm(fake_root: FakeRoot, archives: Archives) -> None:
    fake_root.write("data/rc.local", USER)
    for _ in range(2):
        done = fake_root.run("uninstall.sh")
        assert done.returncode == 0, done.stderr
        assert fake_root.rc.read_text() == USER
        archives.unpack("1.0.0", fake_root.drivers)


def test_former_driver_is_taken_over_and_given_back(fake_root: FakeRoot) -> None:
    add_former(fake_root)
    text = fake_root.setup()
    taken = "".join(f"# venus-daemons took over: {line}\n" for line in FORMER.splitlines())
    ours = "ln -s /data/drivers/venus-daemons-1.0.0/service/mqtt-devices /service/mqtt-devices\n"
    first, others = USER.split("\n", 1)
    assert fake_root.rc.read_text() == f"{first}\n{ours}{others}{taken}{FORK}"
    assert fake_root.link("dbus-mqtt-devices") is None
    directory = fake_root.drivers / "dbus-mqtt-devices-0.9.0" / "bin" / "service"
    assert "stopping dbus-mqtt-devices" in text
    assert directory.exists()
    config = (fake_root.config / "mqtt-devices.yml").read_text()
    assert config.splitlines()[-1].startswith("device_instance_topic: true")
    done = fake_root.run("uninstall.sh")
    assert done.returncode == 0
    assert fake_root.rc.read_text() == USER + FORMER + FORK
    assert "starts the former dbus-mqtt-devices again" in done.stdout


def test_fork_runs_on_until_its_successor_is_enabled(fake_root: FakeRoot) -> None:
    """The Modbus client starts disabled: stopping the fork would leave the user without his meters."""
    add_former(fake_root)
    if not (fake_root.suite() / "service" / "modbus-client").exists():  # any daemon of that name will do
        for file in ("service/modbus-client/run", "service/modbus-client/log/run", "service/modbus-client/down"):
            fake_root.write(f"data/drivers/venus-daemons-1.0.0/{file}", "#!/bin/sh\n")
        fake_root.write("data/drivers/venus-daemons-1.0.0/daemons/modbus_client/__main__.py", "")
    text = fake_root.setup()
    assert fake_root.link("dbus-mymodbus-client") is not None
    assert FORK in fake_root.rc.read_text()
    assert "dbus-mymodbus-client, an older program of the same kind, keeps running" in text
    fake_root.setup("--enable", "modbus-client")
    assert fake_root.link("dbus-mymodbus-client") is None
    assert f"# venus-daemons took over: {FORK}" in fake_root.rc.read_text()
    assert (fake_root.services / "dbus-modbus-client" / "run").exists()


def test_service_of_venus_itself_is_never_touched(fake_root: FakeRoot) -> None:
    add_former(fake_root)
    before = fake_root.snapshot()
    fake_root.setup()
    fake_root.run("uninstall.sh")
    after = fake_root.snapshot()
    stock = "service/dbus-modbus-client/run"
    assert after[stock] == before[stock]
    calls = fake_root.stubs / "calls.log"
    assert "dbus-modbus-client" not in calls.read_text().replace("dbus-mymodbus-client", "")


def test_failing_takeover_gives_the_former_driver_back(fake_root: FakeRoot) -> None:
    add_former(fake_root)
    (fake_root.stubs / "dies").write_text(f"{fake_root.suite()}/service/mqtt-devices\n")
    done = fake_root.run("setup.sh")
    assert done.returncode == 1
    assert fake_root.rc.read_text() == USER + FORMER + FORK
    assert fake_root.link("dbus-mqtt-devices") is not None
    assert fake_root.link("mqtt-devices") is None


def test_failing_takeover_gives_a_link_back_as_it_was(fake_root: FakeRoot) -> None:
    fake_root.write("data/my stuff/service/run", "#!/bin/sh\n")
    link = fake_root.services / "dbus-mqtt-devices"
    (fake_root.path / "data" / "driver").symlink_to("my stuff")
    link.symlink_to(fake_root.path / "data" / "driver" / "service")
    fake_root.write("data/rc.local", USER)
    before = str(link.readlink())
    (fake_root.stubs / "dies").write_text(f"{fake_root.suite()}/service/mqtt-devices\n")
    done = fake_root.run("setup.sh")
    assert done.returncode == 1
    assert "stopping dbus-mqtt-devices" in done.stdout
    assert {path.name: str(path.readlink()) for path in fake_root.services.iterdir()} == {link.name: before}


def test_service_of_somebody_else_with_a_name_of_ours_stays(full_root: FakeRoot) -> None:
    full_root.setup()
    link = full_root.services / "modbus-client"
    link.unlink()
    full_root.write("data/my-own/service/run", "#!/bin/sh\n")
    full_root.write("var/log/modbus-client/current", "a line\n")
    link.symlink_to(full_root.path / "data" / "my-own" / "service")
    done = full_root.run("uninstall.sh", "--purge")
    assert done.returncode == 0, done.stderr
    assert "modbus-client" not in done.stdout
    assert [path.name for path in full_root.services.iterdir()] == ["modbus-client"]
    assert (full_root.path / "var" / "log" / "modbus-client" / "current").exists()
