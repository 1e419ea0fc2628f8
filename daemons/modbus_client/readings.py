"""From what a device measured to what its service shows: computed values, errors, corrections, the night."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.derive import derive
from modbus_client.protocol.energy import EnergyCounter
from modbus_client.protocol.errorslots import ErrorSlots, faults_in
from modbus_client.protocol.register import Register
from modbus_client.protocol.words import parse_type

if TYPE_CHECKING:
    from modbus_client.configuration import DeviceConfig
    from modbus_client.protocol.poll import Readings
    from modbus_client.protocol.prepare import Prepared

_FLOW = re.compile(r"/Ac/(L[1-3]/)?(Power|Current)|/Internal/Pv/\d/[IP]|/Ac/(Apparent|Reactive)Power")
STANDBY = 8


class Pipeline:
    """The last known values of one device, and everything that follows from them."""

    def __init__(
        self,
        prepared: Prepared,
        config: DeviceConfig,
        energy: dict[str, float] | None = None,
        counters: dict[str, float] | None = None,
    ) -> None:
        self._prepared = prepared
        self._config = config
        self._facts = dict(prepared.facts)
        self.values: Readings = {}
        definition = prepared.definition
        self._slots = ErrorSlots(definition.vendor_id, definition.error_ids, definition.error_offset)
        self._errors = [rule for rule in definition.errors if rule.when.holds(self._facts)]
        self.energy = _counter(config, energy or {})
        self.counters: dict[str, float] = _numbers(counters)  # the last known energies, by the path that shows them

    def use_role(self, role: str) -> None:
        """Apply the conditions on the role from now on."""
        self._facts["role"] = role

    def error_registers(self) -> list[Register]:
        """Return the registers behind the error slots."""
        return [
            Register(None, rule.at, parse_type(f"words[{rule.count}]"), rule.table, variable=f"errors {number}",
                     age_s=self._prepared.definition.timing.age_s, optional=True)
            for number, rule in enumerate(self._errors)
        ]  # fmt: skip

    def measured(self, readings: Readings, now: float) -> Readings:
        """Take in new readings; return what is to be published."""
        self.values.update(readings)
        found = {**readings, **derive(self._prepared.definition.derived, self.values, self._facts)}
        if any(key.startswith("errors ") for key in readings):
            found.update(self._error_values())
        if self.energy is not None:
            found.update(self._count(found, now))
        found = self._config.adjustment.apply(found)
        self.counters |= _numbers({path: value for path, value in found.items() if "/Energy/" in path})
        return found

    def asleep(self, paths: list[str]) -> Readings:
        """Return what an inverter shows at night: it delivers nothing, and is not broken."""
        night: Readings = {}
        for path in paths:
            if _FLOW.fullmatch(path):
                night[path] = 0.0
            elif path == "/StatusCode":
                night[path] = STANDBY
            elif path in self.counters:
                night[path] = self.counters[path]
            elif path != "/ErrorCode":
                night[path] = None
        return night

    def _error_values(self) -> Readings:
        faults = set()
        for number, rule in enumerate(self._errors):
            words = self.values.get(f"errors {number}")
            faults |= faults_in(rule, words) if words else set()
        return dict(self._slots.update(faults))

    def _count(self, found: Readings, now: float) -> Readings:
        energy = self.energy
        if energy is None:
            return {}
        energy.begin(self.values.get("/Ac/Energy/Forward"), self.values.get("/Ac/Energy/Reverse"))
        if "/Ac/Power" in found or "/Ac/L1/Power" in found:
            phases: list[Any] = [
                self.values[f"/Ac/L{n}/Power"] for n in (1, 2, 3) if f"/Ac/L{n}/Power" in self.values
            ] or [self.values.get("/Ac/Power")]
            energy.measured(phases, now)
        return {"/Ac/Energy/Forward": energy.forward_kwh, "/Ac/Energy/Reverse": energy.reverse_kwh}


def _numbers(values: Any) -> dict[str, float]:
    """Return what is a number under a name; a stored memory may be damaged."""
    pairs = values.items() if isinstance(values, dict) else ()
    return {str(path): value for path, value in pairs if isinstance(value, int | float)}


def _counter(config: DeviceConfig, stored: dict[str, float]) -> EnergyCounter | None:
    if config.energy == "device":
        return None
    return EnergyCounter(config.energy, stored.get("forward_kwh"), stored.get("reverse_kwh"))


def tune_ages(registers: list[Register], config: DeviceConfig, fast_s: float) -> list[Register]:
    """Return the registers with the ages that are configured."""
    if config.continuous:  # what is measured; settings of the device are read as seldom as ever
        return [register if register.write else replace(register, age_s=0.0) for register in registers]
    tuned = []
    for register in registers:
        age = config.fast_age_s if register.age_s <= fast_s else config.age_s
        tuned.append(register if age is None else replace(register, age_s=age))
    return tuned
