"""Device specs: `tcp:host:port:unit`, `udp:...`, `rtu:tty:rate:unit`, `ascii:...`, and `rtutcp:host:port:unit`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from modbus_client.protocol.errors import SpecError

Method = Literal["tcp", "udp", "rtu", "ascii", "rtutcp"]
NET_METHODS = ("tcp", "udp", "rtutcp")
SERIAL_METHODS = ("rtu", "ascii")

MAX_UNIT = 247
"""Highest unit address on a serial line (Modbus over Serial Line 1.02, 2.2)."""
TCP_UNIT = 255
"""Modbus TCP's own: the device behind the address itself."""
MAX_PARTS = 32
"""Devices in one SunSpec chain: an inverter and its meters are about five."""
_FORM = "expected {tcp,udp,rtutcp}:host:port:unit or {rtu,ascii}:tty:rate:unit, a unit may be 1/2 for its second device"
_HOST = re.compile(r"\[[0-9A-Fa-f:.%a-z]+\]|[A-Za-z0-9_.-]+")
_TTY = re.compile(r"/?[A-Za-z0-9_./:@+,-]+")


@dataclass(frozen=True, slots=True)
class Framing:
    """How bytes look on a serial line beyond its rate."""

    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1

    @property
    def bits_per_byte(self) -> int:
        """Bits on the wire for one byte: start, eight of data, parity, stop."""
        return 9 + self.stop_bits + (self.parity != "N")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a connection is opened to: devices with an equal endpoint share one connection."""

    method: Method
    target: str  # a host, or a tty with its full path
    number: int  # port or rate
    framing: Framing = Framing()

    @property
    def is_serial(self) -> bool:
        """A tty, not a network host."""
        return self.method in SERIAL_METHODS

    def __str__(self) -> str:
        return f"{self.method}:{self.target.removeprefix('/dev/')}:{self.number}"


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """Where one device is. Two specs are equal when their text is (the framing is configuration, not identity)."""

    method: Method
    target: str
    number: int
    unit: int  # 0: the default units of each family are tried
    part: int = 1  # which device of a SunSpec chain

    def __str__(self) -> str:
        part = f"/{self.part}" if self.part > 1 else ""
        return f"{self.method}:{self.target}:{self.number}:{self.unit}{part}"

    @property
    def is_serial(self) -> bool:
        """On a tty, not on a network."""
        return self.method in SERIAL_METHODS

    def with_unit(self, unit: int) -> DeviceSpec:
        """Return the same place with another unit."""
        return replace(self, unit=unit)

    def with_part(self, part: int) -> DeviceSpec:
        """Return another device of the same chain; 1 is the one that stands for all."""
        return replace(self, part=part)

    def endpoint(self, framing: Framing = Framing()) -> Endpoint:
        """Return what to open. A tty without a directory lies in /dev."""
        target = self.target.strip("[]") if not self.is_serial else self.target
        if self.is_serial and not target.startswith("/"):
            target = f"/dev/{target}"
        return Endpoint(self.method, target, self.number, framing if self.is_serial else Framing())


def parse_spec(text: str) -> DeviceSpec:
    """Parse one spec. Raises SpecError, which names the field.

    The host may be an IPv6 address in brackets, the tty a path (`/dev/serial/by-id/...`, which may hold colons).
    """
    parts = text.strip().split(":")
    if len(parts) < 4:  # noqa: PLR2004 - the four fields
        raise SpecError(f"{text!r}: {_FORM}")
    method, target, number = parts[0], ":".join(parts[1:-2]), parts[-2]
    unit, slash, part = parts[-1].partition("/")
    if method not in NET_METHODS + SERIAL_METHODS:
        raise SpecError(f"{text!r}: unknown method {method!r}; {_FORM}")
    serial = method in SERIAL_METHODS
    if not (_TTY if serial else _HOST).fullmatch(target):
        raise SpecError(f"{text!r}: {target!r} is no {'tty' if serial else 'host name or address'}; {_FORM}")
    low, high, what = (50, 4_000_000, "rate") if serial else (1, 65535, "port")
    if not number.isascii() or not number.isdigit() or not low <= int(number) <= high:
        raise SpecError(f"{text!r}: {what} {number!r} is not a number in {low}..{high}")
    if not unit.isascii() or not unit.isdigit() or int(unit) > (MAX_UNIT if serial else TCP_UNIT):
        raise SpecError(f"{text!r}: unit {unit!r} is not a number in 0..{MAX_UNIT if serial else TCP_UNIT}")
    if slash and (not part.isascii() or not part.isdigit() or not 1 <= int(part) <= MAX_PARTS):
        raise SpecError(f"{text!r}: device {part!r} of the unit is not a number in 1..{MAX_PARTS}")
    return DeviceSpec(method, target, int(number), int(unit), int(part or 1))  # type: ignore[arg-type]  # checked above


def parse_saved(text: str) -> tuple[list[DeviceSpec], list[str]]:
    """Parse the comma list of the Devices setting; return the specs, and what was wrong with the others."""
    specs, faults = dict[DeviceSpec, None](), []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            specs[parse_spec(part)] = None
        except SpecError as error:
            faults.append(str(error))
    return list(specs), faults


def format_saved(specs: list[DeviceSpec]) -> str:
    """Return the text of the Devices setting: sorted, so that an unchanged set is an unchanged setting."""
    return ",".join(sorted({str(spec) for spec in specs}))
