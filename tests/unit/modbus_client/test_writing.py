from __future__ import annotations

import pytest

from modbus_client.hooks import HOOKS
from modbus_client.loader.catalogue import BUILT_IN, load_definition
from modbus_client.protocol.errors import ValueRefused
from modbus_client.protocol.register import Register, WriteRule
from modbus_client.protocol.vreglink import Window
from modbus_client.protocol.words import parse_type
from modbus_client.protocol.writing import run_command, set_power_limit, write_register
from simulators.modbus.image import Image
from simulators.modbus.models import make_image
from tests.unit.modbus_client.conversation import converse

U16 = parse_type("u16")


def test_reading_back_catches_a_device_that_only_seems_to_obey() -> None:
    device = Image({("h", 5): 1})
    device.on_write = lambda at, _: device.registers.update({("h", at): 7})
    register = Register("/A", 5, U16, write=WriteRule(read_back=True))
    with pytest.raises(ValueRefused, match="has another one"):
        converse(write_register(register, 3, None, None), device)


def test_names_and_numbers_go_through_vreglink() -> None:
    meter = make_image("vm3p")
    window = Window(0x4000, 32)
    name = Register("/CustomName", 0x2002, parse_type("text[32]"), write=WriteRule(vreg=0x010C))
    converse(write_register(name, "Jetty", None, window), meter)
    assert meter.vregs[0x010C] == b"Jetty"
    instance = Register("/N2kSystemInstance", 0x2023, U16, write=WriteRule(vreg=0x0112, vreg_size=1))
    converse(write_register(instance, 9, None, window), meter)
    assert meter.vregs[0x0112] == b"\x09"
    unknown = Register("/X", 0, U16, write=WriteRule(vreg=0x9999))
    with pytest.raises(ValueRefused, match="0x8101"):
        converse(write_register(unknown, 1, None, window), meter)


def test_commands_of_every_genset() -> None:
    cases = [
        ("dse_gencomm", "dse", {("h", 4104): 35733, ("h", 4105): 29802}),
        ("cre_compact", "cre", {("h", 4502): 0}),
        ("datakom_d", "datakom", {("h", 8193): 4}),
        ("deif_agc150", "deif", {("h", 6): 1}),
    ]
    for name, simulated, stopped in cases:
        definition = load_definition(BUILT_IN / f"{name}.yml", HOOKS)
        image = make_image(simulated)
        start = next(command for command in definition.commands if command.path == "/Start")
        converse(run_command(start, 1), image)
        assert {place: image.registers[place] for place in stopped} != stopped, name
        converse(run_command(start, 0), image)
        assert {place: image.registers[place] for place in stopped} == stopped, name
        with pytest.raises(ValueRefused, match="none of 0, 1"):
            converse(run_command(start, 2), image)


def test_comap_starts_by_a_coil() -> None:
    image = make_image("comap")
    (start,) = load_definition(BUILT_IN / "comap_intelilite4.yml", HOOKS).commands
    converse(run_command(start, 1), image)
    assert image.coils[4700]


def test_growatt_limit_needs_the_memory_flag_to_be_off() -> None:
    image = make_image("growatt")
    limit = load_definition(BUILT_IN / "growatt_min.yml", HOOKS).power_limit
    assert limit is not None
    converse(set_power_limit(limit, 40.0), image)
    assert image.registers["h", 3] == 40
    image.registers["h", 2] = 1
    with pytest.raises(ValueRefused, match="flash"):
        converse(set_power_limit(limit, 50.0), image)
    assert image.registers["h", 3] == 40


def test_sunspec_limit_is_scaled_and_expires_by_itself() -> None:
    image = make_image("sunspec_inverter")
    limit = load_definition(BUILT_IN / "sunspec.yml", HOOKS).power_limit
    assert limit is not None
    controls = next(
        at for (_, at), word in image.registers.items() if word == 123 and image.registers.get(("h", at + 1)) == 24
    )
    converse(set_power_limit(limit, 62.5, controls), image)
    assert [image.registers["h", controls + n] for n in range(5, 10)] == [6250, 0, 120, 0, 1]


@pytest.mark.parametrize("scale", [0x8000, 0x7FFF, 11])
def test_a_scale_factor_that_cannot_be_refuses_the_limit(scale: int) -> None:
    image = make_image("sunspec_inverter")
    limit = load_definition(BUILT_IN / "sunspec.yml", HOOKS).power_limit
    assert limit is not None
    controls = next(
        at for (_, at), word in image.registers.items() if word == 123 and image.registers.get(("h", at + 1)) == 24
    )
    image.registers["h", controls + 23] = scale
    before = dict(image.registers)
    with pytest.raises(ValueRefused, match="scale factor"):
        converse(set_power_limit(limit, 62.5, controls), image)
    assert image.registers == before
