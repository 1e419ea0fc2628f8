"""python-OBD's blocking connection, made safe: deadlines, checked answers, several PIDs at once.

Only the thread that made an Adapter may use it: python-OBD has no lock.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import serial

from obdio import answers
from obdio.errors import LinkLost, Refused
from obdio.link import LinkState
from obdio.ports.protocol_deadline import Terms, deadline_url, forget
from obdio.table import CLEAR, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CAN_PROTOCOLS = frozenset("6789")
BASE_COMMANDS = 8
"""python-OBD lists so many commands as supported even when no vehicle answers."""
MAX_PIDS = 6
"""PIDs in one CAN request, by ISO 15031-5."""
MAX_KNOWN_COUNTS = 512
"""Requests whose number of answer lines is remembered."""
FAILURES_TO_GIVE_UP = 3
"""So often a shortcut may fail before it is not used any more on this adapter."""
FREEZE_FRAME_MODE = 2
FIRST_FRAME = b"00"
"""ISO 15031-5: a request for a freeze frame ends with its number, the answer repeats it; python-OBD leaves it out."""
DEFAULT = b"7E0"
"""python-OBD's mark of a command without a header of its own."""
EVERYBODY = {"6": b"7DF", "8": b"7DF", "7": b"DB33F1", "9": b"DB33F1"}
"""The functional addresses of ISO 15765-4, in use after a reset, by protocol; on others no header is set."""
TEXTS = {"VIN": 17, "CALIBRATION_ID": 16}
"""Texts that python-OBD shortens: its decoder strips the characters 0, 1, 2, x and backslash at both ends."""


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


@dataclass(slots=True)
class _Shortcuts:
    """What this adapter and vehicle turned out to understand."""

    has_counts: bool = True
    has_several: bool = True
    count_failures: int = 0
    several_failures: int = 0
    counts: dict[bytes, int] = field(default_factory=dict)


class Adapter:
    """One ELM327 adapter."""

    def __init__(self, settings: AdapterSettings, table: Table) -> None:
        self.settings = settings
        self.terms = Terms()
        self._table = table
        self._obd: Any = None
        self._shortcuts = _Shortcuts(has_counts=settings.fast)
        self._header = DEFAULT
        self.port = settings.port

    @property
    def protocol_id(self) -> str:
        """ELM's number of the protocol, "" when not connected."""
        return self._obd.protocol_id() if self._obd and self._obd.interface else ""

    @property
    def protocol_name(self) -> str:
        """Name of the protocol, "" when not connected."""
        return self._obd.protocol_name() if self._obd and self._obd.interface else ""

    @property
    def baudrate(self) -> int | None:
        """Speed of the port in bit/s, None when not open."""
        return self.terms.baudrate

    def open(self, protocol: str | None, baudrate: int | None) -> Opened:
        """Open the port and find the vehicle, with what is remembered or None. Never raises for the wire."""
        self.close()
        self.terms.failure = ""
        self._header = DEFAULT  # opening resets the adapter
        self.terms.search_s = Terms().search_s
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
            self._obd = self._construct(url, protocol, baudrate)
        except (AttributeError, OSError, ValueError, TypeError, IndexError) as error:
            # python-OBD runs into these when a port dies under it in the middle of opening.
            self.close()
            return Opened(LinkState.NO_PORT, self.terms.failure or f"{type(error).__name__}: {error}")
        return self._opened()

    def close(self) -> None:
        """Close the port. The adapter resets: leave it a second or two before opening again."""
        connection, self._obd = self._obd, None
        if connection is not None:
            # python-OBD's close() writes to a port that its own failed write has just dropped.
            with contextlib.suppress(AttributeError, OSError):
                connection.close()
        forget(self.terms)

    def voltage_v(self) -> float | None:
        """Return the voltage at the vehicle's plug, None when the adapter cannot tell. Raises LinkLost."""
        response = self._decode(self._table.find("ELM_VOLTAGE"), self._send(b"ATRV"))
        return None if response.value is None else float(response.value.magnitude)

    def query(self, command: Any, *, clear: bool = False) -> tuple[Any, bool | None]:
        """Ask for command; return its OBDResponse, and whether the vehicle said anything at all. Raises LinkLost.

        None instead of the latter when only the adapter was asked.

        A command that acts on the vehicle is refused, however it is asked; clear is the caller's word that all
        conditions for erasing trouble codes were checked.
        """
        if not self._table.is_readable(command) and not (clear and command.name == CLEAR):
            raise Refused(f"{command.name} is not a command that only reads")
        self._set_header(command.header)
        if command.mode is None:
            return self._decode(command, self._send(command.command)), None
        request = command.command + (FIRST_FRAME if command.mode == FREEZE_FRAME_MODE else b"")
        messages = self._exchange(request, may_count=command.fast and command.mode == 1)
        spoke = any(message.data for message in messages)
        pid = command.pid if command.mode in (1, 2, 9) else None
        good = [message for message in messages if answers.is_answer_to(message.data, command.mode, pid)]
        if command.mode == FREEZE_FRAME_MODE:
            for message in good:
                del message.data[answers.VALUE_AT : answers.VALUE_AT + 1]  # the frame's number
        return self._decode(command, good), spoke

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
        return (
            self._shortcuts.has_several
            and self.protocol_id in CAN_PROTOCOLS
            and all(self.is_batchable(command) for command in commands)
        )

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
        status, known = self._obd.status(), self._table.obd.OBDStatus
        if status == known.NOT_CONNECTED:
            reason = self.terms.failure or "the port cannot be opened, or what is there is no ELM327"
            self.close()
            return Opened(LinkState.NO_PORT, reason)
        names = frozenset(command.name for command in self._obd.supported_commands)
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
        self._set_header(DEFAULT)
        lengths = {command.pid: command.bytes - answers.VALUE_AT for command in commands}
        for message in self._exchange(request, may_count=True):
            if not message.ecu & self._table.obd.ECU.ENGINE:
                continue
            try:
                values = answers.split_pids(message.data, lengths)
            except ValueError:
                continue
            self._shortcuts.several_failures = 0
            return [self._response(command, message, values.get(command.pid)) for command in commands]
        self._shortcuts.several_failures += 1
        if self._shortcuts.several_failures >= FAILURES_TO_GIVE_UP:
            self._shortcuts.has_several = False
        return None

    def _response(self, command: Any, message: Any, value: bytes | None) -> Any:
        if value is None:
            return self._table.obd.OBDResponse(command)
        single = type(message)(message.frames)
        single.ecu = self._table.obd.ECU.ENGINE
        single.data = bytearray((0x41, command.pid)) + value
        return self._decode(command, [single])

    def _decode(self, command: Any, messages: Sequence[Any]) -> Any:
        if not messages:
            return self._table.obd.OBDResponse(command)
        text = bytes(messages[0].data)
        try:
            response = command(messages)
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
            return self._table.obd.OBDResponse(command)  # an answer that its own decoder cannot read
        if response.value is not None and command.name in TEXTS:
            response.value = bytearray(answers.text_of(text, TEXTS[command.name]))
        elif response.value is not None and command.name == "CVN":
            response.value = text[3:7].hex()
        return response

    def _set_header(self, header: bytes) -> None:
        """Address the unit that a command is for. DEFAULT is whoever answers, not only the unit of that number."""
        everybody = EVERYBODY.get(self.protocol_id)
        if header != self._header and everybody is not None:
            self._send(b"ATSH" + (everybody if header == DEFAULT else header))
            self._header = header

    def _exchange(self, request: bytes, *, may_count: bool) -> list[Any]:
        """Send request, with the expected number of lines when known: the adapter then need not wait for more."""
        shortcuts = self._shortcuts
        count = shortcuts.counts.get(request, 0) if may_count and shortcuts.has_counts else 0
        if count:
            messages = self._send(request + b"%d" % count)
            if any(message.data for message in messages):
                return messages
            shortcuts.counts[request] = 0
        messages = self._send(request)
        if any(message.data for message in messages):
            self._learn(request, messages, was_counted=count > 0)
        return messages

    def _learn(self, request: bytes, messages: Sequence[Any], *, was_counted: bool) -> None:
        shortcuts = self._shortcuts
        shortcuts.count_failures += was_counted
        if shortcuts.count_failures >= FAILURES_TO_GIVE_UP:
            shortcuts.has_counts = False  # a clone that does not understand the digit
        lines = sum(len(message.frames) for message in messages)
        if len(shortcuts.counts) < MAX_KNOWN_COUNTS and lines <= 9:  # noqa: PLR2004 - it is one digit
            shortcuts.counts.setdefault(request, lines)

    def _send(self, request: bytes) -> list[Any]:
        interface = self._obd.interface if self._obd is not None else None
        if interface is None:
            raise LinkLost("the port is closed")
        messages = interface.send_and_parse(request)
        if messages is None or self._obd.status() == self._table.obd.OBDStatus.NOT_CONNECTED:
            reason = self.terms.failure or "the adapter is gone"
            self.close()
            raise LinkLost(reason)
        return list(messages)
