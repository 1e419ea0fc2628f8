"""One device on D-Bus: its service, those of its tanks, and the values on them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modbus_client.identity import layout_of, mandatory_of
from modbus_client.protocol.poll import FAST_S
from modbus_client.publisher import Publisher
from modbus_client.readings import Pipeline, tune_ages
from modbus_client.recall import summarise
from modbus_client.tankservice import TankService, tank_registers

if TYPE_CHECKING:
    from modbus_client.configuration import DeviceConfig
    from modbus_client.house import House
    from modbus_client.identity import Place
    from modbus_client.layout import Layout
    from modbus_client.protocol.prepare import Prepared
    from modbus_client.protocol.register import Register
    from modbus_client.publisher import Vreg, Write


@dataclass(frozen=True, slots=True)
class Ends:
    """What the service of a device leads to."""

    connection: str  # the text of /Mgmt/Connection
    write: Write
    vreg: tuple[Vreg, Vreg]


class Appearance:
    """Comes with `begin` and `show`, goes with `retire`; comes again in another role, or as another device."""

    def __init__(self, config: DeviceConfig, house: House) -> None:
        self.publisher: Publisher | None = None
        self.pipeline: Pipeline | None = None
        self.is_up = False
        self._config = config
        self._spec = str(config.spec)
        self._house = house
        self._prepared: Prepared | None = None
        self._tanks: list[TankService] = []

    @property
    def _sleeps(self) -> bool:
        """Silence is the night, not a fault."""
        if self._config.sleeps_at_night is not None:
            return self._config.sleeps_at_night
        return self._prepared is not None and self._prepared.definition.sleeps_at_night

    def begin(self, prepared: Prepared, place: Place) -> list[Register]:
        """Return what is to be polled of this device in this role."""
        self._prepared = prepared
        if self.pipeline is None:
            stored = self._house.memory.devices.get(self._spec, {})
            if stored.get("ident") != prepared.ident:
                stored = {}  # another device, whose counters are its own
            self.pipeline = Pipeline(prepared, self._config, stored.get("energy"), stored.get("counters"))
        self.pipeline.use_role(place.role)
        polled = [*prepared.registers(place.role), *self.pipeline.error_registers(), *tank_registers(prepared)]
        return tune_ages(polled, self._config, FAST_S)

    async def show(self, prepared: Prepared, place: Place, registers: list[Register], ends: Ends) -> str | None:
        """Create the service, or add to it what it has not; return its name if it is new.

        Raises NameTaken, SettingError, CallError and BusLost.
        """
        layout, created = layout_of(prepared, place, registers, self._config), None
        if self.publisher is None:
            self.publisher = await self._open(prepared, place, layout, ends)
            created = self.publisher.service.name
        else:
            for item in layout.items.values():
                self.publisher.add(item, ends.write)
            gone = [path for path in self.publisher.measured_paths() if path not in layout.items]
            told = {v.register.path: v.value for v in prepared.info if v.register.path}
            fixed = {path: shown.value for path, shown in prepared.shown.items()}
            self.publisher.publish({**dict.fromkeys(gone), **told, **fixed})
        self._house.memory.remember(self._spec, **summarise(prepared))
        if not self._tanks:
            self._tanks = TankService.all_of(prepared, self._house)
        await self.show_tanks(ends.connection)
        return created

    async def _open(self, prepared: Prepared, place: Place, layout: Layout, ends: Ends) -> Publisher:
        return await Publisher.open(
            f"com.victronenergy.{place.role}.{prepared.ident}",
            address=self._house.bus_address,
            library=self._house.bus_library,
            layout=layout,
            mandatory=mandatory_of(prepared, place, self._house, ends.connection, connected=self.is_up),
            write=ends.write,
            vreg=ends.vreg if prepared.definition.vreg_block else None,
            fast=place.role == "grid",
        )

    async def show_tanks(self, connection: str) -> None:
        """Create the services of the tanks that have a value."""
        for tank in self._tanks:
            if tank.is_waiting:
                await tank.open(connection)

    async def retire(self) -> None:
        """Take everything off the bus; what it counted is remembered."""
        if self.is_up:
            self._remember_counters()
        self.remember_energy()
        publisher, self.publisher = self.publisher, None
        tanks, self._tanks = self._tanks, []
        self.pipeline = None
        self.is_up = False
        for tank in tanks:
            await tank.close()
        if publisher is not None:
            await publisher.close()

    def measured(self, readings: dict[str, Any]) -> bool:
        """Publish new readings; tell whether a tank waits for its service."""
        if self.publisher is None or self.pipeline is None:
            return False
        found = self.pipeline.measured(readings, time.monotonic())
        if not self.is_up:
            self.is_up = True
            found = {**found, "/Connected": 1}
        self.publisher.publish(found)
        for tank in self._tanks:
            tank.measured(readings)
        return any(tank.is_waiting for tank in self._tanks)

    def go_down(self) -> None:
        """Show that the device is silent: unknown values, or an inverter that stands by."""
        if self.is_up:
            self._remember_counters()
        self.is_up = False
        if self.publisher is None or self.pipeline is None or self._prepared is None:
            return
        paths = [path for path in self.publisher.measured_paths() if path not in self._prepared.shown]
        if self._sleeps:
            self.publisher.publish({**self.pipeline.asleep(paths), "/Connected": 1})
        else:
            self.publisher.publish({**dict.fromkeys(paths), "/Connected": 0})
        for tank in self._tanks:
            tank.go_down()

    def _remember_counters(self) -> None:
        """Keep the counters of an inverter that falls asleep: after a restart at night they are all it has."""
        if self.pipeline is not None and self.pipeline.counters and self._sleeps:
            self._house.memory.remember(self._spec, counters=dict(self.pipeline.counters))

    def remember_energy(self) -> None:
        """Keep the energy that is integrated here."""
        counter = self.pipeline.energy if self.pipeline else None
        if counter is not None and counter.forward_kwh is not None:
            totals = {
                "forward_kwh": round(counter.forward_kwh, 3),
                "reverse_kwh": round(counter.reverse_kwh or 0, 3),
            }
            self._house.memory.remember(self._spec, energy=totals)
