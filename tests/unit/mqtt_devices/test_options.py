from __future__ import annotations

import argparse

import pytest

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import loads
from mqtt_devices.options import add_arguments, read_broker, read_policy
from mqtt_devices.protocol.admission import Policy
from mqtt_devices.protocol.broker_address import BrokerAddress


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


def broker(*arguments: str, config: str = "") -> BrokerAddress:
    return read_broker(parse(*arguments), loads(config, "mqtt-devices.yml"))


def test_broker_is_the_local_one_unless_told_otherwise() -> None:
    assert broker() == BrokerAddress(host="127.0.0.1", port=1883, user=None, password=None, certificate=None)


def test_flags_of_the_former_driver_work() -> None:
    flags = ("-q", "broker.lan", "-u", "me", "-P", "secret", "-c", "/data/ca.crt", "-i")
    expected = BrokerAddress(
        host="broker.lan",
        port=8883,
        user="me",
        password="secret",  # noqa: S106 - no secret
        certificate="/data/ca.crt",
    )
    assert broker(*flags) == expected
    assert broker(*flags, "--mqtt-port", "1234").port == 1234


def test_configuration_file_names_the_broker_and_the_command_line_wins() -> None:
    config = "broker: {host: a, port: 1, user: u, password: p}"
    assert broker(config=config) == BrokerAddress(host="a", port=1, user="u", password="p")  # noqa: S106 - no secret
    assert broker("-q", "b", config=config) == BrokerAddress(host="b", port=1, user="u", password="p")  # noqa: S106 - no secret
    assert broker(config="broker: {certificate: /x}").port == 8883


@pytest.mark.parametrize("config", ["broker: {hots: a}", "broker: {port: 0}", "broker: {port: 99999}", "broker: a"])
def test_mistakes_in_the_broker_are_named(config: str) -> None:
    with pytest.raises(DefinitionError, match=r"^mqtt-devices.yml:1: "):
        broker(config=config)


def test_policy_is_safe_by_default() -> None:
    policy = read_policy(loads("", "mqtt-devices.yml"))
    assert policy == Policy()
    assert (policy.max_services, policy.proxy_checks_owner, policy.proxy_publishes) == (64, True, False)


def test_policy_follows_the_file() -> None:
    text = "max_services: 100\nmax_devices: 5\ndevice_instance_topic: true\nproxy: publish\nproxy_any_service: true\n"
    assert read_policy(loads(text, "mqtt-devices.yml")) == Policy(
        max_services=100,
        max_devices=5,
        sends_device_instance=True,
        proxy_publishes=True,
        proxy_checks_owner=False,
    )


@pytest.mark.parametrize("config", ["max_services: 0", "max_services: 1000", "proxy: both", "porxy: direct"])
def test_mistakes_in_the_policy_are_named(config: str) -> None:
    with pytest.raises(DefinitionError, match=r"^mqtt-devices.yml:1: "):
        read_policy(loads(config, "mqtt-devices.yml"))
