"""python-OBD's blocking connection, made safe: deadlines, checked answers, several PIDs at once.

Only the thread that made an Adapter may use it: python-OBD has no lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import serial

from obdio import answers
from obdio.decoding import decode, decode_part, decode_voltage
from obdio.errors import LinkLost, Refused
from obdio.exchange import DEFAULT, Exchange
from obdio.link import LinkState
from obdio.ports.protocol_deadline import deadline_url
from obdio.table import CLEAR, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from obdio.ports.protocol_deadline import Terms

BASE_COMMANDS = 8
"""python-OBD lists so many commands as supported even when no vehicle answers."""
MAX_PIDS = 6
"""PIDs in one CAN request, by ISO 15031-5."""
FREEZE_FRAME_MODE = 2
FIRST_FRAME = b"00"
"""ISO 15031-5: a request for a freeze frame ends with its number, the answer repeats it; python-OBD leaves it out."""
VENUS = "/opt/victronenergy"
"""Only a GX has this directory."""
ANY_BAUD = 38400
"""A speed has no meaning on a socket or a pseudo terminal, but without one python-OBD would search for it."""


@dataclass(frozen=True, slots=True)
class AdapterSettings:
    """How to reach the adapter: python-OBD's arguments. port: a device path, socket://host:port, or "" to search."""

    port: str
    baudrate: int | None = None
    protocol: str | None = None
    fast: bool = True
    timeout: float = 0.1
    check_voltage: bool = True
    start_low_power: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """The result of opening."""

    state: LinkState
    reason: str
    supported: frozenset[str] = frozenset()


class Adapter:
    """One ELM327 adapter."""

    def __init__(
        self, settings: AdapterSettings, table: Table, before_open: Callable[[str], None] = lambda _: None
    ) -> None:
        self.settings = settings
        self._before_open = before_open
        self.port = settings.port
        self._table = table
        self._exchange = Exchange(table, is_fast=settings.fast)

    @property
    def terms(self) -> Terms:
        """The deadlines of an exchange; is_cancelled ends one under way."""
        return self._exchange.terms

    @property
    def is_open(self) -> bool:
        """Whether a port is open."""
        return self._exchange.connection is not None

    @property
    def protocol_id(self) -> str:
        """ELM's number of the protocol, "" when not connected."""
        return self._exchange.protocol_id

    @property
    def protocol_name(self) -> str:
        """Name of the protocol, "" when not connected."""
        return self._exchange.protocol_name

    @property
    def baudrate(self) -> int | None:
        """Speed of the port in bit/s, None when not open."""
        return self.terms.baudrate

    def open(self, protocol: str | None, baudrate: int | None) -> Opened:
        """Open the port and find the vehicle, with what is remembered or None. Never raises for the wire."""
        self.close()
        self._exchange.begin()
        opened = Opened(LinkState.NO_PORT, "no adapter was found: name its port")
        for port in [self.settings.port] if self.settings.port else self._scan():
            opened = self._open_port(port, protocol, baudrate)
            if opened.state is not LinkState.NO_PORT:
                break
        return opened

    def _scan(self) -> list[str]:
        if Path(VENUS).exists():
            return []  # every tty of a GX belongs to some driver: trying them would disturb meters and chargers
        return list(self._table.obd.scan_serial())

    def _open_port(self, port: str, protocol: str | None, baudrate: int | None) -> Opened:
        url = deadline_url(port, self.terms)
        self.port = port
        try:
            self._before_open(port)
            self._exchange.connection = self._construct(url, protocol, baudrate)
        except LinkLost as lost:
            return Opened(LinkState.NO_PORT, str(lost))
        except (AttributeError, OSError, ValueError, TypeError, IndexError) as error:
            # python-OBD runs into these when a port dies under it in the middle of opening.
            self.close()
            return Opened(LinkState.NO_PORT, self.terms.failure or f"{type(error).__name__}: {error}")
        return self._opened()

    def close(self) -> None:
        """Close the port. The adapter resets: leave it a second or two before opening again."""
        self._exchange.close()

    def sleep(self) -> None:
        """Put the adapter into its low power mode; close() or opening wakes it. Raises LinkLost."""
        self._exchange.sleep()

    def voltage_v(self) -> float | None:
        """Return the voltage at the vehicle's plug, None when the adapter cannot tell. Raises LinkLost."""
        return decode_voltage(self._table, self._exchange.send(b"ATRV"))

    def query(self, command: Any, *, clear: bool = False) -> tuple[Any, bool | None]:
        """Ask for command; return its OBDResponse, and whether the vehicle said anything at all. Raises LinkLost.

        None instead of the latter when only the adapter was asked.

        A command that acts on the vehicle is refused, however it is asked; clear is the caller's word that all
        conditions for erasing trouble codes were checked.
        """
        if not self._table.is_readable(command) and not (clear and command.name == CLEAR):
            raise Refused(f"{command.name} is not a command that only reads")
        if not self._exchange.address(command.header):
            return decode(self._table, command, []), None  # another unit would answer in its place
        if command.mode is None:
            return decode(self._table, command, self._exchange.send(command.command)), None
        request = command.command + (FIRST_FRAME if command.mode == FREEZE_FRAME_MODE else b"")
        messages = self._exchange.ask(request, may_count=command.fast and command.mode == 1)
        spoke = any(message.data for message in messages)
        good = [message for message in messages if answers.is_answer_to(message.data, command.command)]
        if command.mode == FREEZE_FRAME_MODE:
            for message in good:
                del message.data[answers.VALUE_AT : answers.VALUE_AT + 1]  # the frame's number
        return decode(self._table, command, good), spoke

    def query_several(self, commands: Sequence[Any]) -> tuple[list[Any], bool | None]:
        """Ask for commands together when adapter and vehicle can, else one by one. Raises LinkLost."""
        if len(commands) > 1 and self.can_batch(commands):
            responses = self._query_together(commands)
            if responses is not None:
                return responses, True
        pairs = [self.query(command) for command in commands]
        spoken = [spoke for _, spoke in pairs if spoke is not None]
        return [response for response, _ in pairs], any(spoken) if spoken else None

    def can_batch(self, commands: Iterable[Any]) -> bool:
        """Whether commands may share a request."""
        return self._exchange.has_several and all(self.is_batchable(command) for command in commands)

    def is_batchable(self, command: Any) -> bool:
        """Whether command is a mode 01 value of known length from the engine's unit."""
        return bool(command.mode == 1 and command.bytes > answers.VALUE_AT and command.header == DEFAULT)

    def _has_no_baud(self) -> bool:
        return "://" in self.port or str(Path(self.port).resolve()).startswith("/dev/pts/")

    def _construct(self, url: str, protocol: str | None, baudrate: int | None) -> Any:
        if "obdio.ports" not in serial.protocol_handler_packages:
            serial.protocol_handler_packages.append("obdio.ports")
        settings = self.settings
        return self._table.obd.OBD(
            url,
            baudrate=settings.baudrate or baudrate or (ANY_BAUD if self._has_no_baud() else None),
            protocol=settings.protocol or protocol,
            fast=settings.fast,
            timeout=settings.timeout,
            check_voltage=settings.check_voltage,
            start_low_power=settings.start_low_power,
        )

    def _opened(self) -> Opened:
        self.terms.search_s = self.terms.silence_s
        connection = self._exchange.connection
        status, known = connection.status(), self._table.obd.OBDStatus
        if status == known.NOT_CONNECTED:
            reason = self.terms.failure or "the port cannot be opened, or what is there is no ELM327"
            self.close()
            return Opened(LinkState.NO_PORT, reason)
        names = frozenset(command.name for command in connection.supported_commands)
        if status == known.CAR_CONNECTED and len(names) > BASE_COMMANDS:
            try:
                names |= self._find_extra(names)
            except LinkLost as lost:
                return Opened(LinkState.NO_PORT, str(lost))
            return Opened(LinkState.CAR, f"connected, {self.protocol_name}", names - {CLEAR})
        if status == known.ELM_CONNECTED:
            return Opened(LinkState.ADAPTER, "the adapter is there, but not in a vehicle's plug (no voltage)")
        return Opened(LinkState.IGNITION_OFF, "the vehicle does not answer: is the ignition on?")

    def _find_extra(self, names: frozenset[str]) -> frozenset[str]:
        """Ask the bit maps beyond python-OBD's table, each only when the one before announces it."""
        pids: set[int] = set()
        for first, name in ((0x40, "PIDS_C"), (0x60, "PIDS_D"), (0x80, "PIDS_E"), (0xA0, "PIDS_F")):
            if name not in names and first not in pids:
                break
            response, _ = self.query(self._table.find(name))
            bits = list(response.value or ())
            pids |= {first + 1 + index for index, bit in enumerate(bits) if bit}
        found = {name for name, command in self._table.extra.items() if command.mode == 1 and command.pid in pids}
        return frozenset(found | self._table.own_names | {"GET_PERMANENT_DTC"})

    def _query_together(self, commands: Sequence[Any]) -> list[Any] | None:
        """Return a response for each command, None when this did not work and must be done singly."""
        request = b"01" + b"".join(command.command[2:4] for command in commands)
        if not self._exchange.address(DEFAULT):
            return None
        lengths = {command.pid: command.bytes - answers.VALUE_AT for command in commands}
        for message in self._exchange.ask(request, may_count=True):
            if not message.ecu & self._table.obd.ECU.ENGINE:
                continue
            try:
                values = answers.split_pids(message.data, lengths)
            except ValueError:
                continue
            self._exchange.note_several(worked=True)
            return [decode_part(self._table, command, message, values.get(command.pid)) for command in commands]
        self._exchange.note_several(worked=False)
        return None
