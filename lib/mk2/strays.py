"""Messages that answer no request: announcements, late replies, and replies to somebody else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mk2.foreign import PERIOD_S, ForeignTraffic
from mk2.frames import bus, config, info
from mk2.frames.winmon import Winmon

if TYPE_CHECKING:
    from collections.abc import Callable

    from mk2.frames.record import Record
    from mk2.slots import Slots
    from mk2.statistics import Statistics

log = logging.getLogger(__name__)


class Strays:
    """Sorts stray messages.

    Args:
        name: of the line, for the log.
        slots: tells which replies may be late; a slot whose late reply has come is free again.
        statistics: where they are counted.
        on_message: takes announcements.
    """

    def __init__(
        self,
        name: str,
        slots: Slots,
        statistics: Statistics,
        on_message: Callable[[Record], None] | None,
    ) -> None:
        self.foreign = ForeignTraffic()
        self._name = name
        self._slots = slots
        self._statistics = statistics
        self._on_message = on_message

    def take(self, message: Record, now: float) -> None:
        """Take a message that nobody here waits for."""
        if isinstance(message, Winmon):
            if self._slots.is_resting(message.letter, now):
                self._statistics.late_replies += 1
                self._slots.wake(message.letter)
            else:
                self._count_foreign(now)
        elif isinstance(message, info.DcInfo | info.AcInfo | config.ConfigInfo):
            self._statistics.late_replies += 1
        elif self._on_message is not None:
            self._statistics.boots += isinstance(message, bus.Boot)
            self._on_message(message)

    def _count_foreign(self, now: float) -> None:
        self._statistics.foreign_replies += 1
        if self.foreign.note(now):
            log.warning(
                "%s: replies arrive that were not asked for; another program talks to this interface: stop it. "
                "Nothing is written to the device until it has been quiet for %d s",
                self._name,
                PERIOD_S,
            )
