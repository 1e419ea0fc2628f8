"""The configuration files that setup.sh creates are accepted as they are, and with all their examples switched on."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.install.archives import REPOSITORY
from tests.peers.certificate import CERTIFICATE
from tests.peers.missing_stdlib import gx_environment

TEMPLATES = sorted(str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("daemons/*/*-*.yml"))
READMES = sorted(str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("daemons/*/user_files/*/README.md"))
LIMIT_S = 120.0


@pytest.mark.parametrize("uncomment", [False, True])
@pytest.mark.parametrize("template", TEMPLATES)
def test_template_is_accepted(tmp_path: Path, template: str, uncomment: bool) -> None:  # noqa: FBT001 (a case)
    file = REPOSITORY / template
    text = file.read_text()
    if uncomment:
        text = re.sub(r"^#([a-z_]+:|  )", r"\1", text, flags=re.MULTILINE)
        assert text != file.read_text()
    certificate = tmp_path / "authority.crt"
    certificate.write_text(CERTIFICATE)
    text = text.replace("/data/conf/venus-daemons/authority.crt", str(certificate))
    (tmp_path / file.name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", file.parent.name, "--config", str(tmp_path), "--check"],
        env=gx_environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("readme", READMES)
def test_example_of_a_directory_for_users_is_accepted(tmp_path: Path, readme: str) -> None:
    file = REPOSITORY / readme
    (example,) = re.findall(r"```yaml\n(.*?)```", file.read_text(), re.DOTALL)
    (name,) = re.findall(r"as `([a-z]+\.yml)`", file.read_text())
    mine = tmp_path / file.parent.name / name
    mine.parent.mkdir()
    shutil.copy(file, mine.parent)  # stays beside it, and is no mistake
    mine.write_text(example)
    for arguments in (["--check", str(mine)], ["--check"]):
        done = subprocess.run(
            [sys.executable, "-m", file.parents[2].name, "--config", str(tmp_path), *arguments],
            env=gx_environment(),
            check=False,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_one_for_each_daemon_with_a_default_place() -> None:
    assert {Path(template).stem for template in TEMPLATES} <= {path.name for path in (REPOSITORY / "service").iterdir()}
