from __future__ import annotations

import ipaddress

from modbus_client.network import MAX_HOSTS, hosts_to_scan, parse_interfaces

IP_OUTPUT = """\
eth0             UP             192.168.7.20/24
wlan0            UP             10.1.2.3/16 10.9.9.9/30
ap0              UP             172.24.24.1/24
usb0@if3         UNKNOWN        169.254.1.1/33
"""


def test_interfaces_are_parsed_without_the_hotspot() -> None:
    found = parse_interfaces(IP_OUTPUT)
    assert [str(interface) for interface in found] == ["192.168.7.20/24", "10.1.2.3/16", "10.9.9.9/30"]
    assert parse_interfaces("") == []


def test_own_addresses_are_not_asked_and_large_networks_are_cut() -> None:
    hosts = hosts_to_scan(parse_interfaces(IP_OUTPUT))
    assert "192.168.7.20" not in hosts
    assert "192.168.7.21" in hosts
    assert "10.1.2.4" in hosts
    assert "10.1.3.1" not in hosts
    assert len(hosts) == 253 + 253 + 1


def test_a_named_network_is_asked_in_full_up_to_the_limit() -> None:
    interface = ipaddress.IPv4Interface("10.1.2.3/16")
    assert "10.1.3.1" in hosts_to_scan([interface], ["10.1.0.0/22"])
    assert len(hosts_to_scan([], ["10.0.0.0/8"])) == MAX_HOSTS
