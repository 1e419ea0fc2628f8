from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemonkit.errors import LinkLost
from modbus_client import port
from modbus_client.protocol.spec import parse_spec
from modbus_client.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_is_no_tty_says_so(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB7").touch()
    endpoint = parse_spec(f"rtu:{tmp_path}/ttyUSB7:9600:1").endpoint()
    with pytest.raises(LinkLost, match="cannot be opened"):
        await port.open_port(endpoint, lambda: Wire(lambda _: None, lambda _: None))
