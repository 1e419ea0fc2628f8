from __future__ import annotations

import pytest

from mqtt_devices.protocol.effects import ServiceKey
from mqtt_devices.protocol.service_types import PathRule, Role, ServiceType, Value, ValueKind
from mqtt_devices.setting_rules import fit, instance_path, make_setting, settings_of
from velib_async.localsettings import Setting

KEY = ServiceKey("dev", "s")
MODE = PathRule(path="Mode", kind=ValueKind.INTEGER, role=Role.SETTING, minimum=0, maximum=2, default=1)
LEVEL = PathRule(path="Level", kind=ValueKind.DOUBLE, role=Role.COUNTER, default=0.0)
NAME = PathRule(path="Name", kind=ValueKind.TEXT, role=Role.SETTING, default="Tank")


def test_settings_are_where_the_former_driver_had_them() -> None:
    reading = PathRule(path="Power", kind=ValueKind.DOUBLE)
    command = PathRule(path="Start", kind=ValueKind.INTEGER, role=Role.COMMAND)
    kind = ServiceType("x", {rule.path: rule for rule in (MODE, LEVEL, reading, command)})
    prefix = "/Settings/MqttDevices/mqtt_dev_s"
    assert settings_of(KEY, kind) == {f"{prefix}/Mode": MODE, f"{prefix}/Level": LEVEL}
    assert instance_path(KEY) == "/Settings/Devices/mqtt_dev_s/ClassAndVrmInstance"


@pytest.mark.parametrize(
    ("rule", "setting"),
    [
        (MODE, Setting("/x", 1, 0, 2)),
        (LEVEL, Setting("/x", 0.0, None, None, True)),  # silent, or each change would be a line in a log
        (NAME, Setting("/x", "Tank")),
    ],
)
def test_setting_has_type_limits_and_default_of_its_path(rule: PathRule, setting: Setting) -> None:
    assert make_setting("/x", rule) == setting


@pytest.mark.parametrize(("stored", "value"), [(2, 2), ("2", 2), (3, 1), (None, 1), ("many", 1), (1.5, 1)])
def test_stored_value_that_does_not_fit_today_is_the_default(stored: object, value: Value) -> None:
    assert fit(stored, MODE) == value
