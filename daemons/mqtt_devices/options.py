"""Command line and configuration file. The flags are those of the former driver; the command line wins."""

from __future__ import annotations

import argparse
import ssl
from dataclasses import replace

from daemonkit.errors import DefinitionError
from daemonkit.yamlvalues import YamlList, YamlMapping
from mqtt_devices.connections import MAX_CONNECTIONS, RESERVED
from mqtt_devices.protocol.admission import Policy
from mqtt_devices.protocol.broker_address import (
    MQTT_PORT,
    MQTT_TLS_PORT,
    TOKEN_USER,
    BrokerAddress,
    MqttVersion,
)
from mqtt_devices.protocol.names import is_id

_MAX_PORT = 65535
_BROKER_KEYS = ("host", "port", "user", "password", "token", "tls", "certificate", "client_id", "mqtt")
# Each has a connection to the bus, and 256 is what an unchanged bus gives to all of Venus together.
MAX_SERVICES = 1024
_MAX_CONNECTIONS = 4096
_MAX_DEVICES = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the daemon's own arguments to the common ones."""
    parser.add_argument("-q", "--mqtt-server", metavar="HOST", help="the MQTT broker (default 127.0.0.1)")
    parser.add_argument("--mqtt-port", metavar="PORT", type=_read_port, help="default 1883, with -c 8883")
    parser.add_argument("-u", "--mqtt-user", metavar="USER", help="user name for the broker")
    parser.add_argument("-P", "--mqtt-password", metavar="PASSWORD", help="password for the broker")
    parser.add_argument("-c", "--mqtt-certificate", metavar="FILE", help="certificate of the authority: connect by TLS")
    parser.add_argument("-i", "--init-broker", action="store_true", help="accepted for compatibility, does nothing")


def read_broker(arguments: argparse.Namespace, config: YamlMapping) -> BrokerAddress:
    """The broker of the GX as command line and configuration name it.

    Raises:
        DefinitionError: unknown key or wrong value in the configuration.
    """
    file = config.fetch("broker", YamlMapping, YamlMapping(config.file, config.line))
    address = _read_address(file)
    if arguments.mqtt_certificate:
        port = address.port if "port" in file else MQTT_TLS_PORT
        address = replace(address, certificate=arguments.mqtt_certificate, is_tls=True, port=port)
    return replace(
        address,
        host=arguments.mqtt_server or address.host,
        port=arguments.mqtt_port or address.port,
        user=arguments.mqtt_user or address.user,
        password=arguments.mqtt_password or address.password,
    )


def check_certificate(address: BrokerAddress) -> None:
    """Try the certificate of a broker. A broker whose certificate is wrong cannot be reached; the others can.

    Raises:
        DefinitionError: its file cannot be read, or holds no certificate.
    """
    if address.certificate is None:
        return
    try:
        ssl.create_default_context(cafile=address.certificate)
    except (OSError, ValueError) as error:
        rule = f"has to be a file that can be read, with a certificate in PEM form ({error})"
        raise DefinitionError(address.certificate, "certificate", rule) from None


def read_other_brokers(config: YamlMapping) -> dict[str, BrokerAddress]:
    """More brokers, by name.

    Raises:
        DefinitionError: unknown key or wrong value in the configuration.
    """
    if config.get("brokers") is None:
        return {}
    listed = config.fetch("brokers", YamlMapping)
    addresses: dict[str, BrokerAddress] = {}
    for name in listed:
        if not is_id(str(name)):
            raise DefinitionError(listed.where(name), str(name), "a name of letters, digits and underscores")
        fields = listed.fetch(name, YamlMapping)
        fields.fetch("host", str)
        addresses[str(name)] = _read_address(fields)
    return addresses


def describe_broker(name: str, address: BrokerAddress) -> str:
    """One line for --check."""
    return f"broker {name}{' at ' if name else ''}{address.host}:{address.port}, {'TLS' if address.is_tls else 'plain'}"


def _read_port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= _MAX_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to {_MAX_PORT}")
    return port


def _read_address(file: YamlMapping) -> BrokerAddress:
    file.refuse_others(_BROKER_KEYS)
    certificate = file.fetch("certificate", str, "") or None
    is_tls = file.fetch("tls", bool, default=bool(certificate))
    if certificate and not is_tls:
        raise DefinitionError(file.where("tls"), "tls", "a certificate is for TLS")
    token = file.fetch("token", str, "") or None
    if token and "password" in file:
        raise DefinitionError(file.where("token"), "token", "either token or password")
    version = str(file["mqtt"]) if "mqtt" in file else MqttVersion.AUTO.value
    if version not in tuple(MqttVersion):
        raise DefinitionError(file.where("mqtt"), "mqtt", f"one of {', '.join(MqttVersion)}")
    return BrokerAddress(
        host=file.fetch("host", str, "127.0.0.1"),
        port=file.fetch("port", int, MQTT_TLS_PORT if is_tls else MQTT_PORT, minimum=1, maximum=_MAX_PORT),
        user=file.fetch("user", str, TOKEN_USER if token else None),
        password=token or file.fetch("password", str, None),
        certificate=certificate,
        is_tls=is_tls,
        client_id=file.fetch("client_id", str, None),
        version=MqttVersion(version),
    )


def read_policy(config: YamlMapping) -> Policy:
    """The operator's decisions.

    Raises:
        DefinitionError: unknown key or wrong value in the configuration.
    """
    config.refuse_others(
        (
            "broker",
            "brokers",
            "max_services",
            "max_devices",
            "device_instance_topic",
            "proxy",
            "proxy_any_service",
            "last_will",
            "clients",
            "other_clients",
            "steering",
            "bus_connections",
        )
    )
    defaults = Policy()
    return Policy(
        max_services=config.fetch("max_services", int, defaults.max_services, minimum=1, maximum=MAX_SERVICES),
        max_devices=config.fetch("max_devices", int, defaults.max_devices, minimum=1, maximum=_MAX_DEVICES),
        sends_device_instance=config.fetch("device_instance_topic", bool, default=False),
        proxy_publishes=config.fetch("proxy", str, "direct", choices=("direct", "publish")) == "publish",
        proxy_checks_owner=not config.fetch("proxy_any_service", bool, default=False),
        last_will_keeps=config.fetch("last_will", str, "unregister", choices=("unregister", "keep")) == "keep",
        clients=_read_clients(config),
        allows_others=config.fetch("other_clients", bool, default=True),
    )


def read_steering(config: YamlMapping) -> frozenset[str]:
    """The service types that may steer power.

    Raises:
        DefinitionError: no list of text.
    """
    if config.get("steering") is None:
        return frozenset()
    names = config.fetch("steering", YamlList)
    for number, name in enumerate(names):
        if not isinstance(name, str):
            raise DefinitionError(names.where(number), "steering", "a list of service types")
    return frozenset(names)


def read_connection_limit(config: YamlMapping) -> int:
    """How many connections to the bus may be in use, everybody's included.

    Raises:
        DefinitionError: no such number.
    """
    total = config.fetch("bus_connections", int, MAX_CONNECTIONS, minimum=MAX_CONNECTIONS, maximum=_MAX_CONNECTIONS)
    return total - RESERVED


def _read_clients(config: YamlMapping) -> dict[str, str | None]:
    if config.get("clients") is None:
        return {}
    listed = config.fetch("clients", YamlMapping)
    clients: dict[str, str | None] = {}
    for client_id in listed:
        if not is_id(str(client_id)):
            raise DefinitionError(listed.where(client_id), str(client_id), "is no client id")
        fields = listed.fetch(client_id, YamlMapping)
        fields.refuse_others(("secret",))
        clients[str(client_id)] = fields.fetch("secret", str, None)
    return clients
