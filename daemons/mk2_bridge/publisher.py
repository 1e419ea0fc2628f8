"""The service on the bus: built once a system is known, told new values every second, kept while it is away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mk2_bridge.details import PER_DEVICE
from mk2_bridge.items import make_items
from velib_async.mandatory import add_mandatory_items
from velib_async.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mk2_bridge.shape import Shape
    from velib_async.bus import Bus
    from velib_async.items import Item

INTERVAL_S = 1.0
ESS_INTERVAL_S = 0.5
"""The ESS control loop of Venus runs faster than others, and reads our powers."""


class Publisher:
    """One com.victronenergy.vebus service.

    Args:
        bus: a connection of its own.
        name: the service's name.
        shape: decides which paths there are.
        mandatory: arguments of `add_mandatory_items`.
        controls: the items that can be written.
    """

    def __init__(
        self,
        bus: Bus,
        name: str,
        *,
        shape: Shape,
        mandatory: Mapping[str, Any],
        controls: Iterable[Item],
    ) -> None:
        self.shape = shape
        self.interval_s = ESS_INTERVAL_S if shape.ess_phases else INTERVAL_S
        self.service = Service(bus, name, min_interval_s=self.interval_s)
        add_mandatory_items(self.service, **mandatory)
        for item in (*make_items(shape), *controls):
            self.service.add_item(item)
        self._measured: set[str] = set()

    async def open(self) -> None:
        """Appear on the bus.

        Raises:
            NameTaken: somebody else has the name.
            BusLost: the connection ended.
        """
        await self.service.register()

    def publish(self, values: Mapping[str, Any], *, is_connected: bool) -> None:
        """Show these values; what was measured before and is not among them becomes unknown."""
        with self.service as changes:
            for path in self._measured - values.keys():
                changes[path] = None
            for path, value in values.items():
                changes[path] = value
            changes["/Connected"] = int(is_connected)
            for name in PER_DEVICE:
                changes[f"/Devices/0/Settings/{name}"] = self.service[f"/Settings/{name}"]
        self._measured = set(values)

    def publish_fixed(self, values: Mapping[str, Any]) -> None:
        """Show values that stay when the system is away."""
        with self.service as changes:
            for path, value in values.items():
                changes[path] = value

    async def close(self) -> None:
        """Leave the bus."""
        await self.service.close()
