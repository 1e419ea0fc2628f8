from __future__ import annotations

import pytest

from obdio.guard import BatteryGuard, GuardState
from obdio.link import Link, LinkState
from obdio.snapshot import Snapshot


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (LinkState.CAR, "Car Connected"),
        (LinkState.IGNITION_OFF, "OBD Connected"),
        (LinkState.ASLEEP, "OBD Connected"),
        (LinkState.ADAPTER, "ELM Connected"),
        (LinkState.NO_PORT, "Not Connected"),
        (LinkState.CLOSED, "Not Connected"),
    ],
)
def test_every_state_has_one_of_python_obds_words(state: LinkState, status: str) -> None:
    assert Snapshot(state=state).status == status


def test_a_voltage_counts_only_while_the_adapter_is_open() -> None:
    link = Link(BatteryGuard())
    link.opened(LinkState.CAR, "connected", 0.0)
    link.voltage(27.8, 0.0)
    seen = Snapshot(supported=frozenset({"RPM"})).seen(link, port="/dev/x", protocol_id="6", protocol_name="CAN")
    assert (seen.state, seen.voltage_v, seen.system_v, seen.guard) == (LinkState.CAR, 27.8, 24, GuardState.AWAKE)
    assert (seen.port, seen.protocol_id, seen.supported) == ("/dev/x", "6", frozenset({"RPM"}))
    link.lost("unplugged", 1.0)
    assert seen.seen(link, port="/dev/x", protocol_id="", protocol_name="").voltage_v is None
