"""The paths of com.victronenergy.vebus: a table for every system, and what phases, devices and ESS add.

Paths, types and units as the vendor's own driver has them. What cannot be learned over the public protocol is there all
the same, unknown, because programs that read it take a missing path for a missing device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mk2_bridge.protocol.alarms import ALARMS
from mk2_bridge.protocol.energy import WAYS
from velib_async.items import Item
from velib_async.service import DoubleItem, IntegerItem, TextItem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mk2_bridge.shape import Shape

LEDS = ("Mains", "Absorption", "Bulk", "Float", "Inverter", "Overload", "LowBattery", "Temperature")
"""In the order of their bits."""

V, A, W, HZ, KWH, PERCENT, VA = "{:.2f} V", "{:.2f} A", "{:.0f} W", "{:.2f} Hz", "{:.3f} kWh", "{:.1f} %", "{:.0f} VA"


def _doubles(text: str, *paths: str, dead_band: float = 0.0) -> Iterator[Item]:
    for path in paths:
        yield DoubleItem(path, text=text.format, dead_band=dead_band)


def _integers(*paths: str) -> Iterator[Item]:
    for path in paths:
        yield IntegerItem(path)


def make_items(shape: Shape) -> Iterator[Item]:
    """Return all items of a service but the mandatory ones and those that can be written."""
    yield from _state_items()
    yield from _doubles(V, "/Dc/0/Voltage")
    yield from _doubles(A, "/Dc/0/Current")
    yield from _doubles(W, "/Dc/0/Power")
    yield DoubleItem("/Dc/0/Temperature", text="{:.1f} C".format)
    for side in ("/Ac/ActiveIn", "/Ac/Out"):
        yield from _doubles(W, f"{side}/P")
        yield from _doubles(VA, f"{side}/S", dead_band=25)
        for phase in (1, 2, 3):
            base = f"{side}/L{phase}"
            yield from _doubles(V, f"{base}/V")
            yield from _doubles(A, f"{base}/I")
            yield from _doubles(HZ, f"{base}/F")
            yield from _doubles(W, f"{base}/P")
            # Apparent power changes with every reading and nobody needs it that often.
            yield from _doubles(VA, f"{base}/S", dead_band=25)
    yield from _doubles(KWH, *(f"/Energy/{way}" for way in WAYS), dead_band=0.001)
    yield from _alarm_items(shape)
    yield from _management_items()
    for device in range(shape.devices):
        yield from _device_items(device)


def _state_items() -> Iterator[Item]:
    yield from _integers(
        "/State",
        "/VebusMainState",
        "/VebusChargeState",
        "/VebusError",
        "/ModeIsAdjustable",
        "/Ac/ActiveIn/ActiveInput",
        "/Ac/ActiveIn/Connected",
        "/Ac/ActiveIn/CurrentLimitIsAdjustable",
        "/Ac/In/1/CurrentLimitIsAdjustable",
        "/Ac/In/2/CurrentLimitIsAdjustable",
        "/Ac/NumberOfAcInputs",
        "/Ac/NumberOfPhases",
        "/Ac/PowerMeasurementType",
        "/Ac/State/IgnoreAcIn1",
        "/Ac/State/IgnoreAcIn2",
        "/Ac/State/AcIn1Available",
        "/Ac/State/AcIn2Available",
        "/Ac/State/RemoteGeneratorSelected",
        "/Ac/State/SplitPhaseL2Passthru",
        "/Ac/State/SplitPhaseL2L1OutSummed",
        *(f"/Leds/{name}" for name in LEDS),
        "/Settings/GridCode",
        *(f"/Bms/{name}" for name in ("AllowToCharge", "AllowToDischarge", "BmsExpected", "Error", "PreAlarm")),
    )
    yield from _doubles(W, "/Ac/Out/NominalInverterPower")
    yield from _doubles(V, "/Hub/ChargeVoltage")


def _alarm_items(shape: Shape) -> Iterator[Item]:
    names = ("TemperatureSensor", "VoltageSensor", "PhaseRotation", "GridLost", "HighDcCurrent", "HighDcVoltage")
    yield from _integers(*(f"/Alarms/{name}" for name in (*ALARMS, *names, "BmsConnectionLost", "BmsPreAlarm")))
    for phase in shape.phases:
        yield from _integers(*(f"/Alarms/L{phase}/{name}" for name in ALARMS))


def _management_items() -> Iterator[Item]:
    yield TextItem("/Interfaces/Mk2/Connection")
    yield TextItem("/Interfaces/Mk2/ProductName")
    yield from _integers(
        "/Interfaces/Mk2/ProductId",
        "/Interfaces/Mk2/Version",
        "/Interfaces/Mk2/Status/Baudrate",
        "/Devices/NumberOfMultis",
        "/Devices/Bms/Version",
        "/Devices/Dmc/Version",
        "/FirmwareSubVersion",
        "/ShortIds",
        "/Service",
        "/Quirks",
        "/IsInverterCharger",
        # Never 1: systemcalc would write battery limits, which nobody here could carry out.
        "/FirmwareFeatures/BolFrame",
        "/FirmwareFeatures/BolUBatAndTBatSense",
        "/FirmwareFeatures/CommandWriteViaId",
        "/FirmwareFeatures/IBatSOCBroadcast",
        "/FirmwareFeatures/NewPanelFrame",
        "/FirmwareFeatures/SetChargeState",
    )
    for name in ("MaxChargeVoltage", "MaxChargeCurrent", "MaxDischargeCurrent", "BatteryLowVoltage"):
        yield DoubleItem(f"/BatteryOperationalLimits/{name}")
    yield from (DoubleItem("/BatterySense/Voltage"), DoubleItem("/BatterySense/Temperature"))


def _device_items(device: int) -> Iterator[Item]:
    base = f"/Devices/{device}"
    yield from _integers(
        f"{base}/Version",
        f"{base}/ProductId",
        f"{base}/FirmwareVersion",
        f"{base}/FirmwareSubVersion",
        f"{base}/ExtendStatus/RawFlags0",
        f"{base}/ExtendStatus/AcIn1Available",
        f"{base}/ExtendStatus/AcIn2Available",
    )
    yield from _doubles(W, f"{base}/Ac/In/P", f"{base}/Ac/Out/P", f"{base}/Ac/Inverter/P")
    yield from _doubles(V, f"{base}/Diagnostics/UBatRipple", f"{base}/Diagnostics/UBatTerminal")
    # Bytes, because Venus tells a list without an assistant from one that is not known.
    yield Item(f"{base}/Assistants", text=bytes.hex)
    if device == 0:
        yield from _doubles(V, f"{base}/Settings/InverterOutputVoltage")
        yield DoubleItem(f"{base}/Settings/AssistCurrentBoostFactor", text="{:.2f}".format)
        yield from _integers(f"{base}/Settings/PowerAssistEnabled", f"{base}/Settings/UpsFunction")
        yield DoubleItem(f"{base}/Info/MaximumRelayCurrentAC1", text="{:.0f} A".format)
