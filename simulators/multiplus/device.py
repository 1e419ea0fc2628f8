"""One inverter/charger: answers winmon messages about its variables and settings."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from simulators.multiplus import registers

if TYPE_CHECKING:
    from simulators.multiplus.plant import Plant

UNKNOWN = b"\x80\x00"
ESS_TIMEOUT_S = 10.0
"""How long a power set point holds without being repeated, as users measure it."""

CHARGE_SUBSTATE = 1


class Device:
    """A MultiPlus on one phase.

    Attributes:
        share: its part of what its phase carries, below 1 when several devices are parallel.
        eeprom_writes: how often a setting was written to EEPROM; the figure that must stay small.
        writes: every write as (kind, id, value), kind one of "ram", "setting", "eeprom".
        long_replies: winmon long mode.
        acknowledges_assistants: answer writes to variables of assistants, which many devices do not.
    """

    def __init__(
        self,
        plant: Plant,
        *,
        phase: int = 0,
        share: float = 1.0,
        has_ess: bool = False,
        version: int = 2610506,
    ) -> None:
        self.plant = plant
        self.share = share
        self.phase = phase
        self.version = version
        self.settings = registers.make_settings()
        self.assistants = dict(registers.ESS_ASSISTANTS if has_ess else registers.NO_ASSISTANTS)
        self.has_ess = has_ess
        self.long_replies = True
        self.acknowledges_assistants = True
        self.eeprom_writes = 0
        self.writes: list[tuple[str, int, int]] = []
        self.substate = CHARGE_SUBSTATE
        self.latched: tuple[int, ...] | None = None
        self._selected: tuple[str, int] | None = None
        self._setpoint_at = float("-inf")

    def power_up(self) -> None:
        """Forget what RAM held; settings come back from EEPROM."""
        for cell in self.settings.values():
            cell.value = cell.stored
        self.latched = self._selected = None
        self.substate = CHARGE_SUBSTATE
        self._clear_setpoint()

    def _clear_setpoint(self) -> None:
        if self.has_ess:
            self.assistants[registers.ESS_SETPOINT] = 0
            self.plant.setpoints_w[self.phase] = None

    def advance(self, now: float) -> None:
        """Drop a set point that nobody repeated."""
        if self.has_ess and now - self._setpoint_at > ESS_TIMEOUT_S:
            self._clear_setpoint()

    def ram(self, var: int, now: float) -> int | None:
        """Return the raw word of a variable, None when there is no such."""
        if var in self.assistants:
            return self.assistants[var] & 0xFFFF
        phase = self.plant.phase(self.phase, now)
        battery_v = self.plant.battery_v(now)
        share = self.share
        truth = {
            0: phase.mains_v * 100,
            1: phase.mains_a * share * 100,
            2: phase.output_v * 100,
            3: phase.charge_w * share / -phase.output_v * 100 if phase.output_v else 0,
            4: battery_v * 100,
            5: phase.charge_w * share / battery_v * 100,
            6: 4,
            7: registers.PERIOD_INVERTER_PER_S / 50.0 - 256,
            8: registers.PERIOD_MAINS_PER_S / self.plant.mains_hz if phase.mains_v else 0,
            9: phase.output_a * share * 100,
            10: 0,
            11: 0,
            12: 0,
            13: self.plant.soc * 200,
            14: phase.charge_w * share,
            15: -phase.mains_w * share,
            16: phase.output_w * share,
            17: phase.charge_w * share,
            18: -phase.mains_w * share,
            19: phase.output_w * share,
        }
        return round(truth[var]) & 0xFFFF if var in truth else None

    def latch(self, ids: bytes, now: float) -> None:
        """Take a snapshot."""
        words = [self.ram(var, now) for var in ids]
        self.latched = tuple(word or 0 for word in words)

    def answer(self, body: bytes, now: float) -> list[bytes]:
        """Return the bodies of the replies to a winmon message; none when the real thing stays silent."""
        handler = _HANDLERS.get(body[0])
        return [UNKNOWN] if handler is None else handler(self, body[1:], now)

    def state(self, now: float) -> int:
        """Return the main state."""
        return self.plant.phase(self.phase, now).state

    def _version_low(self, _: bytes, __: float) -> list[bytes]:
        whole = struct.pack("<I", self.version)
        return [b"\x82" + (whole if self.long_replies else whole[:2])]

    def _version_high(self, _: bytes, __: float) -> list[bytes]:
        return [b"\x83" + struct.pack("<I", self.version)[2:]]

    def _state(self, args: bytes, now: float) -> list[bytes]:
        if args[:1] in (b"\x01", b"\x02", b"\x03"):
            self.substate = {1: 7, 2: 6, 3: 3}[args[0]]
        state = self.state(now)
        return [bytes([0x94, state, self.substate if state == 9 else 0])]  # noqa: PLR2004  # 9 is charge

    def _read_ram(self, args: bytes, now: float) -> list[bytes]:
        words = [self.ram(var, now) for var in args]
        if None in words:
            return [bytes([0x90, words.index(None)])]
        return [b"\x85" + struct.pack(f"<{len(words)}H", *(word or 0 for word in words))]

    def _snapshot(self, _: bytes, __: float) -> list[bytes]:
        if self.latched is None:
            return [UNKNOWN]
        return [b"\x99" + struct.pack(f"<{len(self.latched)}H", *self.latched)]

    def _read_setting(self, args: bytes, _: float) -> list[bytes]:
        cell = self.settings.get(int.from_bytes(args[:2], "little"))
        return [b"\x91\x00"] if cell is None else [b"\x86" + struct.pack("<H", cell.value)]

    def _setting_info(self, args: bytes, _: float) -> list[bytes]:
        cell = self.settings.get(int.from_bytes(args[:2], "little"))
        figures = (0,) if cell is None else (cell.scale & 0xFFFF, cell.offset, cell.default, cell.low, cell.high)
        if cell is not None and self.long_replies:
            return [b"\x89" + struct.pack("<5HB", *figures, cell.access)]
        return [struct.pack("<BH", 0x89 + index, figure) for index, figure in enumerate(figures)]

    def _ram_info(self, args: bytes, _: float) -> list[bytes]:
        scale = registers.RAM_SCALES.get(int.from_bytes(args[:2], "little"))
        return [b"\x8e\x00\x00"] if scale is None else [struct.pack("<BHBH", 0x8E, scale[0], 0x8F, scale[1])]

    def _select_ram(self, args: bytes, _: float) -> list[bytes]:
        self._selected = ("ram", int.from_bytes(args[:2], "little"))
        return []

    def _select_setting(self, args: bytes, _: float) -> list[bytes]:
        self._selected = ("eeprom", int.from_bytes(args[:2], "little"))
        return []

    def _write_selected(self, args: bytes, now: float) -> list[bytes]:
        if self._selected is None:
            return [UNKNOWN]
        (kind, var), self._selected = self._selected, None
        return self._write(kind, var, int.from_bytes(args[:2], "little"), now)

    def _write_by_id(self, args: bytes, now: float) -> list[bytes]:
        flags, var, value = struct.unpack("<BBH", args[:4])
        return self._write("ram" if not flags & 1 else "setting" if flags & 2 else "eeprom", var, value, now)

    def _write(self, kind: str, var: int, value: int, now: float) -> list[bytes]:
        self.writes.append((kind, var, value))
        if kind == "ram":
            return self._write_ram(var, value, now)
        cell = self.settings.get(var)
        if cell is None:
            return [UNKNOWN]
        if cell.access:
            return [b"\x9b"]
        cell.value = value
        if kind == "eeprom":
            cell.stored = value
            self.eeprom_writes += 1
        return [b"\x88\x00\x00"]

    def _write_ram(self, var: int, value: int, now: float) -> list[bytes]:
        if var in self.assistants:
            self.assistants[var] = value
            if self.has_ess and var == registers.ESS_SETPOINT:
                self._setpoint_at = now
                self.plant.setpoints_w[self.phase] = -float(value - 0x10000 if value & 0x8000 else value)
            if self.has_ess and var == registers.ESS_FLAGS:
                self.plant.charge_allowed = not value & 1
            return [b"\x87"] if self.acknowledges_assistants else []
        if var == 13:  # noqa: PLR2004  # the state of charge, the one variable that may be set
            self.plant.soc = value / 200
            return [b"\x87"]
        return [UNKNOWN]

    def _extended_status(self, _: bytes, __: float) -> list[bytes]:
        flags = 0x00040030 if self.plant.mains_present else 0x00000020
        return [b"\xa2\xff\x1d" + struct.pack("<I", flags)]


_HANDLERS = {
    0x05: Device._version_low,  # noqa: SLF001  # the table belongs to the class
    0x06: Device._version_high,  # noqa: SLF001
    0x0E: Device._state,  # noqa: SLF001
    0x30: Device._read_ram,  # noqa: SLF001
    0x31: Device._read_setting,  # noqa: SLF001
    0x32: Device._select_ram,  # noqa: SLF001
    0x33: Device._select_setting,  # noqa: SLF001
    0x34: Device._write_selected,  # noqa: SLF001
    0x35: Device._setting_info,  # noqa: SLF001
    0x36: Device._ram_info,  # noqa: SLF001
    0x37: Device._write_by_id,  # noqa: SLF001
    0x38: Device._snapshot,  # noqa: SLF001
    0x44: Device._extended_status,  # noqa: SLF001
}
