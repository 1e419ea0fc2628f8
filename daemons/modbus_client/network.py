"""Which hosts of the local networks a scan may ask."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ACCESS_POINT = "ap0"
"""The GX's own WiFi hotspot: there are phones, no meters."""
LARGEST_PREFIX = 24
"""A network larger than 256 hosts is asked around the own address only, unless the owner names it."""
MAX_HOSTS = 4096
"""Also of networks that the owner names: at 20 hosts a second this takes three and a half minutes."""

_log = logging.getLogger(__name__)


async def local_interfaces() -> list[ipaddress.IPv4Interface]:
    """Return the addresses of this machine, with their networks."""
    try:
        process = await asyncio.create_subprocess_exec(
            *("ip", "-br", "-4", "addr", "show", "scope", "global", "up"), stdout=asyncio.subprocess.PIPE
        )
    except OSError as error:
        _log.warning("a scan needs the program ip: %s", error.strerror)
        return []
    output, _ = await process.communicate()
    return parse_interfaces(output.decode(errors="replace"))


def parse_interfaces(text: str) -> list[ipaddress.IPv4Interface]:
    """Parse the brief output of ip: name, state, addresses with prefix length."""
    found = []
    for line in text.splitlines():
        name, _, *addresses = line.split() or ["", ""]
        for address in addresses:
            try:
                interface = ipaddress.IPv4Interface(address)
            except ValueError:
                continue
            if name.partition("@")[0] != ACCESS_POINT:
                found.append(interface)
    return found


def hosts_to_scan(interfaces: Iterable[ipaddress.IPv4Interface], named: Iterable[str] = ()) -> list[str]:
    """Return the addresses to ask: of the local networks, cut to 256 around ours, and of networks that were named."""
    own = {interface.ip for interface in interfaces}
    networks = [_cut(interface) for interface in interfaces]
    networks += [ipaddress.IPv4Network(text, strict=False) for text in named]
    hosts: dict[ipaddress.IPv4Address, None] = {}
    for network in ipaddress.collapse_addresses(networks):
        for host in network.hosts():
            if len(hosts) >= MAX_HOSTS:
                _log.warning("the networks have more than %d hosts; the rest is not asked", MAX_HOSTS)
                break
            hosts[host] = None
    return [str(host) for host in hosts if host not in own]


def _cut(interface: ipaddress.IPv4Interface) -> ipaddress.IPv4Network:
    if interface.network.prefixlen >= LARGEST_PREFIX:
        return interface.network
    small = ipaddress.IPv4Network((interface.ip, LARGEST_PREFIX), strict=False)
    _log.info("%s is large: asking %s only; name it under scan_networks to ask all", interface.network, small)
    return small
