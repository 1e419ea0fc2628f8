"""A serial port on which every exchange has a deadline.

python-OBD reads with a fixed time-out of 10 s and up to eleven tries, so that an adapter that is silent holds it for
minutes. It opens its port through pyserial's URL look-up, which is the place to put a port that raises in time:
python-OBD then closes the port and reports "not connected".
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import serial

SCHEME = "deadline://"
SLICE_S = 0.2
"""Longest single wait, so that a cancelled exchange ends soon on every kind of port (socket:// has no cancel_read)."""


@dataclass(slots=True)
class Terms:
    """What one exchange may take. Shared by the port and its owner; the owner may change it between exchanges."""

    silence_s: float = 1.0
    """Longest time without a byte: the adapter itself gives a vehicle at most 1.02 s (ATST FF) and then says so."""
    total_s: float = 5.0
    """Longest time for a whole answer, however steadily bytes come: a garbage source never sends a prompt."""
    search_s: float = 15.0
    """Longest silence after 0100: a first one makes the adapter try all its protocols, which takes some 10 s."""
    max_bytes: int = 16_384
    """Longest answer: the longest real one (all trouble codes of several units) stays below 2 KiB."""
    baudrate: int | None = None
    """Speed in use, as set by python-OBD's search or by its caller."""
    is_cancelled: bool = False
    failure: str = ""
    """Why the port raised last."""


@dataclass(slots=True)
class _Registry:
    """Open requests: pyserial makes the port object itself, so its terms travel by number in the URL."""

    terms: dict[str, Terms] = field(default_factory=dict)


_registry = _Registry()


def deadline_url(url: str, terms: Terms) -> str:
    """Return a URL that opens url under terms; release it with forget()."""
    key = str(id(terms))
    _registry.terms[key] = terms
    return f"{SCHEME}{key}/{url}"


def forget(terms: Terms) -> None:
    """Drop the terms of a port that is closed."""
    _registry.terms.pop(str(id(terms)), None)


class Serial:
    """The part of pyserial's interface that python-OBD uses, around a port of any kind."""

    def __init__(self, _port: None, **settings: Any) -> None:
        self._settings = settings
        self._inner: Any = None
        self._terms = Terms()
        self._started = self._silence_s = 0.0
        self._bytes = 0
        self.portstr = ""
        self.timeout: float | None = settings.get("timeout")

    @property
    def port(self) -> str:
        """The address of the port inside."""
        return self.portstr

    @port.setter
    def port(self, url: str) -> None:
        key, _, self.portstr = url.removeprefix(SCHEME).partition("/")
        self._terms = _registry.terms[key]

    def open(self) -> None:
        """Open the port inside; exclusively where that exists, as two readers of one adapter lose bytes."""
        settings = self._settings | {"timeout": SLICE_S, "write_timeout": self._terms.silence_s}
        if "://" not in self.portstr:
            settings["exclusive"] = True
        self._inner = serial.serial_for_url(self.portstr, **settings)
        self._start()

    def close(self) -> None:
        """Close the port inside."""
        if self._inner is not None:
            self._inner.close()

    @property
    def baudrate(self) -> int:
        """Speed in bit/s."""
        return int(self._inner.baudrate)

    @baudrate.setter
    def baudrate(self, baud: int) -> None:
        self._inner.baudrate = self._terms.baudrate = baud

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once."""
        return int(self._inner.in_waiting)

    def flushInput(self) -> None:  # noqa: N802 - the name that python-OBD calls
        """Drop what was received."""
        self._inner.reset_input_buffer()

    def flushOutput(self) -> None:  # noqa: N802 - the name that python-OBD calls
        """Drop what was not sent."""
        self._inner.reset_output_buffer()

    def flush(self) -> None:
        """Do nothing: tcdrain has no time-out, and a request of some ten bytes needs no waiting."""

    def write(self, data: bytes) -> int:
        """Send data and start the clock of the exchange."""
        if self._terms.is_cancelled:
            raise self._failed("cancelled")
        self._start(data)
        return int(self._inner.write(data))

    def read(self, size: int = 1) -> bytes:
        """Return what is there, up to size bytes, waiting for the first one.

        A size above what is waiting is python-OBD's baud search: then as pyserial does, within `timeout`.
        """
        if size > max(1, self.in_waiting):
            return self._read_within(self.timeout or SLICE_S, size)
        heard = time.monotonic()
        while True:
            if self._terms.is_cancelled:
                raise self._failed("cancelled")
            data = bytes(self._inner.read(size))
            now = time.monotonic()
            if data:
                self._count(data, now)
                return data
            if now - heard >= self._silence_s:
                raise self._failed(f"no answer within {self._silence_s:.1f} s")

    def _read_within(self, timeout_s: float, size: int) -> bytes:
        self._inner.timeout = timeout_s
        try:
            return bytes(self._inner.read(size))
        finally:
            self._inner.timeout = SLICE_S

    def _start(self, data: bytes = b"") -> None:
        self._silence_s = self._terms.search_s if data.startswith(b"0100") else self._terms.silence_s
        self._started = time.monotonic()
        self._bytes = 0

    def _count(self, data: bytes, now: float) -> None:
        self._bytes += len(data)
        total_s = max(self._terms.total_s, self._silence_s)
        if now - self._started > total_s:
            raise self._failed(f"no end of the answer within {total_s:.1f} s")
        if self._bytes > self._terms.max_bytes:
            raise self._failed(f"more than {self._terms.max_bytes} bytes without a prompt")

    def _failed(self, reason: str) -> serial.SerialException:
        self._terms.failure = reason
        return serial.SerialException(f"{self.portstr}: {reason}")
