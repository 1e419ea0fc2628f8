"""The Smappee Power Box: its transformers, the devices of its bus, and what may be written to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modbus_client.configuration import DeviceConfig
from modbus_client.hooks.smappee import BUS_AT, CT_TYPES, IDENTIFY_AT, PHASE_AT, SmappeeHook, slots_of_phases
from modbus_client.identity import Place, layout_of
from modbus_client.protocol.errors import Unusable
from modbus_client.protocol.plan import Limits
from modbus_client.protocol.request import Read, Write
from modbus_client.protocol.spec import parse_spec
from modbus_client.protocol.steps import read_registers
from modbus_client.protocol.writing import write_register
from simulators.modbus.models import make_image
from tests.unit.modbus_client.conversation import converse
from tests.unit.modbus_client.families import FAMILIES
from tests.unit.modbus_client.test_service_content import _prepared as prepare_family

if TYPE_CHECKING:
    from modbus_client.protocol.register import Register
    from simulators.modbus.image import Image


@pytest.fixture
def box() -> Image:
    return make_image("smappee")


def _prepare(box: Image) -> tuple[dict[str, Any], dict[str, Register]]:
    facts: dict[str, Any] = {}
    registers = converse(SmappeeHook().prepare(facts, {}), box)
    return facts, {register.path or "": register for register in registers}


def test_devices_of_the_bus_and_their_channels_are_shown(box: Image) -> None:
    shown = _prepare(box)[0]["shown"]
    assert (shown["/Device/0/Type"].value, shown["/Device/0/Type"].text) == (5400, "Power Box")
    assert shown["/Device/0/Serial"].value == "5400070196"
    assert shown["/Device/0/FirmwareVersion"].value == "1.46"
    assert (shown["/Device/1/Type"].text, shown["/Device/1/Slots"].value) == ("CT Hub", 10)
    assert shown["/Device/1/Serial"].value == "5500131149"
    letters = {path.split("/")[4]: entry.value for path, entry in shown.items() if path.startswith("/Device/1/Channel")}
    assert letters == dict(zip("ABCDEFGHIJ", [4, 5, 6, 7, 8, 9, 10, 11, 255, 13], strict=True))
    assert not any(path.startswith("/Device/2/") for path in shown)
    assert (shown["/CT/13/Device"].value, shown["/CT/13/DeviceChannel"].value) == (1, "J")
    assert shown["/CTTypes"].value == list(CT_TYPES)


def test_every_transformer_that_is_plugged_can_be_set_up(box: Image) -> None:
    registers = _prepare(box)[1]
    plugged = [slot for slot in range(28) if f"/CT/{slot}/Phase" in registers]
    assert plugged == [*range(12), 13]
    assert all(f"/CT/{slot}/{name}" in registers for slot in plugged for name in ("Type", "Identify"))


def test_identify_is_written_and_never_read(box: Image) -> None:
    registers = _prepare(box)[1]
    log: list[object] = []
    converse(read_registers(registers.values(), Limits(gap=31)), box, log)  # type: ignore[arg-type] # a log takes anything
    reads = [request for request in log if isinstance(request, Read)]
    assert reads
    assert not any(IDENTIFY_AT <= request.at + n < IDENTIFY_AT + 28 for request in reads for n in range(request.count))
    converse(write_register(registers["/CT/13/Identify"], 1, None, None), box)
    assert box.registers["h", IDENTIFY_AT + 13] == 1


def test_a_transformer_takes_its_phase_from_another_one(box: Image) -> None:
    registers = _prepare(box)[1]
    log: list[Any] = []
    converse(write_register(registers["/CT/5/Phase"], 2, None, None), box, log)  # L3, which slot 2 had, turned round
    assert [box.registers["h", PHASE_AT + slot] for slot in (0, 1, 2, 5)] == [1, 2, 0, 4]
    assert all(request.many for request in log if isinstance(request, Write))
    assert slots_of_phases([box.registers["h", PHASE_AT + slot] for slot in range(28)]) == {1: 0, 2: 1, 3: 5}


def test_a_transformer_without_a_phase_leaves_the_others_alone(box: Image) -> None:
    registers = _prepare(box)[1]
    converse(write_register(registers["/CT/0/Phase"], -1, None, None), box)
    assert [box.registers["h", PHASE_AT + slot] for slot in range(4)] == [0, 2, 64, 0]


def test_a_box_without_phases_can_be_set_up_over_d_bus(box: Image) -> None:
    for slot in range(28):
        box.put("h", PHASE_AT + slot, "u16", 0)
    facts, registers = _prepare(box)
    assert facts["phases"] == ()
    assert "/CT/0/Phase" in registers
    assert "/Ac/L1/Power" not in registers


def test_a_box_without_transformers_is_unusable(box: Image) -> None:
    for slot in range(28):
        box.put("h", PHASE_AT + slot, "u16", 0)
    for at in range(BUS_AT, BUS_AT + 0x140):
        box.put("h", at, "u16", 0)
    with pytest.raises(Unusable, match="no current transformer"):
        _prepare(box)


def test_old_firmware_says_what_to_do(box: Image) -> None:
    box.put("h", 0x1624, "u16", 43)
    with pytest.raises(Unusable, match=r"firmware 1\.43 is too old, 1\.44 is needed"):
        _prepare(box)


def test_what_is_shown_has_items_with_texts() -> None:
    family = next(family for family in FAMILIES if family.definition == "smappee_powerbox")
    prepared = prepare_family(family)
    config = DeviceConfig(parse_spec(family.spec))
    items = layout_of(prepared, Place("grid", 40, "", 0, enabled=True), prepared.registers("grid"), config).items
    kind = items["/Device/1/Type"]
    assert (kind.kind, kind.value, kind.text and kind.text(kind.value)) == ("int", 5500, "CT Hub")
    assert items["/CT/0/DeviceChannel"].value == "A"
    assert items["/CTTypes"].value == list(CT_TYPES)
    assert items["/CT/0/Identify"].writeable
