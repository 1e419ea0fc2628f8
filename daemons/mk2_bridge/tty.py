"""Opens the interface's tty, once it is ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemonkit.errors import DaemonError
from daemonkit.tty import claim_tty
from mk2.errors import LinkLost
from mk2.port import open_port

if TYPE_CHECKING:
    from mk2.line import Line
    from mk2_bridge.options import Options

OWNER = "mk2-bridge"


async def open_tty(options: Options) -> Line:
    """Open and lock the tty of the options.

    Raises:
        PortBusy: another process has it.
        LinkLost: it is not there, cannot be opened, or belongs to Venus.
    """
    try:
        await claim_tty(options.tty, OWNER, take=options.take_tty, allow_built_in=options.allow_builtin_port)
    except DaemonError as error:
        raise LinkLost(str(error)) from None
    return await open_port(options.tty)
