from __future__ import annotations

import pytest

from console.remove_settings import choose

OTHERS = (
    "System/VrmPortalId",
    "Devices/mqtt_battery_1/ClassAndVrmInstance",  # with the next: a group of somebody else's
    "Devices/mqtt_battery_1/CustomName",
    "Devices/cg_BP98306081235/ClassAndVrmInstance",  # a Modbus device
    "Devices/mqtt_boat_t1/Other",
    "DynamicGeneration/energyDifference",
    "Devices/vebus_ttyUSB0/Other",
    "ModbusClient/tcp/Devices",
)


@pytest.mark.parametrize(
    "path",
    [
        "Devices/mqtt_boat_t2/ClassAndVrmInstance",
        "MqttDevices/mqtt_boat_t2/Capacity",
        "Devices/obd_fuel/ClassAndVrmInstance",
        "Devices/obd_fuel/Capacity",
        "Devices/vebus_ttyUSB0/ClassAndVrmInstance",
        "Devices/vebus_ttyUSB0/CustomName",
        "VenusDaemons/Modbus/tcp/Devices",
    ],
)
def test_ours_are_chosen_among_others(path: str) -> None:
    assert choose([*OTHERS, path]) == [path]


def test_settings_of_others_are_never_chosen() -> None:
    assert choose(OTHERS) == []
