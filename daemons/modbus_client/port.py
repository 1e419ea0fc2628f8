"""Serial ports; the only file that knows pyserial.

A port is opened exclusively (flock and TIOCEXCL), so that two programs never talk on one line.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from daemonkit.errors import LinkLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from modbus_client.protocol.spec import Endpoint


async def open_port(endpoint: Endpoint, factory: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
    """Open the tty of an endpoint. Raises LinkLost: absent, taken by another program, or not a tty."""
    import serial_asyncio  # type: ignore[import-untyped]  # noqa: PLC0415 - most installations have no serial line
    from serial_asyncio import serial  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    try:
        transport, _ = await serial_asyncio.create_serial_connection(
            loop,
            factory,
            endpoint.target,
            baudrate=endpoint.number,
            bytesize=serial.EIGHTBITS,
            parity=endpoint.framing.parity,
            stopbits=endpoint.framing.stop_bits,
            exclusive=True,
        )
    except (serial.SerialException, OSError, ValueError) as error:
        raise LinkLost(f"{endpoint.target} cannot be opened: {error}") from None
    return transport  # type: ignore[no-any-return]  # serial_asyncio has no types
