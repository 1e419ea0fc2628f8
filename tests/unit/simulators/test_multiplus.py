"""The simulated MultiPlus against recorded traces and its own truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulators.multiplus.assembly import Layout, assemble
from simulators.multiplus.wire import CommandStream, seal

VECTORS = Path(__file__).parents[2] / "vectors" / "mk2"


def recorded(name: str) -> list[bytes]:
    text = (VECTORS / f"{name}.txt").read_text(encoding="ascii")
    return [bytes.fromhex(line.partition("|")[0]) for line in text.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("raw", recorded("replies") + recorded("commands"), ids=lambda raw: raw.hex())
def test_its_encoder_makes_the_recorded_bytes(raw: bytes) -> None:
    has_leds = bool(raw[0] & 0x80)
    payload, leds = (raw[1:-3], raw[-3:-1]) if has_leds else (raw[1:-1], b"")
    assert seal(payload, leds) == raw


def test_it_understands_every_recorded_command_with_dirt_between() -> None:
    commands = [raw for raw in recorded("commands") if raw[1] in (0xFF, 0x3F)]
    found = CommandStream().feed(b"\x00".join(commands))
    assert found == [raw[1:-1] for raw in commands]


def ask(interface: object, raw: str, now: float) -> bytes:
    interface.feed(bytes.fromhex(raw), now)  # type: ignore[attr-defined]  # an Interface
    return b"".join(interface.poll(now + step / 100) for step in range(60))  # type: ignore[attr-defined]


def test_recorded_questions_get_the_recorded_answers() -> None:
    interface = assemble(Layout(has_ess=True))
    interface.poll(0.0)
    interface.poll(0.5)
    ask(interface, "04FF410100BB", 1.0)
    assert bytes.fromhex("08FF578E57788F0001B5") in ask(interface, "05FF5736070068", 2.0)
    assert bytes.fromhex("05FF5785A00080") in ask(interface, "04FF57300D69", 3.0)
    interface.plant.soc = 1.0
    assert bytes.fromhex("05FF5785C80058") in ask(interface, "04FF57300D69", 4.0)
    assert bytes.fromhex("03FF5A871D") in ask(interface, "07FF5A370083720173", 5.0)
    # +370 in the variable feeds 370 W into the mains.
    assert interface.plant.setpoints_w == [-370.0]


def test_reply_leaves_at_the_speed_of_the_wire() -> None:
    interface = assemble()
    for now in (0.0, 9.9, 9.99):  # the versions that it sends unasked
        interface.poll(now)
    interface.feed(bytes.fromhex("04FF410100BB"), 10.0)
    byte_s = 10 / 2400
    answered = 10.0 + 6 * byte_s + 0.047
    assert interface.poll(answered + 5.9 * byte_s) == b""
    assert interface.poll(answered + 6.1 * byte_s) == bytes.fromhex("05FF41010000")
    assert interface.poll(answered + 7.1 * byte_s) == bytes.fromhex("BA")


def test_strict_interface_drops_a_second_info_request() -> None:
    strict, permissive = assemble(Layout(strict=True)), assemble(Layout(strict=False))
    for interface in (strict, permissive):
        interface.feed(bytes.fromhex("03FF4600B803FF4601B7"), 1.0)
        interface.poll(1.2)
    assert (strict.dropped_info, permissive.dropped_info) == (1, 0)


def test_eeprom_writes_are_counted_and_ram_writes_are_lost_at_power_up() -> None:
    device = assemble().devices[0]
    device.answer(bytes.fromhex("370302 B00A".replace(" ", "")), 0.0)
    assert (device.settings[2].value, device.settings[2].stored, device.eeprom_writes) == (2736, 2880, 0)
    device.power_up()
    assert device.settings[2].value == 2880
    device.answer(bytes.fromhex("370102B00A"), 0.0)
    assert (device.settings[2].stored, device.eeprom_writes) == (2736, 1)
    device.answer(bytes.fromhex("330200"), 0.0)
    device.answer(bytes.fromhex("34B10A"), 0.0)
    assert (device.settings[2].stored, device.eeprom_writes) == (2737, 2)


@pytest.mark.parametrize("phases", [(0,), (0, 1, 2), (0, 0)])
def test_power_balances_on_every_device(phases: tuple[int, ...]) -> None:
    interface = assemble(Layout(phases))
    for device in interface.devices:
        for now in range(0, 100, 7):
            charge, mains, output = (device.ram(var, now) or 0 for var in (14, 15, 16))
            balance = (output + charge + mains) & 0xFFFF
            assert min(balance, 0x10000 - balance) <= 2


def test_switched_off_bus_falls_asleep_unless_it_is_kept_awake() -> None:
    for lines, asleep in ((0, True), (2, False)):
        interface = assemble()
        interface.plant.switch, interface.lines = 4, lines
        for now in range(15):
            interface.poll(float(now))
        assert interface.asleep is asleep
