"""Which paths localsettings keeps, where, and within which limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Rejected
from mqtt_devices.protocol.names import setting_path, unique_id
from mqtt_devices.protocol.service_types import PathRule, Role, ServiceType, Value, ValueKind
from mqtt_devices.protocol.values import coerce
from velib_async.localsettings import Setting

if TYPE_CHECKING:
    from mqtt_devices.protocol.effects import ServiceKey


def settings_of(key: ServiceKey, service_type: ServiceType) -> dict[str, PathRule]:
    """The rules of what localsettings keeps of a service, by setting."""
    return {
        setting_path(key.client_id, key.service_id, rule.path): rule
        for rule in service_type.paths.values()
        if rule.persists
    }


def instance_path(key: ServiceKey) -> str:
    """Where localsettings keeps the device instance of a service."""
    return f"/Settings/Devices/{unique_id(key.client_id, key.service_id)}/ClassAndVrmInstance"


def fit(value: Any, rule: PathRule) -> Value:
    """A setting's value as its path allows it, else the default: limits may have changed since it was stored."""
    try:
        return coerce(value, rule)
    except Rejected:
        return rule.default


def make_setting(path: str, rule: PathRule) -> Setting:
    """What localsettings is told of a path that it keeps."""
    default = rule.default
    is_silent = rule.role is Role.COUNTER  # else each change would be a line in localsettings' log
    if rule.kind is ValueKind.INTEGER:
        lowest, highest = (None if limit is None else int(limit) for limit in (rule.minimum, rule.maximum))
        return Setting(path, int(str(default)), lowest, highest, is_silent)
    if rule.kind is ValueKind.DOUBLE:
        return Setting(path, float(str(default)), rule.minimum, rule.maximum, is_silent)
    return Setting(path, str(default))
