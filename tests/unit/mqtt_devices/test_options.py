from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

import mqtt_devices
from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import loads
from mqtt_devices.options import (
    add_arguments,
    read_broker,
    read_connection_limit,
    read_other_brokers,
    read_policy,
    read_steering,
)
from mqtt_devices.protocol.admission import Policy
from mqtt_devices.protocol.broker_address import BrokerAddress, MqttVersion


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
        is_tls=True,
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


@pytest.mark.parametrize(
    "config",
    [
        "max_services: 0",
        "max_services: 5000",
        "proxy: both",
        "porxy: direct",
        "last_will: maybe",
        "clients: {a/b: {}}",
        "clients: {a: {x: y}}",
        "clients: [a]",
    ],
)
def test_mistakes_in_the_policy_are_named(config: str) -> None:
    with pytest.raises(DefinitionError, match=r"^mqtt-devices.yml:1: "):
        read_policy(loads(config, "mqtt-devices.yml"))


def test_clients_and_their_secrets_are_read() -> None:
    policy = read_policy(
        loads("clients: {esp: {secret: geheim}, 7: {}}\nother_clients: false\nlast_will: keep", "mqtt-devices.yml")
    )
    assert (dict(policy.clients), policy.allows_others, policy.last_will_keeps) == (
        {"esp": "geheim", "7": None},
        False,
        True,
    )


def test_more_brokers_have_names_and_ways_to_get_in() -> None:
    text = """\
brokers:
  house: {host: ha.lan, tls: true, user: u, password: p, client_id: boat, mqtt: 5}
  cloud: {host: c.example, token: t0, certificate: /data/ca.crt, port: 1, mqtt: 3.1.1}
"""
    house, cloud = read_other_brokers(loads(text, "mqtt-devices.yml")).values()
    assert (house.port, house.is_tls, house.certificate, house.client_id) == (8883, True, None, "boat")
    assert house.version is MqttVersion.FIVE
    assert (cloud.port, cloud.user, cloud.password, cloud.is_tls) == (1, "token", "t0", True)
    assert cloud.version is MqttVersion.THREE
    assert read_other_brokers(loads("", "mqtt-devices.yml")) == {}


@pytest.mark.parametrize(
    "config",
    [
        "brokers: {house: {}}",
        "brokers: {a/b: {host: x}}",
        "brokers: {house: {host: x, mqtt: 4}}",
        "brokers: {house: {host: x, token: t, password: p}}",
        "brokers: {house: {host: x, tls: false, certificate: y}}",
        "brokers: [house]",
    ],
)
def test_mistakes_in_more_brokers_are_named(config: str) -> None:
    with pytest.raises(DefinitionError, match=r"^mqtt-devices.yml:1: "):
        read_other_brokers(loads(config, "mqtt-devices.yml"))


def test_types_that_may_steer_and_connections_are_read() -> None:
    assert read_steering(loads("steering: [vebus, battery]", "mqtt-devices.yml")) == {"vebus", "battery"}
    assert read_connection_limit(loads("", "mqtt-devices.yml")) == 192
    assert read_connection_limit(loads("bus_connections: 512", "mqtt-devices.yml")) == 448
    for config in ("steering: vebus", "steering: [1]"):
        with pytest.raises(DefinitionError, match=r"^mqtt-devices.yml:1: "):
            read_steering(loads(config, "mqtt-devices.yml"))


def test_template_is_good_as_it_stands_and_with_all_that_is_commented_out() -> None:
    text = (Path(mqtt_devices.__file__).parent / "mqtt-devices.yml").read_text()
    uncommented = re.sub(r"^#(?=[a-z]|  )", "", text, flags=re.MULTILINE)
    for content in (text, uncommented):
        config = loads(content, "mqtt-devices.yml")
        policy = read_policy(config)
        assert (policy.max_services, policy.allows_others, policy.last_will_keeps) == (64, True, False)
        assert (read_broker(parse(), config).host, read_steering(config)) == ("127.0.0.1", frozenset())
    assert set(read_other_brokers(config)) == {"house"}
    assert policy.clients == {"esp1": "whatever"}
