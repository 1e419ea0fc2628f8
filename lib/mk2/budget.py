"""How often the EEPROM may still be written. Pure: wall time comes in, because the count must survive restarts."""

from __future__ import annotations

from dataclasses import dataclass, field

from mk2.errors import Unsafe

HOUR_S = 3600.0
DAY_S = 86400.0


@dataclass(slots=True)
class EepromBudget:
    """Counts writes to EEPROM, which stands some ten thousand of them.

    Attributes:
        per_hour, per_day: how many are allowed.
        times: wall times of the writes of the last day; kept by the caller over restarts.
    """

    per_hour: int = 6
    per_day: int = 20
    times: list[float] = field(default_factory=list)

    def spend(self, now: float) -> None:
        """Note one write, about to be done.

        Raises:
            Unsafe: the budget is used up.
        """
        # After the clock was set back, a time that lies ahead counts as now: it may delay a write, never allow one.
        self.times = [time for time in (min(time, now) for time in self.times) if now - time < DAY_S]
        last_hour = sum(now - time < HOUR_S for time in self.times)
        if last_hour >= self.per_hour or len(self.times) >= self.per_day:
            raise Unsafe(
                f"the EEPROM was written {last_hour} times in the last hour and {len(self.times)} times today; "
                f"allowed are {self.per_hour} and {self.per_day}: wait, or write to RAM only",
            )
        self.times.append(now)
