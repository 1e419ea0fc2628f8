from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.peers.certificate import CERTIFICATE
from tests.peers.missing_stdlib import gx_environment

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_S = 60.0


def run(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mqtt_devices", "--config", str(config), *arguments]
    return subprocess.run(command, env=gx_environment(), capture_output=True, text=True, check=False, timeout=LIMIT_S)


def test_check_reports_what_it_found(tmp_path: Path) -> None:
    (tmp_path / "mqtt-devices.yml").write_text("broker: {host: broker.lan, tls: true}\n")
    result = run(tmp_path, "--check")
    assert result.returncode == 0
    assert "broker broker.lan:8883, TLS" in result.stdout
    assert "29 service types" in result.stdout
    assert "may steer power: none" in result.stdout


def test_check_refuses_a_certificate_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    for content, code in ((None, 2), ("no certificate", 2), (CERTIFICATE, 0)):
        if content is not None:
            file.write_text(content)
        for config, arguments in (
            (f"brokers: {{house: {{host: h, certificate: {file}}}}}\n", ()),
            ("", ("-c", str(file))),
        ):
            (tmp_path / "mqtt-devices.yml").write_text(config)
            result = run(tmp_path, "--check", *arguments)
            assert result.returncode == code, result.stderr
            assert (f"{file}: certificate: " in result.stdout + result.stderr) is (code != 0)


def test_check_refuses_a_port_that_is_none(tmp_path: Path) -> None:
    for port in ("0", "65536", "-1", "mqtt"):
        result = run(tmp_path, "--check", "--mqtt-port", port)
        assert result.returncode == 2
        assert "--mqtt-port" in result.stderr


def test_check_of_one_file_names_the_mistake(tmp_path: Path) -> None:
    file = tmp_path / "mine.yml"
    file.write_text("types:\n  tank:\n    product_id: 1\n    custom_name: a\n    paths: {Level: {type: q}}\n")
    result = run(tmp_path, "--check", str(file))
    assert result.returncode == 2
    assert f"{file}:5: type: has to be one of i, d, s, as" in result.stdout + result.stderr


def test_check_refuses_an_unknown_key_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "mqtt-devices.yml").write_text("max_service: 5\n")
    result = run(tmp_path, "--check")
    assert result.returncode == 2
    assert "mqtt-devices.yml:1: max_service: is unknown" in result.stdout + result.stderr


def test_check_names_the_mistakes_in_files_of_services_d(tmp_path: Path) -> None:
    (tmp_path / "services.d").mkdir()
    file = tmp_path / "services.d" / "mine.yml"
    file.write_text("types:\n  tank:\n    paths:\n      A: {type: q}\n      b: {type: d}\n      C: {unit: V}\n")
    for arguments in (("--check",), ("--check", str(file))):
        result = run(tmp_path, *arguments)
        assert result.returncode == 2
        output = result.stdout + result.stderr
        assert [f"{file}:{line}: " in output for line in (4, 5, 6)] == [True, True, True]
