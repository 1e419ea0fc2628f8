"""`pip install .` gives other people's drivers the libraries, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
LIMIT_S = 500.0

CHECK = """
import daemonkit.yamlfile, velib_async, importlib.metadata, importlib.resources, pathlib
from daemonkit.version import read_version
assert daemonkit.yamlfile.loads("a: 1", "x") == {"a": 1}
assert importlib.resources.files("velib_async").joinpath("py.typed").is_file()
print(read_version(), importlib.metadata.metadata("venus-daemons")["License-Expression"], velib_async.__file__)
"""


@pytest.mark.only_long  # downloads the build backend
def test_installed_libraries_work_outside_the_repository(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=LIMIT_S)
    python = tmp_path / "venv" / "bin" / "python"
    # A copy: building leaves files beside the sources.
    source = tmp_path / "source"
    subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(source)], check=True, timeout=LIMIT_S)
    subprocess.run([python, "-m", "pip", "install", "-q", f"{source}[dbus-fast]"], check=True, timeout=LIMIT_S)
    done = subprocess.run(
        [python, "-I", "-c", CHECK], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=LIMIT_S
    )
    assert done.returncode == 0, done.stderr
    version = (REPOSITORY / "version").read_text().strip()
    assert done.stdout.startswith(f"{version} MIT AND GPL-2.0-or-later {tmp_path}/venv/")
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    assert not [name for name in ("tests", "simulators", "daemons", "mqtt_devices") if (site / name).exists()]
