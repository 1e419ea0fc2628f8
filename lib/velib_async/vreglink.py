"""Registers of a VE.Can or VE.Direct device, reached through D-Bus (com.victronenergy.VregLink)."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

from velib_async import callbacks
from velib_async.bus_interface import INVALID_ARGS, IncomingCall
from velib_async.items import Item

VREG_LINK = "com.victronenergy.VregLink"
LIMITS_EXCEEDED = "org.freedesktop.DBus.Error.LimitsExceeded"
FAILED = "org.freedesktop.DBus.Error.Failed"

# A 16 bit status, then the register's data.
STATUS_BYTES = 2

GetVreg = Callable[[int], Awaitable[bytes]]
SetVreg = Callable[[int, bytes], Awaitable[bytes]]


class VregLinkItem(Item):
    """A path that reads and writes device registers for other programs.

    Args:
        path: The path, /Devices/<n>/VregLink by custom.
        get_vreg: Called with (register); returns two bytes of status, big endian, and the data.
        set_vreg: Called with (register, data); returns the same.
    """

    __slots__ = ("_get_vreg", "_set_vreg")

    interfaces: ClassVar[Mapping[str, Mapping[str, tuple[str, str]]]] = {
        VREG_LINK: {"GetVreg": ("q", "qay"), "SetVreg": ("qay", "qay")}
    }

    def __init__(self, path: str, get_vreg: GetVreg, set_vreg: SetVreg) -> None:
        super().__init__(path)
        self._get_vreg = get_vreg
        self._set_vreg = set_vreg

    def handle_call(self, call: IncomingCall) -> bool:
        """Takes GetVreg and SetVreg."""
        if call.interface != VREG_LINK or self.service is None:
            return False
        match call.member, call.signature:
            case "GetVreg", "q":
                answer = self._answer(call, self._get_vreg, call.body[0])
            case "SetVreg", "qay":
                answer = self._answer(call, self._set_vreg, call.body[0], bytes(call.body[1]))
            case "GetVreg" | "SetVreg", _:
                call.refuse(INVALID_ARGS, "GetVreg takes q, SetVreg takes qay")
                return True
            case _:
                return False
        if not self.service.start_task(answer, f"{call.member} {call.body[0]:#06x}"):
            call.refuse(LIMITS_EXCEEDED, "too many registers are being read and written; try again later")
        return True

    async def _answer(self, call: IncomingCall, function: Callable[..., Awaitable[bytes]], *arguments: object) -> None:
        reply = b""
        with contextlib.suppress(callbacks.CallbackFailed):
            reply = await callbacks.wait(f"{call.member} on {self.path}", function(*arguments))
        if len(reply) < STATUS_BYTES:
            call.refuse(FAILED, f"{call.member} {call.body[0]:#06x} failed")
        else:
            call.reply("qay", int.from_bytes(reply[:STATUS_BYTES], "big"), bytes(reply[STATUS_BYTES:]))
