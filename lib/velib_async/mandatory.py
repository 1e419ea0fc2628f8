"""The items that every Venus service has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from velib_async.items import Item
from velib_async.typed_items import IntegerItem, TextItem

if TYPE_CHECKING:
    from velib_async.service import Service


def add_mandatory_items(
    service: Service,
    *,
    process_name: str,
    process_version: str,
    connection: str,
    device_instance: int,
    product_id: int,
    product_name: str,
    firmware_version: int | str | None = None,
    hardware_version: int | str | None = None,
    connected: int = 1,
) -> None:
    """Adds /Mgmt/ProcessName to /Connected, without which Venus programs ignore a service or show it half.

    Args:
        service: The service, not registered yet.
        process_name: The program's name.
        process_version: The program's version.
        connection: How the device is reached, for people: "MQTT client A1", "/dev/ttyUSB0".
        device_instance: Unique among services of one type; VRM files the history under it. Must be an int: a text
            collapses all devices into one MQTT topic.
        product_id: Victron's number for the product; user interfaces choose pages by it.
        product_name: Shown when there is no /CustomName; a device without is not shown.
        firmware_version: As the device tells it; None when unknown.
        hardware_version: The same.
        connected: 1 while the device answers, else 0.
    """
    for item in (
        TextItem("/Mgmt/ProcessName", process_name),
        TextItem("/Mgmt/ProcessVersion", process_version),
        TextItem("/Mgmt/Connection", connection),
        IntegerItem("/DeviceInstance", device_instance),
        IntegerItem("/ProductId", product_id, text=format_hex),
        TextItem("/ProductName", product_name),
        Item("/FirmwareVersion", firmware_version),
        Item("/HardwareVersion", hardware_version),
        IntegerItem("/Connected", connected),
    ):
        service.add_item(item)


def format_hex(number: int) -> str:
    """The text of a product id: hexadecimal, as all Victron's drivers show it."""
    return f"0x{number:X}"
