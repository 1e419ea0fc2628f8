from __future__ import annotations

import pytest

from mqtt_devices.protocol.device import Device
from mqtt_devices.protocol.finding import find_sender, find_service
from mqtt_devices.protocol.proxy import ProxyWrite
from mqtt_devices.protocol.status import Registration


def device(client_id: str, level: str, instance: int, kind: str = "tank") -> Device:
    made = Device(client_id, level, Registration(client_id, None, {"s": kind}))
    made.instances["s"] = ("tank", instance)
    return made


DEVICES = {"a": device("a", "esp", 1), "b": device("b", "b", 2), "c": device("c", "c", 3, kind="gps")}


def proxy(instance: int) -> ProxyWrite:
    return ProxyWrite(f"W/x/tank/{instance}", "x", "tank", instance, {"Level": 1})


@pytest.mark.parametrize(("level", "client_id"), [("a", "a"), ("esp", "a"), ("b", "b"), ("nobody", "nobody")])
def test_sender_is_who_has_the_level_or_registered_there(level: str, client_id: str) -> None:
    assert find_sender(DEVICES, level) == client_id


@pytest.mark.parametrize(
    ("level", "instance", "owner_only", "found"),
    [
        ("a", 1, True, "a"),
        ("esp", 1, True, "a"),
        ("a", 2, True, None),  # that of another
        ("a", 2, False, "b"),
        ("c", 3, True, None),  # was a tank, and wants to be something else
        ("a", 9, False, None),
    ],
)
def test_service_is_found_by_type_and_instance(
    level: str,
    instance: int,
    *,
    owner_only: bool,
    found: str | None,
) -> None:
    owner, service_id = find_service(DEVICES, level, proxy(instance), owner_only=owner_only)
    assert (owner.client_id if owner else None, service_id) == (found, "s" if found else "")
