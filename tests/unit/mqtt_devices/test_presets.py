"""What real devices have sent, as people have recorded it in public, through the presets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mqtt_devices.mapping_file import find_presets
from mqtt_devices.protocol.effects import Write
from tests.unit.mqtt_devices.test_mapping import mapped

if TYPE_CHECKING:
    from pathlib import Path

# preset, topic, payload, values. "Source" names the project or program in whose files the message is recorded.
RECORDED: dict[str, tuple[str, str, str, dict[str, float]]] = {
    # Source: a heater control for Tasmota plugs; Sonoff POW R2, firmware 5.1.12
    "Tasmota 5": (
        "tasmota_energy",
        "tele/x/SENSOR",
        (
            '{"Time":"2018-06-09T16:29:19","ENERGY":{"Total":0.034,"Yesterday":0.000,"Today":0.031,"Period":3,"Power":34,'
            '"Factor":0.85,"Voltage":236,"Current":0.170}}'
        ),
        {"Ac/L1/Power": 34, "Ac/L1/Voltage": 236, "Ac/L1/Current": 0.17, "Ac/L1/Energy/Forward": 0.034},
    ),
    # Source: a smart-home server in Java, 2021 (the current is cut off)
    "Tasmota 9": (
        "tasmota_energy",
        "tele/x/SENSOR",
        (
            '{"Time":"2021-07-26T09:11:00","ENERGY":{"TotalStartTime":"2020-10-04T09:42:16","Total":40.543,'
            '"Yesterday":0.000,"Today":0.140,"Period":8,"Power":91,"ApparentPower":144,"ReactivePower":111,"Factor":0.63,'
            '"Voltage":229}}'
        ),
        {"Ac/L1/Power": 91, "Ac/L1/PowerFactor": 0.63, "Ac/L1/Energy/Forward": 40.543},
    ),
    # Source: a tutorial on Tasmota sensors with batteries, 2022
    "Tasmota with AM2301": (
        "tasmota_temperature",
        "tele/x/SENSOR",
        '{"Time":"2022-10-20T10:29:14","AM2301":{"Temperature":21.7,"Humidity":75.8,"DewPoint":17.2},"TempUnit":"C"}',
        {"Temperature": 21.7, "Humidity": 75.8},
    ),
    # Source: the tests of evcc, status of a switch of the second generation
    "Shelly switch": (
        "shelly_gen2_switch",
        "x/status/switch:0",
        (
            '{"id":0, "source":"HTTP", "output":false, "apower":47.11, "voltage":232.0, "current":0.000, "pf":0.00, '
            '"aenergy":{"total":5.125,"by_minute":[0.000,0.000,0.000],"minute_ts":1675718520},'
            '"temperature":{"tC":25.3, "tF":77.5}}'
        ),
        {"Ac/L1/Power": 47.11, "Ac/L1/Voltage": 232, "Ac/L1/Current": 0, "Ac/L1/Energy/Forward": 0.005125},
    ),
    # Source: the tests of a Shelly reader for microcontrollers, 2026
    "Shelly Pro 3EM": (
        "shelly_gen2_em",
        "x/status/em:0",
        (
            '{"id":0,"a_voltage":236.2,"a_act_power":0.0,"b_voltage":237.1,"b_act_power":20.9,"c_act_power":165.5,'
            '"n_current":null,"total_act_power":186.310,"user_calibrated_phase":[]}'
        ),
        {"Ac/L1/Power": 0, "Ac/L2/Power": 20.9, "Ac/L2/Voltage": 237.1, "Ac/L3/Power": 165.5, "Ac/Power": 186.31},
    ),
    # Source: the whole status of a device, kept beside a reader of meters
    "Shelly Pro 3EM energy": (
        "shelly_gen2_em",
        "x/status/emdata:0",
        (
            '{"id":0,"a_total_act_energy":0.03,"a_total_act_ret_energy":0.00,"b_total_act_energy":0.03,'
            '"b_total_act_ret_energy":0.00,"c_total_act_energy":95884.06,"c_total_act_ret_energy":5123.04,'
            '"total_act":95884.11, "total_act_ret":5123.04}'
        ),
        {"Ac/L3/Energy/Forward": 95.88406, "Ac/Energy/Forward": 95.88411, "Ac/Energy/Reverse": 5.12304},
    ),
    # Source: a listing of the topics of a 3EM in the comments of an energy meter's firmware
    "Shelly 3EM voltage": ("shelly_gen1_em", "shellies/x/emeter/0/voltage", "230.35", {"Ac/L1/Voltage": 230.35}),
    "Shelly 3EM current": ("shelly_gen1_em", "shellies/x/emeter/0/current", "0.01", {"Ac/L1/Current": 0.01}),
    "Shelly 3EM total": ("shelly_gen1_em", "shellies/x/emeter/1/total", "0.0", {"Ac/L2/Energy/Forward": 0}),
    # Source: the tests of a telemetry service for Zigbee sensors
    "Zigbee2MQTT sensor": (
        "zigbee2mqtt_temperature",
        "zigbee2mqtt/x",
        '{"battery":98, "humidity":71.2,  "linkquality":36.1,"temperature":17.1,"voltage":2999}',
        {"Temperature": 17.1, "Humidity": 71.2, "BatteryVoltage": 2.999},
    ),
}


def read(tmp_path: Path, preset: str, topic: str, payload: str) -> dict[str, object]:
    world = mapped(tmp_path, f'devices: {{n: {{preset: {preset}, device: "+"}}}}')
    world.send(topic, payload.encode())
    world.carry_out()
    (write,) = world.others
    assert isinstance(write, Write)
    assert [note for note in world.notes if "Rejected" in note] == []
    return dict(write.values)


@pytest.mark.parametrize("name", RECORDED)
def test_preset_reads_what_a_real_device_has_sent(tmp_path: Path, name: str) -> None:
    preset, topic, payload, expected = RECORDED[name]
    found = read(tmp_path, preset, topic, payload)
    assert {path: found[path] for path in expected} == pytest.approx(expected)


@pytest.mark.parametrize("payload", ["nan", "None"])
def test_esphome_sensor_without_value_is_unknown(tmp_path: Path, payload: str) -> None:
    assert read(tmp_path, "esphome_temperature", "x/sensor/temperature/state", payload) == {"Temperature": None}
    assert read(tmp_path, "esphome_temperature", "x/sensor/temperature/state", "21.50") == {"Temperature": 21.5}


def test_each_brand_has_recorded_messages() -> None:
    read_by = {preset for preset, *_ in RECORDED.values()}
    assert {name.split("_")[0] for name in find_presets()} - {"esphome"} == {name.split("_")[0] for name in read_by}
