"""One device on D-Bus: readings become items, writes of others become calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from velib_async.bus import Bus, open_bus
from velib_async.mandatory import add_mandatory_items
from velib_async.service import DoubleItem, IntegerItem, Item, Service, TextItem
from velib_async.vreglink import VregLinkItem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from modbus_client.layout import ItemSpec, Layout

    Write = Callable[[str, Any], Awaitable[bool | None]]
    Vreg = Callable[..., Awaitable[bytes]]

PROCESS_NAME = "modbus-client"
SLOW_INTERVAL_S = 1.0
"""Between two ItemsChanged of what nothing regulates by."""
_KINDS: Mapping[str, type[Item]] = {"int": IntegerItem, "float": DoubleItem, "text": TextItem, "any": Item}
IDENTIFICATION = ("/Mgmt/", "/Serial", "/Model", "/DeviceType", "/Product", "/Firmware", "/Hardware", "/Device",
                  "/Role", "/AllowedRoles", "/RefreshTime", "/NrOfPhases", "/IsGenericEnergyMeter", "/Position",
                  "/CustomName", "/Error", "/Connected", "/Capabilities", "/Manufacturer", "/Ac/MaxPower",
                  "/Capacity", "/FluidType", "/RawValueEmpty", "/RawValueFull", "/RawUnit")  # fmt: skip
"""Paths that say what a device is: they stay while it is silent."""


class Publisher:
    """A service with its own bus connection. Make one with `open`, end it with `close`."""

    def __init__(self, bus: Bus, name: str, *, min_interval_s: float) -> None:
        self.service = Service(bus, name, min_interval_s=min_interval_s)
        self._bus = bus

    @classmethod
    async def open(
        cls,
        name: str,
        *,
        address: str,
        library: Any,
        layout: Layout,
        mandatory: Mapping[str, Any],
        write: Write,
        vreg: tuple[Vreg, Vreg] | None = None,
        fast: bool = False,
    ) -> Publisher:
        """Create a service with all its items and register it. Raises NameTaken and BusLost."""
        bus = await open_bus(address, library=library)
        try:
            publisher = cls(bus, name, min_interval_s=0.0 if fast else SLOW_INTERVAL_S)
            add_mandatory_items(publisher.service, **mandatory)
            for spec in layout.items.values():
                publisher.add(spec, write)
            if vreg is not None:
                publisher.add_vreg_link(vreg, mandatory)
            await publisher.service.register()
        except BaseException:
            await bus.close()
            raise
        return publisher

    def add(self, spec: ItemSpec, write: Write) -> None:
        """Add one item."""
        if spec.path in self.service:
            return

        async def on_change(_: Item, value: Any) -> bool | None:
            return await write(spec.path, value)

        item = _KINDS[spec.kind](
            spec.path,
            spec.value,
            spec.writeable,
            on_change if spec.writeable else None,
            spec.text,
            minimum=spec.minimum,
            maximum=spec.maximum,
        )
        self.service.add_item(item)

    def add_vreg_link(self, vreg: tuple[Vreg, Vreg], mandatory: Mapping[str, Any]) -> None:
        """Add /Devices/0, through which VictronConnect and the GUI reach the device's registers."""
        self.service.add_item(VregLinkItem("/Devices/0/VregLink", *vreg))
        self.service.add_item(IntegerItem("/Devices/0/DeviceInstance", mandatory["device_instance"]))
        self.service.add_item(IntegerItem("/Devices/0/ProductId", mandatory["product_id"]))
        self.service.add_item(TextItem("/Devices/0/ProductName", mandatory["product_name"]))
        self.service.add_item(TextItem("/Devices/0/ServiceName", self.service.name))
        self.service.add_item(Item("/Devices/0/FirmwareVersion", mandatory["firmware_version"]))
        address = str(mandatory["connection"]).rsplit(" ", 1)[-1]
        self.service.add_item(TextItem("/Devices/0/IpAddress", address))

    def publish(self, readings: Mapping[str, Any]) -> None:
        """Set what has an item; the changes of one call go out together."""
        with self.service as context:
            for path, value in readings.items():
                if path in self.service:
                    context[path] = value

    def measured_paths(self) -> list[str]:
        """Return the paths whose values are measured, not told once."""
        return [path for path in self.service.items if not path.startswith(IDENTIFICATION)]

    def value(self, path: str) -> Any:
        """Return what an item shows; None without such an item."""
        item = self.service.get_item(path)
        return None if item is None else item.value

    async def wait_lost(self) -> None:
        """Wait for the end of the connection. Raises BusLost unless it was closed on purpose."""
        await self.service.wait_lost()

    async def close(self) -> None:
        """Take the service off the bus."""
        await self.service.close()
        await self._bus.close()
