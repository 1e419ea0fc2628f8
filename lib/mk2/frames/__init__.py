"""One dataclass for each message, which both parses and encodes it; and the way from a frame to its message."""

from __future__ import annotations

from mk2.frames import bus, config, info, interface, led, readings, switch, winmon
from mk2.frames.record import Record
from mk2.framing import COMMAND, Frame

__all__ = ["Record", "parse_command", "parse_reply"]

_REPLIES: dict[bytes, tuple[type[Record], ...]] = {
    b"\xffV": (interface.Version,),
    b"\xffA": (interface.Address,),
    b"\xffL": (led.Leds,),
    b"\xffS": (switch.SwitchAck,),
    b"\xffD": (switch.SwitchReport,),
    b"\xffH": (switch.PanelLines,),
    **{bytes([COMMAND, letter]): (winmon.Winmon,) for letter in winmon.LETTERS},
    b"\x20": (info.DcInfo, info.AcInfo),
    b"\x41": (config.ConfigInfo,),
    b"\x3c": (bus.BatteryLimits,),
    b"\x3f": (bus.PanelFrame,),
    b"\x38": (bus.BusClock,),
    b"\x21": (bus.BusBroadcast,),
    b"\x00": (bus.Boot,),
}

_COMMANDS: dict[bytes, tuple[type[Record], ...]] = {
    b"\xffV": (interface.VersionRequest,),
    b"\xffA": (interface.AddressSet, interface.AddressRequest),
    b"\xffR": (interface.InterfaceReset,),
    b"\xffN": (interface.HighSpeed,),
    b"\xffL": (led.LedRequest,),
    b"\xffS": (switch.SwitchCommand,),
    b"\xffD": (switch.SwitchRequest,),
    b"\xffH": (switch.PanelRequest, switch.PanelLines),
    b"\xffF": (info.InfoRequest, readings.SnapshotTake, bus.DeviceReset),
    **{bytes([COMMAND, letter]): (winmon.Winmon,) for letter in winmon.LETTERS + winmon.ADDRESSED_LETTERS},
    b"\x3f": (bus.PanelFrame,),
}


def parse_reply(frame: Frame) -> Record | None:
    """Return the message that an interface sent in `frame`, or None when it makes no sense. Never raises."""
    return _parse(frame, _REPLIES)


def parse_command(frame: Frame) -> Record | None:
    """Return the message that a host sent in `frame`, or None when it makes no sense. Never raises."""
    return _parse(frame, _COMMANDS)


def _parse(frame: Frame, table: dict[bytes, tuple[type[Record], ...]]) -> Record | None:
    payload = frame.payload
    key = payload[: 2 if payload[0] == COMMAND else 1]
    for cls in table.get(key, ()):
        record = cls.parse(payload)
        if record is not None:
            return record
    return None
