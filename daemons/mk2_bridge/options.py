"""Command line and configuration file; the command line wins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from daemonkit.errors import DefinitionError
from mk2.control import Permissions
from mk2.jobs import JobOptions
from mk2.system import SystemOptions

if TYPE_CHECKING:
    import argparse

    from daemonkit.yamlvalues import YamlMapping

KEYS = (
    "tty",
    "take_tty",
    "allow_builtin_port",
    "device_instance",
    "product_name",
    "beside_other_vebus",
    "poll_period",
    "pipelining",
    "snapshots",
    "probe_info_requests",
    "probe_devices",
    "high_speed",
    "allow_off_without_standby",
    "allow_setting_writes",
    "allow_eeprom_writes",
    "allow_reset",
    "allow_max_charge_current",
    "eeprom_writes_per_hour",
    "eeprom_writes_per_day",
    "ess",
    "ess_max_power",
)
MAX_POLL_S = 10.0
MAX_WRITES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user has decided. See docs/mk2-bridge.md for the meaning of each key."""

    tty: str
    take_tty: bool = False
    allow_builtin_port: bool = False
    device_instance: int = 276
    product_name: str | None = None
    beside_other_vebus: bool = False
    eeprom_per_hour: int = 6
    eeprom_per_day: int = 20
    ess: bool = True
    ess_max_power_w: float = 5000.0
    permissions: Permissions = field(default_factory=Permissions)
    system: SystemOptions = field(default_factory=SystemOptions)

    @property
    def unique_name(self) -> str:
        """The tty's name as the last part of the service's name."""
        last = self.tty.rstrip("/").rpartition("/")[2]
        name = "".join(c if c.isascii() and c.isalnum() else "_" for c in last)
        return name if name[:1].isalpha() else f"tty{name}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the daemon's own arguments to the common ones."""
    parser.add_argument("-t", "--tty", metavar="TTY", help="the MK2 or MK3, e.g. /dev/ttyUSB0")


def read_options(arguments: argparse.Namespace, config: YamlMapping) -> Options:
    """Return the options of command line and configuration.

    Raises:
        DefinitionError: an unknown key, a wrong value, or no tty at all.
    """
    config.refuse_others(KEYS)
    tty = arguments.tty or config.fetch("tty", str, None)
    if not tty:
        raise DefinitionError(config.where("tty"), "tty", "is missing: the tty of the MK2 or MK3, e.g. /dev/ttyUSB0")
    return Options(
        tty=tty,
        take_tty=config.fetch("take_tty", bool, default=False),
        allow_builtin_port=config.fetch("allow_builtin_port", bool, default=False),
        device_instance=config.fetch("device_instance", int, 276, minimum=0, maximum=511),
        product_name=config.fetch("product_name", str, None),
        beside_other_vebus=config.fetch("beside_other_vebus", bool, default=False),
        eeprom_per_hour=config.fetch("eeprom_writes_per_hour", int, 6, minimum=0, maximum=MAX_WRITES),
        eeprom_per_day=config.fetch("eeprom_writes_per_day", int, 20, minimum=0, maximum=MAX_WRITES),
        ess=config.fetch("ess", bool, default=True),
        ess_max_power_w=config.fetch("ess_max_power", float, 5000.0, minimum=0, maximum=32767),
        permissions=_permissions(config),
        system=_system(config),
    )


def _permissions(config: YamlMapping) -> Permissions:
    def allows(key: str) -> bool:
        return config.fetch(key, bool, default=False)

    return Permissions(
        off_without_standby=allows("allow_off_without_standby"),
        settings=allows("allow_setting_writes"),
        charge_current=allows("allow_max_charge_current"),
        eeprom=allows("allow_eeprom_writes"),
        reset=allows("allow_reset"),
    )


def _system(config: YamlMapping) -> SystemOptions:
    return SystemOptions(
        cycle_s=config.fetch("poll_period", float, 0.0, minimum=0, maximum=MAX_POLL_S),
        pipelining=config.fetch("pipelining", bool, default=True),
        probe_info=config.fetch("probe_info_requests", bool, default=True),
        probe_devices=config.fetch("probe_devices", bool, default=True),
        high_speed=config.fetch("high_speed", bool, default=False),
        jobs=JobOptions(snapshots=config.fetch("snapshots", bool, default=True)),
    )
