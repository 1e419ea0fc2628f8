"""The MK3 itself: a machine without a clock. Bytes and times go in, bytes come out when their time has come."""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING

from simulators.multiplus.info import LIMIT_MAX, LIMIT_MIN, ac_frame, config_frame, dc_frame
from simulators.multiplus.trouble import Trouble
from simulators.multiplus.wire import CommandStream, seal

if TYPE_CHECKING:
    from simulators.multiplus.device import Device
    from simulators.multiplus.plant import Plant

TURNAROUND_S = 0.047
"""Time from the end of a request to the start of its reply, as measured on real units."""

IDLE_VERSION_S = 1.0
SLEEP_AFTER_OFF_S = 10.0
CHUNK = 6
"""Bytes that leave at a time: as with a USB adapter, neither one by one nor a frame in one piece."""

VERSION = 1170216


class Interface:
    """An MK3.

    Args:
        plant: the electrical truth.
        devices: the devices on the bus, in the order of their addresses.
        addresses: of the devices; None when they follow one another.
        strict: drop an info request that comes while another is being answered.
        is_mk3: an MK2 has no panel lines and one buffer.
        turnaround_s: see `TURNAROUND_S`.
        pace: baud rate that bytes take their time by, whatever the tty says; None for the tty's own.
        seed: of all that is random.
    """

    def __init__(
        self,
        plant: Plant,
        devices: list[Device],
        *,
        addresses: tuple[int, ...] | None = None,
        strict: bool = True,
        is_mk3: bool = True,
        turnaround_s: float = TURNAROUND_S,
        pace: int | None = None,
        seed: int = 1,
    ) -> None:
        self.plant = plant
        self.devices = devices
        self.addresses = addresses or tuple(range(len(devices)))
        self.strict = strict
        self.is_mk3 = is_mk3
        self.turnaround_s = turnaround_s
        self.pace = pace
        self.trouble = Trouble(seed)
        self.baudrate = 2400
        self.asleep = False
        self.keeps_power = False
        self.append_leds = False
        self.limit = 160
        self.told = (0, 0)
        self.lines = 0
        self.switch_commands: list[bytes] = []
        self.resets = self.dropped_info = 0
        self._commands = CommandStream()
        self._arriving: deque[tuple[float, bytes]] = deque()
        self._leaving: deque[tuple[float, bytes]] = deque()
        self._heard_until = self._said_until = self._info_until = 0.0
        self._address = 0
        self._off_since: float | None = None
        self._version_at = 0.0

    @property
    def byte_s(self) -> float:
        """Time that one byte takes."""
        return 10 / (self.pace or self.baudrate)

    def feed(self, data: bytes, now: float) -> None:
        """Take bytes that the host has just written; they arrive one after the other."""
        for payload in self._commands.feed(data):
            size = len(payload) + 2
            self._heard_until = max(now, self._heard_until) + size * self.byte_s
            self._arriving.append((self._heard_until, payload))

    def poll(self, now: float) -> bytes:
        """Do everything that is due; return the bytes that have left by now."""
        for device in self.devices:
            device.advance(now)
        while self._arriving and self._arriving[0][0] <= now:
            at, payload = self._arriving.popleft()
            if not self.asleep:
                self._command(payload, at)
            elif self.keeps_power and payload[:2] == b"\x3f\x07":
                self.boot(at)
        self._announce(now)
        self._fall_asleep(now)
        out = b""
        while self._leaving and self._leaving[0][0] <= now:
            out += self._leaving.popleft()[1]
        return out

    def next_event(self) -> float:
        """Return when `poll` should be called next."""
        times = [queue[0][0] for queue in (self._arriving, self._leaving) if queue]
        return min([*times, self._version_at])

    def boot(self, now: float) -> None:
        """Power the devices up again: selected address, panel lines and RAM are lost."""
        self.asleep = False
        self._address, self.lines, self.told = -1, 0, (0, 0)
        self._off_since = None
        self._arriving.clear()
        for device in self.devices:
            device.power_up()
        self._say(b"\x00\x00\x00", now + 0.1)

    def sleep(self) -> None:
        """Let the bus power down: the interface is dead until it boots."""
        self.asleep = True
        self._leaving.clear()
        self._arriving.clear()

    def say_raw(self, data: bytes, now: float) -> None:
        """Put bytes on the wire as they are, e.g. the reply to somebody else's question."""
        start = max(now, self._said_until)
        for index in range(0, len(data), CHUNK):
            part = data[index : index + CHUNK]
            start += len(part) * self.byte_s
            self._leaving.append((start, part))
        self._said_until = start

    def _say(self, payload: bytes, now: float) -> None:
        self.say_raw(self.trouble.spoil(seal(payload, self.leds(now) if self.append_leds else b"")), now)
        self._version_at = self._said_until + IDLE_VERSION_S

    def _announce(self, now: float) -> None:
        if now >= self._version_at:
            self._version_at = now + IDLE_VERSION_S
            if not self.asleep:
                self._say(self._version(), now)

    def _fall_asleep(self, now: float) -> None:
        if self.plant.switch != 4 or self.lines & 2:  # noqa: PLR2004  # 4 is off; line 2 keeps the bus awake
            self._off_since = None
        elif self._off_since is None:
            self._off_since = now
        elif now - self._off_since > SLEEP_AFTER_OFF_S and not self.asleep:
            self.sleep()

    def leds(self, now: float) -> bytes:
        """Return the LED bytes, on and blink."""
        state = self.devices[0].state(now)
        on = 0x01 if self.plant.mains_present else 0
        if state == 9:  # noqa: PLR2004  # charge
            on |= {1: 0x04, 3: 0x08}.get(self.devices[0].substate, 0x02)
        if state == 4:  # noqa: PLR2004  # invert
            on |= 0x10
        return bytes([on, 0])

    def _version(self) -> bytes:
        return b"\xffV" + struct.pack("<IB", VERSION if self.is_mk3 else 1130136, 0x42 if self.is_mk3 else 0)

    def _command(self, payload: bytes, now: float) -> None:
        answered_at = now + self.turnaround_s
        if payload[0] == 0x3F:  # noqa: PLR2004  # a panel frame: wake or sleep
            return
        letter, args = payload[1:2], payload[2:]
        if letter in b"WXYZxyz":
            self._winmon(letter, args, answered_at)
        elif letter == b"F":
            self._info(args, now, answered_at)
        else:
            reply = self._version() if letter == b"V" else self._plain(letter, args, answered_at)
            if reply:
                self._say(reply, answered_at)

    def _winmon(self, letter: bytes, args: bytes, at: float) -> None:
        index = self._address
        if letter.islower():
            args, index = args[:-1], args[-1]
        if index not in self.addresses or not args:
            return
        for body in self.devices[self.addresses.index(index)].answer(args, at):
            self._say(b"\xff" + letter.upper() + body, at)

    def _info(self, args: bytes, now: float, at: float) -> None:
        kind = args[0]
        if kind == 6:  # noqa: PLR2004  # a snapshot
            for device in self.devices:
                device.latch(args[1:], now)
        elif kind == 8:  # noqa: PLR2004  # reset
            self.resets += 1
            self.boot(now)
        elif self._address >= 0 and kind in (0, 1, 2, 3, 5):
            if self.strict and now < self._info_until:
                self.dropped_info += 1
                return
            frame = self._info_frame(kind, at)
            if frame:
                self._say(frame, at)
                self._info_until = self._said_until

    def _info_frame(self, kind: int, now: float) -> bytes:
        if kind == 0:
            return dc_frame(self.plant, now)
        if kind == 5:  # noqa: PLR2004  # the configuration
            return self.config_frame(now)
        devices = sum(device.phase == kind - 1 for device in self.devices)
        return ac_frame(self.plant, kind - 1, devices, now) if devices else b""

    def config_frame(self, now: float) -> bytes:
        """Return the configuration frame."""
        return config_frame(self.plant, self.leds(now), self.limit)

    def _plain(self, letter: bytes, args: bytes, now: float) -> bytes:
        if letter == b"A":
            self._address = args[1] if args[0] else self._address
            return b"\xffA" + bytes([1, max(self._address, 0), 0])
        if letter == b"L":
            return b"\xffL" + self.leds(now) + b"\x00\x00\x00\x00"
        if letter == b"S":
            return self._switch(args)
        if letter == b"D":
            return b"\xffD" + struct.pack("<BH4x", *self.told)
        if letter == b"H" and self.is_mk3:
            if args:
                self.lines = args[0]
            return b"\xffH" + bytes([self.lines])
        self.baudrate = 115200 if letter == b"N" and self.is_mk3 else self.baudrate
        return b""

    def _switch(self, args: bytes) -> bytes:
        self.switch_commands.append(args)
        state, limit, _, flags = struct.unpack("<BHBB", args[:5])
        self.append_leds = bool(flags & 2)
        if len(args) > 6:  # noqa: PLR2004  # with flagsExt0
            for device in self.devices:
                device.long_replies = not args[6] & 1
        if not flags & 0x10:
            self.told = (state, limit)
            if state:
                self.plant.switch = state
            self.limit = LIMIT_MAX if limit == 0x8000 else max(LIMIT_MIN, min(LIMIT_MAX, limit))  # noqa: PLR2004
        return b"\xffS"
