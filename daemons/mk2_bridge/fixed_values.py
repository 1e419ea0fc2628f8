"""What a service shows of a system as long as it stays the same: who is there and what it can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mk2_bridge.shape import phase_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mk2.assistants import Assistants
    from mk2.identity import Identity

APPARENT_POWER, REAL_POWER, REAL_POWER_OF_ONE_INSTANT = 0, 2, 4
"""What the powers of the phases are, as /Ac/PowerMeasurementType says it; the last two of all devices."""

ASSISTANT_SLOTS = 28
"""Ids of two bytes each in /Devices/n/Assistants, as long as the vendor's driver makes it; 0 is none."""


@dataclass(frozen=True, slots=True)
class Static:
    """What stays the same while a system runs.

    Attributes:
        identity: the system.
        measures_soc: the device's own battery monitor is on; else its state of charge means nothing.
        baudrate: of the line.
        takes_snapshots: the powers of all devices are measured at one instant.
        input_limits: limits of the AC inputs as set for good, by number.
        charge_voltages: voltages of absorption and float, while the system has ESS.
    """

    identity: Identity
    measures_soc: bool
    baudrate: int
    takes_snapshots: bool = True
    input_limits: Mapping[int, float] = field(default_factory=dict)
    charge_voltages: tuple[float | None, float | None] = (None, None)

    @property
    def measurement_type(self) -> int:
        """What the powers of the phases are."""
        identity = self.identity
        phases = {phase_of(device, identity) for device in range(len(identity.devices))}
        if not identity.has_powers or phases != set(identity.phases):
            return APPARENT_POWER
        return REAL_POWER_OF_ONE_INSTANT if identity.has_snapshot and self.takes_snapshots else REAL_POWER


def identity_values(static: Static) -> dict[str, Any]:
    """Return what is known once the system is identified."""
    identity = static.identity
    count = len(identity.devices)
    values: dict[str, Any] = {
        "/ProductId": identity.device.product_id,
        "/FirmwareVersion": identity.device.firmware,
        "/FirmwareSubVersion": 0,
        "/Interfaces/Mk2/ProductId": identity.interface.product_id,
        "/Interfaces/Mk2/ProductName": "MK3" if identity.interface.is_mk3 else "MK2",
        "/Interfaces/Mk2/Version": identity.interface.version,
        "/Interfaces/Mk2/Status/Baudrate": static.baudrate,
        "/Devices/NumberOfMultis": count,
        "/ShortIds": sum(1 << (device or 0) for device in identity.devices),
        "/Ac/NumberOfPhases": len(identity.phases),
        "/Ac/PowerMeasurementType": static.measurement_type,
        "/Quirks": 0,
        "/FirmwareFeatures/BolFrame": 0,
        "/FirmwareFeatures/BolUBatAndTBatSense": 0,
        "/FirmwareFeatures/CommandWriteViaId": 1,
        "/FirmwareFeatures/IBatSOCBroadcast": 0,
        "/FirmwareFeatures/NewPanelFrame": 0,
        "/FirmwareFeatures/SetChargeState": 1,
    }
    for device in range(count):
        values[f"/Devices/{device}/Version"] = identity.device.number
        values[f"/Devices/{device}/ProductId"] = identity.device.product_id
        values[f"/Devices/{device}/FirmwareVersion"] = identity.device.firmware
        values[f"/Devices/{device}/FirmwareSubVersion"] = 0
    for device, assistants in enumerate(identity.assistants):
        values[f"/Devices/{device}/Assistants"] = assistant_bytes(assistants)
    return values


def assistant_bytes(assistants: Assistants | None) -> bytes | None:
    """Return the ids of assistants as Venus has them, None while it is not known whether Hub-2 is among them.

    Venus writes no state of charge to a device with a Hub-2 assistant, nor to one whose assistants are unknown. It
    looks for the ids of programs, while the variables tell kinds only. No assistant at all, or ESS, which excludes
    Hub-2, is certain.
    """
    if assistants is None or (assistants.kinds and assistants.ess_head is None):
        return None
    words = (*assistants.kinds, *[0] * ASSISTANT_SLOTS)[:ASSISTANT_SLOTS]
    return b"".join(word.to_bytes(2, "little") for word in words)
