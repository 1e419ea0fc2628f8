"""Changing things, safely. Every method looks first, refuses what can do harm, and logs the old and the new value."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mk2 import expectations
from mk2.budget import EepromBudget
from mk2.confirming import read_config_twice, read_present_state, read_setting_twice
from mk2.errors import NoReply, Refused, Unsafe
from mk2.frames import bus
from mk2.frames.config import AcFlag
from mk2.frames.switch import SwitchAck, SwitchCommand, SwitchFlag, SwitchState
from mk2.frames.writes import WriteById, WriteTarget
from mk2.pending import Kind
from mk2.permissions import Permissions
from mk2.ram_var import FIRST_ASSISTANT_VAR, RamVar
from mk2.setting import FLAG_SETTINGS, GRID_SETTINGS, Setting, change_flags

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from mk2.reading import ConfigReading
    from mk2.session import VEBusSession
    from mk2.setting import SettingInfo

log = logging.getLogger(__name__)

RESET_CONFIRMATION = "reset and drop the AC output"
EEPROM_PAUSE_S = 0.2
"""Pause after a write to EEPROM; the next one may otherwise be lost."""

OPTIONAL_ACK_S = 0.15
MAX_SHORT_ID = 0xFF

RESET_PAUSE_S = 60.0
"""Between two restarts of the device: a program that asks again because the answer is late must not keep it down."""

__all__ = ["RESET_CONFIRMATION", "Control", "Permissions"]


@dataclass(slots=True)
class Control:
    """Writes to one VE.Bus system.

    Args:
        session: where to write.
        permissions: what the user has allowed.
        budget: of writes to EEPROM.
        save_budget: called after each of them, before it is done.
        name: of the system, for the log.

    All methods raise `Unsafe` when our own guard says no, and `NoReply`, `Refused` or `LinkLost` for the device.
    """

    session: VEBusSession
    permissions: Permissions = field(default_factory=Permissions)
    budget: EepromBudget = field(default_factory=EepromBudget)
    save_budget: Callable[[EepromBudget], Awaitable[None]] | None = None
    name: str = "VE.Bus"
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _reset_at: float = float("-inf")

    async def set_mode(self, state: SwitchState) -> None:
        """Set the switch. The current limit stays what it is: it is read first and sent along."""
        async with self._alone():
            config = await self._look()
            if config.frame.ac_flags & AcFlag.MULTI_CONTROL:
                raise Unsafe(f"{self.name}: a Digital Multi Control owns the switch; use that")
            stays_awake = state is SwitchState.OFF and await self._keep_awake()
            self.session.keeps_awake = stays_awake or self.session.keeps_awake
            await self._switch(state, config.frame.limit, config, "switch")
            self.session.keeps_awake = stays_awake

    async def set_current_limit(self, amps: float) -> None:
        """Set the shore current limit. The switch stays what it is: it is read first and sent along."""
        async with self._alone():
            config = await self._look()
            if not config.limit_min_a <= amps <= config.limit_max_a:
                raise Unsafe(f"{self.name}: {amps:g} A is outside {config.limit_min_a:g}..{config.limit_max_a:g} A")
            await self._switch(
                await read_present_state(self.session, config), round(amps * 10), config, "current limit"
            )

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Let no other change in between, and polling wait."""
        async with self._lock:
            with self.session.connection.ledger.hold():
                yield

    async def _look(self) -> ConfigReading:
        """Read the configuration, without which nothing is switched."""
        self._refuse_company()
        return await read_config_twice(self.session)

    async def _switch(self, state: SwitchState, limit: int, config: ConfigReading, what: str) -> None:
        frame = config.frame
        limit = max(frame.limit_min, min(frame.limit_max, limit))
        log.info(
            "%s: %s: switch %s -> %s, limit %.1f -> %.1f A",
            self.name,
            what,
            frame.active_state.name,
            state.name,
            config.limit_a,
            limit / 10,
        )
        await self.session.connection.request(
            SwitchCommand(state, limit, flags=SwitchFlag.LIMIT_IN_AMPS),
            expectations.one(SwitchAck),
            urgent=True,
        )

    async def _keep_awake(self) -> bool:
        """Make sure that the bus stays powered after OFF, else nobody can switch the device on again.

        Returns False when it does not, and that is allowed.
        """
        with suppress(NoReply, Refused):
            if await self.session.keep_awake():
                return True
        if not self.permissions.off_without_standby:
            raise Unsafe(
                f"{self.name}: this interface cannot keep the bus awake, so the device could not be switched on again "
                "from here; allow_off_without_standby permits it all the same",
            )
        log.warning("%s: switching off without the standby line; it may have to be switched on by hand", self.name)
        return False

    async def write_ram(self, var: int, raw: int, *, device: int | None = None, is_cyclic: bool = False) -> None:
        """Write the raw word of a variable; never touches the EEPROM.

        Many devices do not acknowledge variables of assistants; those are read back instead.
        """
        self._refuse_company()
        if var < FIRST_ASSISTANT_VAR and var != RamVar.STATE_OF_CHARGE and not self.permissions.ram_variables:
            raise Unsafe(f"{self.name}: writing variable {var} is not allowed")
        log.log(logging.DEBUG if is_cyclic else logging.INFO, "%s: variable %d := %d", self.name, var, raw)
        is_optional = var >= FIRST_ASSISTANT_VAR
        try:
            await self.session.connection.request(
                WriteById(WriteTarget.RAM_VARIABLE, var, raw & 0xFFFF),
                expectations.written,
                kind=Kind.WINMON,
                timeout_s=OPTIONAL_ACK_S if is_optional else 0.5,
                urgent=True,
                device=device,
                is_optional=is_optional,
            )
        except NoReply:
            (found,) = await self.session.get_ram_raw(var, device=device, urgent=True)
            if found != raw & 0xFFFF:
                raise Refused(f"{self.name}: variable {var} was not changed: it is {found}") from None

    async def write_setting(self, setting: Setting | int, value: float, *, persist: bool = False) -> None:
        """Write the value of a setting: to RAM only, or with `persist` to EEPROM as well."""
        await self.change_setting(setting, lambda info, _: info.encode(value), persist=persist)

    async def write_flags(self, setting: Setting, *, on: int = 0, off: int = 0, persist: bool = False) -> None:
        """Set and clear bits of a setting of flags, as far as the device's own mask allows; the others stay."""
        if setting not in FLAG_SETTINGS:
            raise Unsafe(f"{self.name}: setting {int(setting)} has no flags")

        def change(info: SettingInfo, present: int) -> int:
            return change_flags(setting, present, info.maximum, on=on, off=off)

        await self.change_setting(setting, change, persist=persist)

    async def _inspect(self, setting: int) -> SettingInfo:
        if setting in GRID_SETTINGS:
            raise Unsafe(f"{self.name}: setting {int(setting)} belongs to the grid code and is never written")
        is_charge_limit = setting == Setting.BULK_CURRENT and self.permissions.charge_current
        if not self.permissions.settings and not is_charge_limit:
            raise Unsafe(f"{self.name}: writing settings is not allowed; see allow_setting_writes")
        return await self.session.setting_info(setting)

    async def change_setting(
        self, setting: int, change: Callable[[SettingInfo, int], int], *, persist: bool = False
    ) -> None:
        """Write the word that `change` makes of scale and limits and the present word; a ValueError of it refuses.

        Nobody else writes settings in between.
        """
        info = await self._inspect(setting)
        if persist and not self.permissions.eeprom:
            raise Unsafe(f"{self.name}: writing to EEPROM is not allowed; see allow_eeprom_writes")
        if setting > MAX_SHORT_ID:
            raise Unsafe(f"{self.name}: setting {setting} cannot be written in one step")
        async with self._alone():
            self._refuse_company()
            old = await read_setting_twice(self.session, setting)
            try:
                raw = change(info, old)
            except ValueError as error:
                raise Unsafe(f"{self.name}: setting {int(setting)}: {error}") from error
            if old == raw:
                log.info("%s: setting %d is %d already; not written", self.name, setting, raw)
                return
            if persist:
                self.budget.spend(time.time())
                if self.save_budget is not None:
                    await self.save_budget(self.budget)
            where = "EEPROM" if persist else "RAM"
            log.info("%s: setting %d: %d -> %d (%s)", self.name, setting, old, raw, where)
            target = WriteTarget.SETTING_EEPROM if persist else WriteTarget.SETTING_RAM
            await self.session.connection.request(
                WriteById(target, setting, raw),
                expectations.written,
                kind=Kind.WINMON,
                urgent=True,
            )
            if persist:
                await asyncio.sleep(EEPROM_PAUSE_S)
            found = await self.session.get_setting_raw(setting)
            if found != raw:
                raise Refused(f"{self.name}: setting {setting} was not changed: it is {found}")

    async def reset(self, confirmation: str) -> None:
        """Restart all devices. The AC output drops.

        Args:
            confirmation: `RESET_CONFIRMATION`, so that nobody calls this by accident.
        """
        self._refuse_company()
        if not self.permissions.reset:
            raise Unsafe(f"{self.name}: restarting the device is not allowed; see allow_reset")
        if confirmation != RESET_CONFIRMATION:
            raise Unsafe(f"{self.name}: a restart drops the AC output; confirm with {RESET_CONFIRMATION!r}")
        now = asyncio.get_running_loop().time()
        if now - self._reset_at < RESET_PAUSE_S:
            raise Unsafe(f"{self.name}: the device was restarted {now - self._reset_at:.0f} s ago; wait")
        self._reset_at = now
        log.warning("%s: restarting the device; the AC output drops", self.name)
        self.session.connection.send(bus.DeviceReset())

    async def force_charge_state(self, action: int) -> None:
        """Force equalise (1), absorption (2) or float (3)."""
        self._refuse_company()
        log.info("%s: charge state forced: %d", self.name, action)
        await self.session.state(action)

    def _refuse_company(self) -> None:
        if self.session.connection.sees_foreign_traffic:
            raise Unsafe(f"{self.name}: another program talks to this interface; nothing is written until it stops")
