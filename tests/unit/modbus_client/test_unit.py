"""A device's shell: when its service moves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from modbus_client.configuration import DeviceConfig
from modbus_client.protocol.spec import parse_spec
from modbus_client.unit import Unit


class EagerSettings:
    """localsettings whose change is told before its answer comes."""

    def __init__(self) -> None:
        self.unit: Unit
        self.waiting_when_told = -1

    async def set(self, path: str, value: str) -> None:
        self.unit.on_setting(path.rpartition("/")[2], value)
        self.waiting_when_told = self.unit._todo._queue.qsize()


async def test_the_service_moves_after_the_answer_to_whoever_wrote_the_role() -> None:
    settings = EagerSettings()
    nothing: Any = None
    house: Any = SimpleNamespace(settings=settings)
    unit = Unit(DeviceConfig(parse_spec("tcp:meter:502:1")), nothing, nothing, house)
    settings.unit = unit
    roles = SimpleNamespace(allowed=("grid", "pvinverter"), instance=40)
    unit.prepared = cast("Any", SimpleNamespace(ident="x", definition=SimpleNamespace(roles=roles)))
    unit._appearance = cast("Any", SimpleNamespace(publisher=SimpleNamespace()))
    unit.role = "grid"
    assert await unit.write("/Role", "pvinverter") is True
    assert settings.waiting_when_told == 0
    assert unit._todo._queue.qsize() == 1
    unit.on_setting("ClassAndVrmInstance", "pvinverter:40")  # by somebody else, with no one to answer
    assert unit._todo._queue.qsize() == 2
