from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from daemonkit.status import StatusFile
from daemonkit.supervise import LinkState
from mqtt_devices.protocol.admission import Policy
from mqtt_devices.protocol.effects import Outcome
from mqtt_devices.protocol.inbox import Inbox, Message
from mqtt_devices.protocol.registry import Registry
from mqtt_devices.status_report import StatusReport
from tests.service_types import TYPES

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_S = 30.0


async def test_report_shows_devices_broker_and_what_was_refused(tmp_path: Path) -> None:
    registry = Registry(TYPES, Policy())
    registry.start("portal")
    payload = b'{"clientId":"a","connected":1,"services":{"t":"tank"}}'
    registry.receive(Message("device/a/Status", payload, retained=False), 0.0)
    registry.applied(Outcome("a", {"t": 7}), 0.0)
    registry.receive(Message("device/b/Status", b"5", retained=False), 0.0)
    path = tmp_path / "mqtt-devices.json"
    file = StatusFile(path)
    report = StatusReport(file, registry, Inbox())
    running = asyncio.create_task(report.run())
    await asyncio.sleep(0)
    report.set_broker("", LinkState.UP)
    report.set_broker("house", LinkState.WAITING)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    file.close()
    content = json.loads(await asyncio.to_thread(path.read_text))
    assert content["devices"] == {"a": {"t": "tank/7"}}
    assert (content["broker"], content["brokers"]) == ("up", {"house": "waiting"})
    assert (content["rejected_messages"], content["dropped_messages"]) == (1, 0)
