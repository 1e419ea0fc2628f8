"""A conversation with one VE.Bus system: readings in units, everything by name. Reads only; writing is in `control`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeVar

from mk2 import expectations
from mk2.confirming import ask_twice
from mk2.device_version import DeviceVersion
from mk2.errors import NoReply, Unsupported
from mk2.frames import config, info, interface, led, readings, settings, status, switch
from mk2.pending import Kind
from mk2.ram_var import RamVar, RamVarInfo
from mk2.reading import AcReading, ConfigReading, DcReading, PowerReading, scale_ac, scale_dc
from mk2.setting import Setting, SettingInfo

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mk2.connection import VEBusConnection

T = TypeVar("T")

CONFIG_TIMEOUT_S = 1.0
"""The configuration frame was seen to take more than 750 ms."""

ADDRESS_TIMEOUT_S = 2.0
"""After selecting an address the interface may talk to the bus first."""

POWERS = (RamVar.INVERTER_POWER, RamVar.MAINS_POWER, RamVar.OUTPUT_POWER, RamVar.STATE_OF_CHARGE)


class VEBusSession:
    """Asks one VE.Bus system through a connection.

    Args:
        connection: an open connection; not closed by the session.
        scales: what is known of the variables of this firmware; the rest is asked for once, when first needed.

    Attributes:
        last_config: the configuration as read last, None before the first.
        keeps_awake: polling looks after the standby line, because the device was switched off from here.
        config_has_leds: the last configuration frame had the LEDs in it; None before the first.

    Every method raises `NoReply`, `Refused` or `LinkLost` as `VEBusConnection.request` does.
    """

    def __init__(self, connection: VEBusConnection, *, scales: dict[int, RamVarInfo] | None = None) -> None:
        self.connection = connection
        self.scales: dict[int, RamVarInfo] = {} if scales is None else scales
        self.setting_infos: dict[int, SettingInfo] = {}
        self.keeps_awake = False
        self.config_has_leds: bool | None = None
        self.last_config: ConfigReading | None = None

    async def version(self) -> interface.Version:
        """Return the version of the interface; any version frame will do."""
        return await self.connection.request(interface.VersionRequest(), expectations.one(interface.Version))

    async def select(self, address: int = 0) -> None:
        """Select the device that requests without a device index mean."""
        await self.connection.request(
            interface.AddressSet(address),
            expectations.one(interface.Address),
            timeout_s=ADDRESS_TIMEOUT_S,
        )

    async def device_version(self, device: int | None = None) -> DeviceVersion:
        """Return the version of the inverter/charger."""
        first: status.VersionWhole | status.VersionLow = await self.connection.request(
            status.DeviceVersionLow(b"\x00\x00"), expectations.version_low, kind=Kind.WINMON, device=device
        )
        if isinstance(first, status.VersionWhole):
            return DeviceVersion(first.version)
        second = await self.connection.request(
            status.DeviceVersionHigh(b"\x00\x00"),
            expectations.one(status.VersionHigh),
            kind=Kind.WINMON,
            device=device,
        )
        return DeviceVersion(first.word | second.word << 16)

    async def ram_info(self, var: int) -> RamVarInfo:
        """Return the scale of a variable, from memory if known; else as two answers in a row tell it.

        Raises:
            Unsupported: the device has no such variable.
        """
        known = self.scales.get(var)
        if known is not None:
            return known
        reply = await ask_twice(
            lambda: self.connection.request(readings.RamInfoRead(var), expectations.ram_info, kind=Kind.WINMON),
            f"the scale of variable {var}",
        )
        found = RamVarInfo.from_wire(var, reply.scale, reply.offset)
        if found is None:
            raise Unsupported(f"variable {var} does not exist")
        self.scales[var] = found
        return found

    async def get_ram_raw(
        self, *ids: int, device: int | None = None, urgent: bool = False, is_optional: bool = False
    ) -> tuple[int, ...]:
        """Return the raw words of up to six variables; `is_optional` when the device may well not be there."""
        return await self.connection.request(
            readings.RamRead(ids),
            expectations.ram_values(len(ids)),
            kind=Kind.WINMON,
            device=device,
            urgent=urgent,
            is_optional=is_optional,
        )

    async def get_ram(self, *ids: int, device: int | None = None) -> tuple[float, ...]:
        """Return the values of up to six variables."""
        scales = [await self.ram_info(var) for var in ids]
        raw = await self.get_ram_raw(*ids, device=device)
        return tuple(scale.decode(word) for scale, word in zip(scales, raw, strict=True))

    async def snapshot(self, *ids: int, device: int | None = None) -> tuple[int, ...]:
        """Latch up to six variables in all devices at once, and return the raw words of one device."""
        self.connection.send(readings.SnapshotTake(ids))
        return await self.read_snapshot(len(ids), device=device)

    async def read_snapshot(self, count: int, *, device: int | None = None) -> tuple[int, ...]:
        """Return the raw words that were latched last."""
        return await self.connection.request(
            readings.SnapshotRead(),
            expectations.snapshot_values(count),
            kind=Kind.WINMON,
            device=device,
        )

    def power_reading(self, raw: Sequence[int], device: int) -> PowerReading:
        """Return the reading in the raw words of `POWERS`; what the device has no scale for is None."""
        values = [
            self.scales[var].decode(word) if var in self.scales else None for var, word in zip(POWERS, raw, strict=True)
        ]
        mains = None if values[1] is None else -values[1]
        return PowerReading(device, values[0], mains, values[2], values[3])

    async def dc(self) -> DcReading:
        """Return the battery side."""
        frame = await self.connection.request(
            info.InfoRequest(info.InfoKind.DC), expectations.one(info.DcInfo), kind=Kind.INFO
        )
        return scale_dc(frame, self.scales)

    async def ac(self, phase: int) -> AcReading:
        """Return one phase, counted from 1."""
        return scale_ac(await self.ac_frame(phase), self.scales)

    async def ac_frame(self, phase: int, *, is_optional: bool = False) -> info.AcInfo:
        """Return the frame of one phase, counted from 1; `is_optional` when there may well be no such phase."""
        return await self.connection.request(
            info.InfoRequest(phase), expectations.phase(phase), kind=Kind.INFO, is_optional=is_optional
        )

    async def config(self, *, urgent: bool = False) -> ConfigReading:
        """Return shore limits and switches."""
        frame = await self.connection.request(
            info.InfoRequest(info.InfoKind.CONFIG),
            expectations.one(config.ConfigInfo),
            kind=Kind.INFO,
            timeout_s=CONFIG_TIMEOUT_S,
            urgent=urgent,
        )
        self.config_has_leds = frame.leds is not None
        self.last_config = ConfigReading.of(frame)
        return self.last_config

    async def leds(self) -> led.Leds:
        """Return the LEDs."""
        return await self.connection.request(led.LedRequest(), expectations.one(led.Leds))

    async def state(self, action: int = status.ChargeAction.INQUIRE) -> status.StateReply:
        """Return the state; with another action than INQUIRE, force the charge state first."""
        return await self.connection.request(
            status.StateRequest(action, b"\x00"), expectations.state, kind=Kind.WINMON, urgent=bool(action)
        )

    async def extended_status(self, device: int | None = None) -> status.ExtendedStatus:
        """Return the extended status bits."""
        return await self.connection.request(
            status.ExtendedStatusRequest(), expectations.one(status.ExtendedStatus), kind=Kind.WINMON, device=device
        )

    async def switch_report(self) -> switch.SwitchReport:
        """Return what the interface was last told about switch and limit."""
        return await self.connection.request(switch.SwitchRequest(), expectations.one(switch.SwitchReport), urgent=True)

    async def panel_lines(self, lines: int | None = None) -> int:
        """Return the panel lines, after setting them if `lines` is given."""
        message = switch.PanelRequest() if lines is None else switch.PanelLines(lines)
        reply = await self.connection.request(message, expectations.one(switch.PanelLines))
        return reply.lines

    async def keep_awake(self) -> bool:
        """Raise the standby line, unless it is up, and leave the others alone; return whether it is up then."""
        lines = await self.panel_lines()
        if not lines & switch.PanelLine.STANDBY:
            await self.panel_lines(lines | switch.PanelLine.STANDBY)
            lines = await self.panel_lines()
        return bool(lines & switch.PanelLine.STANDBY)

    async def setting_info(self, setting: int) -> SettingInfo:
        """Return scale and limits of a setting, from memory if known; else as two answers in a row tell them.

        Raises:
            Unsupported: the device has no such setting.
        """
        known = self.setting_infos.get(setting)
        if known is not None:
            return known
        reply = await ask_twice(
            lambda: self.connection.request(
                settings.SettingInfoRead(setting), expectations.SettingInfoCollector(), kind=Kind.WINMON
            ),
            f"the limits of setting {setting}",
        )
        found = SettingInfo.from_wire(reply)
        if found is None:
            raise Unsupported(f"setting {setting} does not exist")
        self.setting_infos[setting] = found
        return found

    async def get_setting_raw(self, setting: int) -> int:
        """Return the raw word of a setting."""
        return await self.connection.request(
            settings.SettingRead(setting), expectations.setting_value, kind=Kind.WINMON
        )

    async def get_setting(self, setting: Setting | int) -> float:
        """Return the value of a setting."""
        scale = await self.setting_info(setting)
        return scale.decode(await self.get_setting_raw(setting))


async def ask_again(question: Callable[[], Awaitable[T]], *, times: int = 3) -> T | None:
    """Ask up to `times` times, as a device that is busy on its bus says no too; return None when it always does."""
    for _ in range(times):
        with contextlib.suppress(Unsupported, NoReply):
            return await question()
    return None
