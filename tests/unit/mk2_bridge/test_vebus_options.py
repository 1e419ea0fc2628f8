from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import loads
from mk2_bridge import options as options_module
from mk2_bridge.options import KEYS, Options, read_options
from mk2_bridge.products import load_products

DEFAULTS = Path(options_module.__file__).with_name("mk2-bridge.yml")


def read(text: str, tty: str | None = None) -> Options:
    return read_options(argparse.Namespace(tty=tty), loads(text, "mk2-bridge.yml"))


def test_delivered_file_names_every_key_with_its_default() -> None:
    text = DEFAULTS.read_text(encoding="utf-8")
    whole = "\n".join(re.sub(r"^#(?=[a-z_]+: )", "", line) for line in text.splitlines())
    assert set(loads(whole, "all")) == set(KEYS)
    without_name = "\n".join(line for line in whole.splitlines() if not line.startswith("product_name"))
    assert read(without_name) == read(text)


def test_command_line_wins() -> None:
    assert read("tty: /dev/ttyUSB0\n", tty="/dev/ttyUSB3").unique_name == "ttyUSB3"


@pytest.mark.parametrize(
    ("tty", "name"),
    [("/dev/ttyUSB0", "ttyUSB0"), ("/dev/serial/by-id/usb-MK3.1", "usb_MK3_1"), ("/dev/pts/4", "tty4")],
)
def test_service_is_named_after_the_tty(tty: str, name: str) -> None:
    assert Options(tty=tty).unique_name == name


def test_nothing_dangerous_is_allowed_unless_asked_for() -> None:
    permissions = read("tty: /dev/ttyUSB0\n").permissions
    assert not any(getattr(permissions, name) for name in permissions.__slots__)
    assert read("tty: x\nallow_eeprom_writes: true\n").permissions.eeprom
    assert not read("tty: x\nallow_eeprom_writes: true\n").permissions.settings


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("device_instance: 1\n", "mk2-bridge.yml:1: tty: is missing"),
        ("tty: x\nspeed: 9600\n", "mk2-bridge.yml:2: speed: is unknown"),
        ("tty: x\npoll_period: -1\n", "poll_period: has to be at least 0"),
        ("tty: x\nallow_reset: maybe\n", "allow_reset: has to be"),
    ],
)
def test_wrong_configuration_is_named_with_its_place(text: str, rule: str) -> None:
    with pytest.raises(DefinitionError, match=re.escape(rule)):
        read(text)


def test_products_are_known_by_their_id() -> None:
    products = load_products()
    assert products[0x2644] == "Quattro 24/3000/70-2x50"
    assert products[0x2780] == "MultiPlus-II 12/3000/120-50 2x120V"


@pytest.mark.parametrize("text", ["x: MultiPlus\n", "0x12345: MultiPlus\n", "0x2600: 7\n"])
def test_wrong_product_table_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "products.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError, match="has to be"):
        load_products(file)
