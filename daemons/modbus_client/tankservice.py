"""The fuel senders of a genset controller: each a tank service of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modbus_client.layout import ItemSpec, Layout
from modbus_client.protocol.tank import TankShape
from modbus_client.publisher import PROCESS_NAME, Publisher
from velib_async.localsettings import Setting

if TYPE_CHECKING:
    from modbus_client.house import House
    from modbus_client.protocol.functions import Tank
    from modbus_client.protocol.prepare import Prepared
    from modbus_client.protocol.register import Register

FLUID_TYPES = 11
MAX_CAPACITY_M3 = 1000.0
_INSTANCE = 20


def _senders(prepared: Prepared) -> dict[int, tuple[Tank, Register]]:
    found: dict[int, tuple[Tank, Register]] = {}
    for tank in prepared.definition.tanks:
        for register in tank.entry.expand(prepared.facts):
            found.setdefault(tank.number, (tank, register))
    return found


def tank_registers(prepared: Prepared) -> list[Register]:
    """Return what has to be polled for the tanks of a device."""
    return [register for _, register in _senders(prepared).values()]


class TankService:
    """One tank. It appears with the first value: controllers without a sender have the register, too."""

    def __init__(self, prepared: Prepared, house: House, tank: Tank, register: Register) -> None:
        self._prepared = prepared
        self._house = house
        self._tank = tank
        self._register = register
        self._shape = TankShape(raw_empty=tank.raw_min, raw_full=tank.raw_max)
        self.ident = f"{prepared.ident}_{tank.number}"
        self.publisher: Publisher | None = None
        self._raw: float | None = None

    @classmethod
    def all_of(cls, prepared: Prepared, house: House) -> list[TankService]:
        """Return the tanks of a device, not open yet."""
        return [cls(prepared, house, tank, register) for tank, register in _senders(prepared).values()]

    @property
    def is_waiting(self) -> bool:
        """There is a value, and no service yet."""
        return self._raw is not None and self.publisher is None

    async def open(self, connection: str) -> None:
        """Create the service. Its settings hold the shape of the tank."""
        base = f"/Settings/Devices/{self.ident}"
        settings = self._house.settings
        instance = await settings.allocate_instance(self.ident, "tank", _INSTANCE)
        values = await settings.add(
            Setting(f"{base}/Capacity", 0.2, 0.0, MAX_CAPACITY_M3),
            Setting(f"{base}/FluidType", 0, 0, FLUID_TYPES),
            Setting(f"{base}/RawValueEmpty", self._tank.raw_min),
            Setting(f"{base}/RawValueFull", self._tank.raw_max),
            Setting(f"{base}/CustomName", ""),
        )
        self._use(values, base)
        prepared = self._prepared
        mandatory = {
            "process_name": PROCESS_NAME,
            "process_version": self._house.version,
            "connection": connection,
            "device_instance": instance,
            "product_id": prepared.definition.product_id,
            "product_name": f"{prepared.definition.vendor_name} tank sensor",
            "firmware_version": prepared.info_value("/FirmwareVersion"),
            "connected": 1,
        }
        self.publisher = await Publisher.open(
            f"com.victronenergy.tank.{self.ident}",
            address=self._house.bus_address,
            library=self._house.bus_library,
            layout=self._layout(values, base),
            mandatory=mandatory,
            write=self._write,
        )
        self._publish()

    def _layout(self, values: dict[str, Any], base: str) -> Layout:
        layout = Layout()
        layout.add(ItemSpec("/Level", "float", text="{:.0f} %".format))
        layout.add(ItemSpec("/Remaining", "float", text="{:.3f} m3".format))
        layout.add(ItemSpec("/RawValue", "float"))
        layout.add(ItemSpec("/RawUnit", "text", self._tank.unit))
        layout.add(ItemSpec("/Status", "int", 0))
        layout.add(ItemSpec("/Serial", "text", self._prepared.info_value("/Serial")))
        layout.add(ItemSpec("/FluidType", "int", values[f"{base}/FluidType"], None, True, 0, FLUID_TYPES))
        layout.add(ItemSpec("/CustomName", "text", values[f"{base}/CustomName"], None, True))
        for name in ("Capacity", "RawValueEmpty", "RawValueFull"):
            layout.add(ItemSpec(f"/{name}", "float", values[f"{base}/{name}"], None, True))
        return layout

    def measured(self, readings: dict[str, Any]) -> None:
        """Take in new readings of the parent device."""
        key = self._register.variable or ""
        if key in readings:
            self._raw = readings[key]
            self._publish()

    def go_down(self) -> None:
        """The parent device is silent."""
        self._raw = None
        self._publish()

    def _publish(self) -> None:
        if self.publisher is not None:
            level, remaining = self._shape.level(self._raw), self._shape.remaining(self._raw)
            self.publisher.publish({"/RawValue": self._raw, "/Level": level, "/Remaining": remaining})

    async def _write(self, path: str, value: Any) -> bool:
        base = f"/Settings/Devices/{self.ident}"
        await self._house.settings.set(f"{base}{path}", value)
        self._use({f"{base}{path}": self._house.settings.get(f"{base}{path}")}, base)
        self._publish()
        return True

    def _use(self, values: dict[str, Any], base: str) -> None:
        names = {"Capacity": "capacity_m3", "RawValueEmpty": "raw_empty", "RawValueFull": "raw_full"}
        changes = {field: float(values[f"{base}/{n}"]) for n, field in names.items() if f"{base}/{n}" in values}
        self._shape = replace(self._shape, **changes)

    async def close(self) -> None:
        """Take the service off the bus."""
        publisher, self.publisher = self.publisher, None
        if publisher is not None:
            await publisher.close()
