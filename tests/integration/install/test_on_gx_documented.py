"""The commands of README.md and docs/install.md do on a fake GX what they say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.archives import REPOSITORY
from tests.integration.install.on_gx import MQTT, V1
from tests.integration.install.readme import read_commands

if TYPE_CHECKING:
    from tests.integration.install.gx import Gx

pytestmark = pytest.mark.peer

GUIDE = REPOSITORY / "docs" / "install.md"


def test_install_section_of_the_readme_works_as_typed(installed_gx: Gx) -> None:
    said = installed_gx.typed
    services = list((REPOSITORY / "service").iterdir())
    assert f"{MQTT}: up (pid" in next(text for line, text in said.items() if line.endswith("setup.sh"))
    assert said["cat /data/rc.local"].count(f"ln -s {V1}/service/") == len(services)
    assert re.fullmatch(r"/service/mqtt-devices: up \(pid \d+\) \d+ seconds\n", said[f"svstat /service/{MQTT}"])
    followed = next(text for line, text in said.items() if line.startswith("tail -F"))
    assert re.search(r"^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \S", followed, re.MULTILINE), followed


def test_guide_installs_as_the_readme_does(installed_gx: Gx) -> None:
    """So what was typed for the one stands for the other."""
    guide = read_commands(GUIDE, "## Install")
    shown = [line for line in guide if not line.startswith("ssh ")]
    assert [line for line in shown if "venus-daemons status" not in line] == list(installed_gx.typed)


def test_guide_shows_how_to_look_and_how_to_choose(installed_gx: Gx) -> None:
    def type_in(line: str) -> str:
        return installed_gx.shell(f"VERSION=1.0.0\n{line}")

    (status,) = (line for line in read_commands(GUIDE, "## Install") if "venus-daemons status" in line)
    assert re.search(r"^mqtt-devices +running ", type_in(status), re.MULTILINE)
    edit, enable = read_commands(GUIDE, "## Which daemons run")
    assert (installed_gx.root / edit.removeprefix("vi /")).exists()
    name = enable.split(" ")[-1]
    assert edit.endswith(f"/{name}.yml")
    try:
        assert f"{name}: up (pid" in type_in(enable)
    finally:
        text = type_in(enable.replace(" enable ", " disable "))
    assert f"{name}: not enabled" in text
