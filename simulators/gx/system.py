"""com.victronenergy.system: what other programs ask of it before they start."""

from __future__ import annotations

from typing import Any, Final

from simulators.gx.items import Item, ItemsService

SYSTEM_SERVICE: Final = "com.victronenergy.system"

_VENUS_SYSTEM_PRODUCT_ID: Final = 0xC003
"""Any product id of the GX family does; nothing here reads it."""


class SystemSimulator(ItemsService):
    """The system service with /Serial (the portal id), the mandatory paths and one relay that can be written."""

    def __init__(self, address: str, *, portal_id: str) -> None:
        items = {
            "/Mgmt/ProcessName": Item("simulators.gx"),
            "/Mgmt/ProcessVersion": Item("1"),
            "/Mgmt/Connection": Item("data from other dbus processes"),
            "/DeviceInstance": Item(0),
            "/ProductId": Item(_VENUS_SYSTEM_PRODUCT_ID),
            "/ProductName": Item("Simulated GX"),
            "/FirmwareVersion": Item(None),
            "/HardwareVersion": Item(None),
            "/Connected": Item(1),
            "/Serial": Item(portal_id),
            "/Relay/0/State": Item(0, accept=_is_switch_state, minimum=0, maximum=1),
        }
        super().__init__(address, SYSTEM_SERVICE, items)


def _is_switch_state(value: Any) -> bool:
    return isinstance(value, int) and value in {0, 1}
