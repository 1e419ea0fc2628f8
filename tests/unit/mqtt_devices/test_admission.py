from __future__ import annotations

import pytest

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.admission import Policy, check_client, check_listed, check_room
from mqtt_devices.protocol.device import Device
from mqtt_devices.protocol.effects import Plan
from mqtt_devices.protocol.status import Registration


def device(client_id: str, *names: str) -> Device:
    return Device(client_id, client_id, Registration(client_id, None, dict.fromkeys(names, "tank")))


def status(client_id: str, *names: str) -> Registration:
    return Registration(client_id, None, dict.fromkeys(names, "temperature"))


def test_room_is_there_for_devices_that_do_not_touch() -> None:
    check_room(status("b", "x", "y"), [device("a", "x", "y")], Policy(max_services=4, max_devices=2))


def test_room_counts_only_the_services_of_others() -> None:
    devices = [device("a", "x", "y"), device("b", "x")]
    check_room(status("a", "p", "q", "r"), devices, Policy(max_services=4))
    with pytest.raises(Rejected) as caught:
        check_room(status("a", "p", "q", "r", "s"), devices, Policy(max_services=4))
    assert caught.value.reason is Reason.SERVICE_LIMIT
    assert "others" not in caught.value.field


def test_room_for_devices_without_services_is_limited_too() -> None:
    with pytest.raises(Rejected) as caught:
        check_room(status("c"), [device("a"), device("b")], Policy(max_devices=2))
    assert caught.value.reason is Reason.DEVICE_LIMIT


def test_name_that_two_pairs_share_belongs_to_the_first() -> None:
    with pytest.raises(Rejected) as caught:
        check_room(status("a", "b_c"), [device("a_b", "c")], Policy())
    assert (caught.value.reason, caught.value.field) == (Reason.NAME_CLASH, "services.b_c")


def test_name_of_a_device_that_is_leaving_or_opening_is_taken_until_it_is_gone() -> None:
    leaving = device("a_b")
    leaving.wanted = None
    leaving.plan = Plan("a_b", None, open={"c": "tank"})
    with pytest.raises(Rejected):
        check_room(status("a", "b_c"), [leaving], Policy())


def test_client_of_the_list_is_let_in_with_its_secret_others_when_they_may() -> None:
    clients = {"a": "geheim", "b": None}
    check_client("a", "geheim", Policy(clients=clients, allows_others=False))
    check_client("b", None, Policy(clients=clients, allows_others=False))
    check_client("c", None, Policy(clients=clients))
    check_listed("a", Policy(clients=clients, allows_others=False))
    for client_id, secret in (("a", None), ("a", "x"), ("c", "geheim")):
        with pytest.raises(Rejected) as caught:
            check_client(client_id, secret, Policy(clients=clients, allows_others=False))
        assert caught.value.reason is Reason.NOT_ALLOWED
