"""Serial ports; the only file that knows pyserial.

A port is opened exclusively (flock and TIOCEXCL), so that two programs never talk on one line. On a GX serial-starter
probes every port with other drivers; it is asked to let go of ours by its own stop-tty.sh.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from daemonkit.errors import LinkLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from modbus_client.protocol.spec import Endpoint

STOP_TTY = Path("/opt/victronenergy/serial-starter/stop-tty.sh")
STOP_LIMIT_S = 10.0
"""stop-tty.sh waits for the driver that it stops; one that hangs must not hold us up for ever."""
BUILT_IN = ("ttyS", "ttymxc", "ttyO", "ttyAMA")
"""Ports of the board itself: consoles, VE.Direct, VE.Bus. They are for Venus' own drivers."""

_log = logging.getLogger(__name__)


def resolve(tty: str) -> Path:
    """Return the device behind a tty or one of its links in /dev/serial. Raises LinkLost when it is not there."""
    path = Path(tty if tty.startswith("/") else f"/dev/{tty}")
    real = path.resolve()
    if not real.exists():
        raise LinkLost(f"{path} is not there; is the adapter plugged in?")
    return real


def is_built_in(tty: str) -> bool:
    """Tell whether a tty is a port of the board itself."""
    return Path(tty if tty.startswith("/") else f"/dev/{tty}").resolve().name.startswith(BUILT_IN)


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


async def stop_serial_starter(tty: str) -> None:
    """Ask serial-starter to let go of a port; where there is no serial-starter, nothing happens."""
    if not await asyncio.to_thread(STOP_TTY.exists):
        return
    name = resolve(tty).name
    process = await asyncio.create_subprocess_exec(str(STOP_TTY), name, stdin=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(STOP_LIMIT_S):
            code = await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        _log.warning("%s %s did not end within %.0f s", STOP_TTY, name, STOP_LIMIT_S)
        return
    _log.info("%s %s ended with %d", STOP_TTY, name, code)
