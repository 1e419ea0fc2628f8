"""Requests and their answers over one connection of python-OBD: headers, the count of lines, a link that is gone."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from obdio.errors import LinkLost
from obdio.ports.protocol_deadline import Terms, forget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from obdio.table import Table

MAX_KNOWN_COUNTS = 512
"""Requests whose number of answer lines is remembered."""
MOST_LINES = 9
"""The number of lines is told to the adapter as one digit."""
FAILURES_TO_GIVE_UP = 3
"""So often a shortcut may fail before it is not used any more on this adapter."""
DEFAULT = b"7E0"
"""python-OBD's mark of a command without a header of its own."""
EVERYBODY = {"6": b"7DF", "8": b"7DF", "7": b"DB33F1", "9": b"DB33F1"}
"""The functional addresses of ISO 15765-4, in use after a reset, by protocol; on others no header is set."""
CAN_PROTOCOLS = frozenset(EVERYBODY)


@dataclass(slots=True)
class _Shortcuts:
    """What this adapter and vehicle turned out to understand."""

    has_counts: bool
    has_several: bool = True
    count_failures: int = 0
    several_failures: int = 0
    counts: dict[bytes, int] = field(default_factory=dict)


class Exchange:
    """The wire side of one adapter. is_fast: whether to try telling the adapter how many lines to wait for."""

    def __init__(self, table: Table, *, is_fast: bool) -> None:
        self.terms = Terms()
        self.connection: Any = None
        """python-OBD's, while a port is open."""
        self._table = table
        self._shortcuts = _Shortcuts(has_counts=is_fast)
        self._header = DEFAULT

    @property
    def protocol_id(self) -> str:
        """ELM's number of the protocol, "" when not connected."""
        return self.connection.protocol_id() if self._interface else ""

    @property
    def protocol_name(self) -> str:
        """Name of the protocol, "" when not connected."""
        return self.connection.protocol_name() if self._interface else ""

    @property
    def has_several(self) -> bool:
        """Whether several PIDs may share a request."""
        return self._shortcuts.has_several and self.protocol_id in CAN_PROTOCOLS

    def begin(self) -> None:
        """Forget what ended with the last connection: opening resets the adapter."""
        self.terms.failure = ""
        self._header = DEFAULT
        self.terms.search_s = Terms().search_s

    def close(self) -> None:
        """Close the port. The adapter resets: leave it a second or two before opening again."""
        connection, self.connection = self.connection, None
        if connection is not None:
            # python-OBD's close() writes to a port that its own failed write has just dropped.
            with contextlib.suppress(AttributeError, OSError):
                connection.close()
        forget(self.terms)

    def address(self, header: bytes) -> bool:
        """Address the unit that a command is for. DEFAULT is whoever answers, not only the unit of that number.

        False when the adapter does not take it, and still addresses another.
        """
        everybody = EVERYBODY.get(self.protocol_id)
        if header != self._header and everybody is not None:
            answer = self.send(b"ATSH" + (everybody if header == DEFAULT else header))
            if not any("OK" in message.raw() for message in answer):
                return False
            self._header = header
        return True

    def ask(self, request: bytes, *, may_count: bool) -> list[Any]:
        """Send request, with the expected number of lines when known: the adapter then need not wait for more."""
        shortcuts = self._shortcuts
        count = shortcuts.counts.get(request, 0) if may_count and shortcuts.has_counts else 0
        if count:
            messages = self.send(request + b"%d" % count)
            if any(message.data for message in messages):
                return messages
            shortcuts.counts[request] = 0
        messages = self.send(request)
        if any(message.data for message in messages):
            self._learn(request, messages, was_counted=count > 0)
        return messages

    def send(self, request: bytes) -> list[Any]:
        """Send request as it is; returns python-OBD's messages. Raises LinkLost, and has then closed the port."""
        interface = self._interface
        if interface is None:
            raise LinkLost("the port is closed")
        try:
            messages = interface.send_and_parse(request)
        except (LookupError, TypeError, ValueError, AttributeError):
            messages = []  # python-OBD looks beyond the end of a line that lost some characters
        if messages is None or self.connection.status() == self._table.obd.OBDStatus.NOT_CONNECTED:
            self._lose()
        return list(messages)

    def sleep(self) -> None:
        """Have the adapter shut off all but its ear on the serial line (ATLP). Raises LinkLost."""
        if self._interface is None:
            raise LinkLost("the port is closed")
        self._interface.low_power()
        if self.connection.status() == self._table.obd.OBDStatus.NOT_CONNECTED:
            self._lose()

    def note_several(self, *, worked: bool) -> None:
        """Note whether a request of several PIDs was answered as one."""
        self._shortcuts.several_failures = 0 if worked else self._shortcuts.several_failures + 1
        if self._shortcuts.several_failures >= FAILURES_TO_GIVE_UP:
            self._shortcuts.has_several = False

    @property
    def _interface(self) -> Any:
        return self.connection.interface if self.connection is not None else None

    def _lose(self) -> None:
        reason = self.terms.failure or "the adapter is gone"
        self.close()
        raise LinkLost(reason)

    def _learn(self, request: bytes, messages: Sequence[Any], *, was_counted: bool) -> None:
        shortcuts = self._shortcuts
        shortcuts.count_failures += was_counted
        if shortcuts.count_failures >= FAILURES_TO_GIVE_UP:
            shortcuts.has_counts = False  # a clone that does not understand the digit
        lines = sum(len(message.frames) for message in messages)
        if len(shortcuts.counts) < MAX_KNOWN_COUNTS and lines <= MOST_LINES:
            shortcuts.counts.setdefault(request, lines)
