"""Tells devices what was wrong with their messages, and the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqtt_devices.protocol.effects import Effect, Note, Publish
from mqtt_devices.protocol.names import error_topic
from mqtt_devices.protocol.rates import LevelLimiter, LogPace
from mqtt_devices.protocol.reply import encode_error

if TYPE_CHECKING:
    from mqtt_devices.errors import Rejected

# Log lines show this much of a topic or payload: a registration of eight services fits.
SHOWN = 400


class Complaints:
    """At most one Error a second for each topic level; in the log, one line a minute for what repeats."""

    def __init__(self) -> None:
        self._limiter = LevelLimiter()
        self._log_pace = LogPace()

    def complain(
        self, level: str, topic: str, problem: Rejected, now: float, *, broker: str = "", accepted: bool = False
    ) -> list[Effect]:
        """Say what was wrong with a message on `topic`; `accepted`: only a part of it was."""
        effects: list[Effect] = []
        if count := self._log_pace.due((level, problem.reason), now):
            times = f" ({count} times since the last such line)" if count > 1 else ""
            what = "Rejected a part of" if accepted else "Rejected"
            text = f"{what} {topic[:SHOWN]!a}: {problem.reason}: {problem}{times}"
            effects.append(Note(text, is_warning=True))
        if not self._limiter.allows(level, now):
            return effects
        target = error_topic(level)
        if target is None:
            return effects
        return [*effects, Publish(target, encode_error(topic, problem, accepted=accepted), broker)]
