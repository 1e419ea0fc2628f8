"""Command line and configuration file. The flags are those of the former driver; the command line wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemonkit.errors import DefinitionError
from daemonkit.yamlvalues import YamlList, YamlMapping
from mqtt_devices.connections import MAX_CONNECTIONS, RESERVED
from mqtt_devices.protocol.admission import Policy
from mqtt_devices.protocol.broker_address import MQTT_PORT, MQTT_TLS_PORT, BrokerAddress
from mqtt_devices.protocol.names import is_id

if TYPE_CHECKING:
    import argparse

_MAX_PORT = 65535
# Each has a connection to the bus, and 256 is what an unchanged bus gives to all of Venus together.
MAX_SERVICES = 1024
_MAX_CONNECTIONS = 4096
_MAX_DEVICES = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the daemon's own arguments to the common ones."""
    parser.add_argument("-q", "--mqtt-server", metavar="HOST", help="the MQTT broker (default 127.0.0.1)")
    parser.add_argument("--mqtt-port", metavar="PORT", type=int, help="default 1883, with -c 8883")
    parser.add_argument("-u", "--mqtt-user", metavar="USER", help="user name for the broker")
    parser.add_argument("-P", "--mqtt-password", metavar="PASSWORD", help="password for the broker")
    parser.add_argument("-c", "--mqtt-certificate", metavar="FILE", help="certificate of the authority: connect by TLS")
    parser.add_argument("-i", "--init-broker", action="store_true", help="accepted for compatibility, does nothing")


def read_broker(arguments: argparse.Namespace, config: YamlMapping) -> BrokerAddress:
    """The broker as command line and configuration name it.

    Raises:
        DefinitionError: unknown key or wrong value in the configuration.
    """
    file = config.fetch("broker", YamlMapping, YamlMapping(config.file, config.line))
    file.refuse_others(("host", "port", "user", "password", "certificate"))
    certificate = arguments.mqtt_certificate or file.fetch("certificate", str, None)
    default_port = MQTT_TLS_PORT if certificate else MQTT_PORT
    return BrokerAddress(
        host=arguments.mqtt_server or file.fetch("host", str, "127.0.0.1"),
        port=arguments.mqtt_port or file.fetch("port", int, default_port, minimum=1, maximum=_MAX_PORT),
        user=arguments.mqtt_user or file.fetch("user", str, None),
        password=arguments.mqtt_password or file.fetch("password", str, None),
        certificate=certificate,
    )


def read_policy(config: YamlMapping) -> Policy:
    """The operator's decisions.

    Raises:
        DefinitionError: unknown key or wrong value in the configuration.
    """
    config.refuse_others(
        (
            "broker",
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
