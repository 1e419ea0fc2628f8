"""docs/mqtt-devices.md says what is so: its payloads, reasons, limits and configuration are those of the code."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pytest

from daemonkit.yamlfile import loads
from mqtt_devices.errors import Reason
from mqtt_devices.mapping_file import find_presets, read_mappings
from mqtt_devices.options import add_arguments, read_broker, read_policy, read_steering
from mqtt_devices.protocol import inbox, names, payload
from mqtt_devices.protocol.admission import Policy
from mqtt_devices.protocol.broker_address import BrokerAddress
from mqtt_devices.protocol.direct import FIELDS, parse_direct
from mqtt_devices.protocol.proxy import parse_proxy
from mqtt_devices.protocol.reply import encode_reply
from mqtt_devices.protocol.staleness import OnTimeout
from mqtt_devices.protocol.status import Registration, parse_status
from mqtt_devices.services_file import BUILT_IN, load_services
from tests.service_types import TYPES

TEXT = (Path(__file__).parents[3] / "docs" / "mqtt-devices.md").read_text()
STATUS, REPLY, DIRECT, PROXY, ERROR = (block.encode() for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL))
OWN_TYPES, MAPPINGS, CONFIGURATION, *_ = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def test_status_of_the_reference_registers() -> None:
    status = parse_status(STATUS, TYPES)
    assert isinstance(status, Registration)
    assert (status.complaint, dict(status.services)) == (None, {"t1": "temperature", "tk": "tank"})


def test_reply_of_the_reference_is_the_one_that_is_sent() -> None:
    sent = encode_reply("c0619ab00000", {"t1": ("temperature", 1), "tk": ("tank", 1)})
    assert json.loads(REPLY) == json.loads(sent)


def test_direct_message_of_the_reference_is_taken() -> None:
    message = parse_direct(DIRECT, TYPES)
    assert (message.type, set(message.values)) == ("temperature", {"Temperature", "Humidity"})


@pytest.mark.parametrize("name", [*OnTimeout, *FIELDS, *(f"`{name}`" for name in sorted(names.RESERVED))])
def test_each_word_of_the_protocol_is_named(name: str) -> None:
    assert name in TEXT


def test_proxy_of_the_reference_is_taken() -> None:
    assert set(parse_proxy(PROXY).values) == {"Temperature", "Humidity", "CustomName"}


def test_error_of_the_reference_has_the_fields_that_are_sent() -> None:
    assert set(json.loads(ERROR)) == {"reason", "topic", "field", "rule", "text", "accepted"}


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_is_explained(reason: Reason) -> None:
    assert f"`{reason}`" in TEXT


@pytest.mark.parametrize("name", TYPES)
def test_each_type_is_named(name: str) -> None:
    assert f"`{name}`" in TEXT


def test_own_types_of_the_reference_are_valid(tmp_path: Path) -> None:
    file = tmp_path / "mine.yml"
    file.write_text(OWN_TYPES)
    assert "windlass" in load_services(BUILT_IN, file)


def test_mapping_rules_of_the_reference_are_valid(tmp_path: Path) -> None:
    file = tmp_path / "mine.yml"
    file.write_text(MAPPINGS)
    assert len(read_mappings(file, TYPES)) == 3


@pytest.mark.parametrize("name", find_presets())
def test_each_preset_is_named(name: str) -> None:
    assert f"`{name}`" in TEXT


def test_configuration_of_the_reference_is_valid_and_shows_the_defaults() -> None:
    config = loads(CONFIGURATION, "docs")
    assert read_steering(config) == frozenset()
    assert read_policy(config) == Policy()
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    address = read_broker(parser.parse_args([]), config)
    assert (address.host, address.port) == (BrokerAddress().host, BrokerAddress().port)


def test_limits_are_the_codes() -> None:
    assert f"{payload.MAX_PAYLOAD_BYTES // 1024} KiB" in TEXT
    assert f"| {inbox.MAX_PER_SENDER} |" in TEXT
    assert f"{inbox.MAX_BYTES // 1024 // 1024} MiB, {inbox.MAX_SENDERS} levels" in TEXT
    assert f"1 to {names.MAX_ID} letters" in TEXT
