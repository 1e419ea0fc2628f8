"""What other programs may write: each path with what it does to the device.

A write is answered when the device has answered, within `ANSWER_S`; paths that Venus writes again and again (/Soc and
/Hub4) are answered at once and carried out in the background.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from mk2.errors import Mk2Error
from mk2.ram_var import RamVar
from mk2_bridge import actions
from mk2_bridge.details import CHARGE_CURRENT, DETAILS, Detail, write_detail
from mk2_bridge.protocol.setpoints import DISABLE_CHARGE, DISABLE_FEED_IN
from velib_async.service import DoubleItem, IntegerItem, TextItem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from mk2.control import Control, Permissions
    from mk2_bridge.ess import Ess
    from mk2_bridge.protocol.charge_limit import ChargeLimit
    from mk2_bridge.shape import Shape
    from velib_async.items import Item

log = logging.getLogger(__name__)

ANSWER_S = 0.9
"""Venus programs wait for the answer and do nothing else; the library gives up after 1 s."""


class Controls:
    """Carries out what is written to one service.

    Args:
        get_control: returns the way to the device, None while it is away.
        permissions: what the user has allowed.
        charge_limit: what is known of the charge current.
        on_name: called with a new custom name; the future result of storing it.
        redetect: look anew who is there.
        wake: wake a sleeping bus; tells whether it tried.

    Attributes:
        refused: how many writes were refused, for diagnostics.
        last_refusal: why the last of them was.
    """

    def __init__(
        self,
        get_control: Callable[[], Control | None],
        *,
        permissions: Permissions,
        charge_limit: ChargeLimit,
        on_name: Callable[[str], Awaitable[None]],
        redetect: Callable[[], None],
        wake: Callable[[], bool],
    ) -> None:
        self.refused = 0
        self.last_refusal: str | None = None
        self.ess: Ess | None = None
        self._get_control = get_control
        self._permissions = permissions
        self._charge_limit = charge_limit
        self._flags: list[tuple[Item, int]] = []
        self._on_name = on_name
        self._redetect = redetect
        self._wake = wake
        self._running: set[asyncio.Task[None]] = set()
        self._soc: float | None = None
        self._has_soc = asyncio.Event()

    def make_items(self, custom_name: str, shape: Shape) -> Iterator[Item]:
        """Return the items that can be written, or could be if that was allowed.

        Settings are those of the first device. One of several must not become different from the others, and to limit
        what one of them charges limits nothing.
        """
        has_settings = shape.devices == 1
        yield TextItem("/CustomName", custom_name, writeable=True, onchange=self._rename)
        yield self._item(IntegerItem, "/Mode", actions.set_mode, text=None)
        for path in ("/Ac/ActiveIn/CurrentLimit", "/Ac/In/1/CurrentLimit", "/Ac/In/2/CurrentLimit"):
            yield self._limit_item(path)
        yield self._item(IntegerItem, "/VebusSetChargeState", actions.force_charge_state, text=None)
        yield self._item(IntegerItem, "/SystemReset", actions.reset, text=None)
        yield IntegerItem("/RedetectSystem", 0, writeable=True, onchange=self._redetect_system)
        yield DoubleItem("/Soc", None, writeable=True, onchange=self._note_soc, text="{:.1f} %".format)
        for detail in DETAILS:
            yield self._detail_item(detail, may_write=has_settings and self._permissions.settings)
        # Stays unknown: else systemcalc would write it every few seconds.
        yield DoubleItem("/ExtraBatteryCurrent")
        if has_settings and self._permissions.charge_current:
            yield DoubleItem(CHARGE_CURRENT.path, None, True, self._limit_charge, "{:.0f} A".format)
        else:
            yield DoubleItem(CHARGE_CURRENT.path)
        for phase in shape.ess_phases:
            yield DoubleItem(
                f"/Hub4/L{phase}/AcPowerSetpoint", None, writeable=True, onchange=self._power_setter(phase)
            )
        if shape.ess_phases:
            yield IntegerItem("/Hub4/AssistantId", 5)
            self._flags = [
                (IntegerItem(path, 0, writeable=True, onchange=self._flag_setter(flag)), flag)
                for path, flag in (("/Hub4/DisableCharge", DISABLE_CHARGE), ("/Hub4/DisableFeedIn", DISABLE_FEED_IN))
            ]
            self.show_flags()
            yield from (item for item, _ in self._flags)

    def use_ess(self, ess: Ess | None) -> None:
        """Hand ESS to other set points."""
        self.ess = ess
        self.show_flags()

    def show_flags(self) -> None:
        """Show the flags of ESS as they are in the device: an equal write is none."""
        flags = 0 if self.ess is None else self.ess.points.flags or 0
        for item, flag in self._flags:
            item.set_local_value(int(bool(flags & flag)))

    def _item(self, kind: type[Item], path: str, act: Callable[[Control, Any], Awaitable[None]], text: Any) -> Item:
        async def change(_: Item, value: Any) -> bool | None:
            return await self._carry_out(path, value, act)

        return kind(path, None, True, change, text)

    def _detail_item(self, detail: Detail, *, may_write: bool) -> Item:
        kind = DoubleItem if detail.flag is None else IntegerItem
        if not may_write:
            return kind(detail.path, text=detail.text.format)

        async def change(_: Item, value: float) -> bool | None:
            result = await self._carry_out(
                detail.path, value, lambda control, wanted: write_detail(control, detail, wanted), gives_up=False
            )
            return True if result is None else result

        return kind(detail.path, None, writeable=True, onchange=change, text=detail.text.format)

    async def _limit_charge(self, item: Item, value: float) -> bool:
        def limit(control: Control, amps: float) -> Awaitable[None]:
            return actions.limit_charge(control, amps, self._charge_limit)

        return await self._carry_out(item.path, value, limit, gives_up=False) is None

    def _limit_item(self, path: str) -> Item:
        async def change(item: Item, value: float) -> bool | None:
            if item.service is None or not item.service[f"{path}IsAdjustable"]:
                self._refuse(path, "this is not the AC input in use; its limit is a setting in EEPROM")
                return False
            return await self._carry_out(path, value, lambda control, amps: control.set_current_limit(amps))

        return DoubleItem(path, None, writeable=True, onchange=change, text="{:.1f} A".format)

    async def _carry_out(
        self, path: str, value: Any, act: Callable[[Control, Any], Awaitable[None]], *, gives_up: bool = True
    ) -> bool | None:
        """Do it, and tell what came of it.

        What takes too long is refused, and given up: who was told no must not get it later. But a setting once begun is
        written and read back to the end, without `gives_up`.
        """
        control = self._get_control()
        if control is None:
            has_tried = path == "/Mode" and value in actions.SWITCHED_ON and self._wake()
            self._refuse(path, f"the VE.Bus system does not answer{'; trying to wake it' if has_tried else ''}")
            return False

        async def run() -> None:
            try:
                await act(control, value)
            except (Mk2Error, ValueError) as error:
                self._refuse(path, str(error))
                raise

        task = asyncio.create_task(run(), name=f"write {path}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        done, _ = await asyncio.wait([task], timeout=ANSWER_S)
        if not done:
            if gives_up:
                task.cancel()
            else:
                task.add_done_callback(lambda late: late.cancelled() or late.exception())
            self._refuse(path, f"no answer within {ANSWER_S:g} s")
            return False
        return None if task.exception() is None else False

    def _refuse(self, path: str, why: str) -> None:
        self.refused += 1
        self.last_refusal = f"{path}: {why}"
        log.warning("write to %s refused: %s", path, why)

    async def _rename(self, _: Item, value: str) -> bool:
        await self._on_name(value)
        return True

    async def _redetect_system(self, _: Item, value: int) -> bool | None:
        if value == 1:
            self._redetect()
        return None if value in (0, 1) else False  # never shown as 1: an equal write would not be heard

    def _note_soc(self, value: float) -> bool:
        if not 0 <= value <= 100:  # noqa: PLR2004  # percent
            return False
        self._soc = value
        self._has_soc.set()
        return True

    async def run(self) -> None:
        """Carry out what is written again and again; runs until cancelled."""
        while True:
            await self._has_soc.wait()
            self._has_soc.clear()
            control, soc = self._get_control(), self._soc
            if control is not None and soc is not None:
                try:
                    info = await control.session.ram_info(RamVar.STATE_OF_CHARGE)
                    await control.write_ram(RamVar.STATE_OF_CHARGE, info.encode(soc / 100), is_cyclic=True)
                except (Mk2Error, ValueError) as error:
                    self._refuse("/Soc", str(error))

    async def close(self) -> None:
        """Wait for nothing any more."""
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    def _power_setter(self, phase: int) -> Callable[[Item, Any], Awaitable[bool | None]]:
        async def change(_: Item, value: float) -> bool | None:
            if self.ess is None:
                return False
            self.ess.set_power(phase, value)
            # Accepted, not shown: a value that is shown would make the next equal write invisible, and the writer
            # would seem to have fallen silent.
            return None

        return change

    def _flag_setter(self, flag: int) -> Callable[[Any], bool]:
        def change(value: int) -> bool:
            if self.ess is None:
                return False
            self.ess.set_flag(flag, on=bool(value))
            return True

        return change
