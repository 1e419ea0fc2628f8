"""What follows from the values of one service: corrected readings, sums and products, alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqtt_devices.errors import Rejected
from mqtt_devices.protocol.alarms import LevelAlarm
from mqtt_devices.protocol.derived import derive
from mqtt_devices.protocol.service_types import ALARM_STATE
from mqtt_devices.protocol.values import coerce

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqtt_devices.protocol.service_types import ServiceType, Value


class DerivedValues:
    """Works out values of one service; what the device sends itself is left to it from then on."""

    def __init__(self, service_type: ServiceType) -> None:
        self._type = service_type
        self._alarms = [LevelAlarm(rule) for rule in service_type.alarms]
        self._results = frozenset(
            (
                *(derivation.path for derivation in service_type.derivations),
                *(f"{rule.path}/{ALARM_STATE}" for rule in service_type.alarms),
            )
        )
        self._sent: set[str] = set()
        self._raw: dict[str, Value] = {}  # of corrected readings: what the device sent

    @property
    def is_needed(self) -> bool:
        """Whether anything ever follows from anything."""
        return bool(self._results or self._type.calibrations)

    @property
    def deadline(self) -> float | None:
        """When update() is due although nothing has changed."""
        return min((alarm.deadline for alarm in self._alarms if alarm.deadline is not None), default=None)

    def update(self, written: Mapping[str, Value], get: Callable[[str], Value], now: float) -> dict[str, Value]:
        """The values that follow, by path.

        Args:
            written: what was written just now, by path.
            get: returns the present value of a path, a written one included.
            now: monotonic seconds.
        """
        self._sent.update(self._results.intersection(written))
        found: dict[str, Value] = {}

        def look(path: str) -> Value:
            return found[path] if path in found else get(path)

        for calibration in self._type.calibrations:
            path = calibration.path
            if path in written:
                self._raw[path] = written[path]
            if {path, calibration.scale, calibration.offset} & written.keys() and self._raw.get(path) is not None:
                found[path] = self.correct(path, self._raw[path], get)
        changed = {*written, *found}
        for path, value in derive(self._type.derivations, changed, self._sent, look).items():
            found[path] = self._fit(path, value)
        for alarm in self._alarms:
            if (state := f"{alarm.rule.path}/{ALARM_STATE}") not in self._sent:
                found[state] = alarm.update(look, now)
        return found

    def forget(self) -> None:
        """The readings are too old."""
        self._raw.clear()
        for alarm in self._alarms:
            alarm.reset()

    def correct(self, path: str, raw: Value, get: Callable[[str], Value]) -> Value:
        """The value of a path for what the device sent: another one where the user corrects it."""
        calibration = next((one for one in self._type.calibrations if one.path == path), None)
        if calibration is None or not isinstance(raw, int | float):
            return raw
        scale, offset = get(calibration.scale), get(calibration.offset)
        if not isinstance(scale, int | float) or not isinstance(offset, int | float):
            return raw
        return self._fit(path, raw * scale + offset)

    def _fit(self, path: str, value: Value) -> Value:
        try:
            return coerce(value, self._type.paths[path])
        except Rejected:
            # Beyond the limits of the path: the operands may be right and the sum is nonsense all the same.
            return None
