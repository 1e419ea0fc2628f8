"""obd-server.yml, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import YamlMapping
from obd_server.definition_file import FASTEST_S, SLOWEST_S, texts
from obdio.adapter import AdapterSettings
from obdio.guard import GuardLimits

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from obd_server.protocol.definition import ServiceDefinition

PORT = 48484
LOCAL = "127.0.0.1"
KEYS = ("adapter", "listen", "rights", "battery_guard", "services", "rates")
PROTOCOLS = tuple("123456789A")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the user decided."""

    adapter: AdapterSettings | None
    """None while no port is configured: a GX never searches its ports, they belong to other drivers."""
    take_tty: bool
    """Whether Venus is made to let go of the port."""
    host: str
    port: int
    allowed_hosts: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    may_write: bool
    may_clear: bool
    guard: GuardLimits
    services: frozenset[str]
    rates: Mapping[str, float]


def read_config(file: YamlMapping, arguments: argparse.Namespace, services: Mapping[str, ServiceDefinition]) -> Config:
    """Return the configuration; the command line wins. Raises DefinitionError."""
    file.refuse_others(KEYS)
    listen = _section(file, "listen", ("host", "port", "allowed_hosts", "allowed_origins"))
    rights = _section(file, "rights", ("write", "clear_dtc"))
    may_write = rights.fetch("write", bool, False)
    origins = texts(listen, "allowed_origins")
    if "*" in origins:
        raise DefinitionError(listen.where("allowed_origins"), "allowed_origins", "may not be '*': name the pages")
    rates = _section(file, "rates", None)
    return Config(
        adapter=_adapter(file, arguments),
        take_tty=_adapter_section(file).fetch("take_tty", bool, False),
        host=arguments.host or listen.fetch("host", str, LOCAL),
        port=arguments.listen_port
        if arguments.listen_port is not None
        else listen.fetch("port", int, PORT, minimum=0, maximum=65535),
        allowed_hosts=texts(listen, "allowed_hosts"),
        allowed_origins=origins,
        may_write=may_write,
        may_clear=may_write and rights.fetch("clear_dtc", bool, False),
        guard=_guard(file),
        services=_services(file, services),
        rates={name: rates.fetch(name, float, minimum=FASTEST_S, maximum=SLOWEST_S) for name in rates},
    )


def _section(file: YamlMapping, key: str, known: tuple[str, ...] | None) -> YamlMapping:
    section = file.fetch(key, YamlMapping, YamlMapping(file.file, file.line))
    if known is not None:
        section.refuse_others(known)
    return section


def _adapter_section(file: YamlMapping) -> YamlMapping:
    return _section(file, "adapter", ("port", "take_tty", "baudrate", "protocol", "fast", "check_voltage"))


def _adapter(file: YamlMapping, arguments: argparse.Namespace) -> AdapterSettings | None:
    section = _adapter_section(file)
    port = arguments.port or section.fetch("port", str, "")
    if not port:
        return None
    if not port.startswith(("/dev/", "socket://", "rfc2217://", "/tmp/")):  # noqa: S108 - simulators live there
        raise DefinitionError(section.where("port"), "port", "has to be a device (/dev/...) or socket://host:port")
    return AdapterSettings(
        port=port,
        baudrate=section.fetch("baudrate", int, None, minimum=1200, maximum=2_000_000),
        protocol=section.fetch("protocol", str, None, choices=PROTOCOLS),
        fast=section.fetch("fast", bool, True),
        check_voltage=section.fetch("check_voltage", bool, True),
    )


def _guard(file: YamlMapping) -> GuardLimits:
    usual = GuardLimits()
    section = _section(
        file, "battery_guard", ("system_voltage", "alternator", "rise", "stop_below", "sleep_after", "check_every")
    )
    return GuardLimits(
        alternator_v=section.fetch("alternator", float, usual.alternator_v, minimum=12.0, maximum=15.0),
        rise_v=section.fetch("rise", float, usual.rise_v, minimum=0.1, maximum=2.0),
        stop_v=section.fetch("stop_below", float, usual.stop_v, minimum=10.0, maximum=13.0),
        sleep_after_s=section.fetch("sleep_after", float, usual.sleep_after_s, minimum=1, maximum=3600),
        asleep_check_s=section.fetch("check_every", float, usual.asleep_check_s, minimum=1, maximum=3600),
        system_v=section.fetch("system_voltage", int, 0, choices=(0, 12, 24)),
    )


def _services(file: YamlMapping, known: Mapping[str, ServiceDefinition]) -> frozenset[str]:
    section = _section(file, "services", tuple(known))
    return frozenset(key for key, service in known.items() if section.fetch(key, bool, service.is_default))
