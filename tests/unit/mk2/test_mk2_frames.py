from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mk2.frames import (
    Record,
    bus,
    config,
    info,
    interface,
    led,
    parse_command,
    parse_reply,
    readings,
    settings,
    status,
    switch,
    winmon,
    writes,
)
from mk2.framing import Frame, FrameUnpacker

VECTORS = Path(__file__).parents[2] / "vectors" / "mk2"


def lines(name: str) -> list[tuple[bytes, str]]:
    text = (VECTORS / f"{name}.txt").read_text(encoding="ascii")
    rows = [line.split(" | ") for line in text.splitlines() if not line.startswith("#")]
    return [(bytes.fromhex(raw), message) for raw, message in rows]


@pytest.mark.parametrize(("raw", "message"), lines("replies"))
def test_recorded_reply_means_what_the_vector_says(raw: bytes, message: str) -> None:
    (frame,) = FrameUnpacker().feed(raw)
    record = parse_reply(frame)
    assert repr(record) == message
    assert record is not None
    assert Frame(record.encode(), frame.leds).encode() == raw


@pytest.mark.parametrize(("raw", "message"), lines("commands"))
def test_recorded_command_means_what_the_vector_says(raw: bytes, message: str) -> None:
    (frame,) = FrameUnpacker().feed(raw)
    record = parse_command(frame)
    assert repr(record) == message
    assert record is not None
    assert Frame(record.encode()).encode() == raw


RECORDS = [
    cls
    for module in (bus, config, info, interface, led, readings, switch, settings, status, writes)
    for cls in vars(module).values()
    if isinstance(cls, type) and issubclass(cls, Record) and cls.__module__ == module.__name__ and "HEAD" in vars(cls)
]


@pytest.mark.parametrize("cls", RECORDS, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_whatever_is_parsed_is_encoded_to_the_same_bytes(cls: type[Record], data: st.DataObject) -> None:
    size = cls.LAYOUT.size + data.draw(st.sampled_from(sorted(cls.TAIL)))
    raw = cls.HEAD + data.draw(
        st.binary(min_size=0, max_size=12) if not size else st.binary(min_size=size, max_size=size)
    )
    record = cls.parse(raw)
    if record is not None:
        assert record.encode() == raw
        assert cls.parse(record.encode()) == record


@given(st.sampled_from("WXYZ"), st.binary(min_size=1, max_size=15))
def test_any_winmon_body_survives(letter: str, body: bytes) -> None:
    record = parse_reply(Frame(b"\xff" + letter.encode() + body))
    assert isinstance(record, winmon.Winmon)
    assert record.encode() == b"\xff" + letter.encode() + body
    assert record.is_reply == (body[0] >= 0x80)


def test_addressed_request_carries_its_device_last() -> None:
    request = winmon.Winmon("y", readings.RamRead((14, 15)), 2)
    assert request.encode() == b"\xffy\x30\x0e\x0f\x02"
    assert parse_command(Frame(request.encode())) == request


def test_random_payloads_never_raise() -> None:
    noise = random.Random(3)  # noqa: S311  # noise, not a secret
    for _ in range(30_000):
        frame = Frame(
            bytes([noise.choice((0xFF, 0x20, 0x41, 0x3C, 0x3F, 0x38, 0x21, 0x00))])
            + noise.randbytes(noise.randrange(1, 20))
        )
        parse_reply(frame)
        parse_command(frame)


def test_state_and_factors_are_not_read_from_a_dc_frame() -> None:
    record = parse_reply(Frame(bytes.fromhex("20B6896DB70C4E0A00000000000088")))
    assert isinstance(record, info.DcInfo)
    assert record.net_current == 0


def test_currents_of_a_dc_frame_are_24_bits_wide() -> None:
    record = parse_reply(Frame(bytes.fromhex("20000000000C4E0A 102701 000000 88")))
    assert isinstance(record, info.DcInfo)
    assert record.net_current == -0x12710


@pytest.mark.parametrize(
    ("phase_info", "phase", "count"),
    [(0x08, 1, 1), (0x09, 1, 2), (0x0A, 1, 3), (0x0B, 1, 4), (0x07, 2, None), (0x06, 3, None), (0x05, 4, None)],
)
def test_phase_and_number_of_phases_come_from_the_phase_info(phase_info: int, phase: int, count: int | None) -> None:
    record = parse_reply(Frame(bytes.fromhex("20010100 09") + bytes([phase_info]) + bytes(9)))
    assert isinstance(record, info.AcInfo)
    assert (record.phase, record.phase_count) == (phase, count)


def test_ac_frame_with_a_zero_factor_is_dropped() -> None:
    assert parse_reply(Frame(bytes.fromhex("2000010009 08") + bytes(9))) is None


def test_interface_version_tells_model_and_product() -> None:
    mk3 = interface.Version(1170216, 0x42)
    mk2 = interface.Version(1130134, 0)
    assert (mk3.is_mk3, hex(mk3.product_id)) == (True, "0x1170")
    assert (mk2.is_mk3, hex(mk2.product_id)) == (False, "0x1130")
    assert parse_reply(Frame(b"\xffV\xff\xff\xff\xff\x00")) is None


def test_config_frame_yields_inputs_limits_and_switches() -> None:
    record = parse_reply(Frame(bytes.fromhex("411005000094 5E00F4016300 77")))
    assert isinstance(record, config.ConfigInfo)
    assert (record.last_input, record.input_count, record.limit_min, record.limit_max, record.limit) == (
        0,
        1,
        94,
        500,
        99,
    )
    assert record.ac_flags & config.AcFlag.LIMIT_FROM_PANEL
    assert record.ac_flags & config.AcFlag.PANEL_DETECTED
    assert (record.active_state, record.remote_state) == (switch.SwitchState.ON, switch.SwitchState.ON)
    assert record.leds == led.Leds(5, 0)


@pytest.mark.parametrize(
    ("register", "state"),
    [(0x00, switch.SwitchState.OFF), (0x10, switch.SwitchState.CHARGER_ONLY), (0x20, switch.SwitchState.INVERTER_ONLY)],
)
def test_active_state_is_what_charge_and_invert_bits_say(register: int, state: switch.SwitchState) -> None:
    assert config.ConfigInfo(0x41, 0, 0, 0, 0, 0, 500, 160, register).active_state is state


def test_old_config_frame_has_no_leds() -> None:
    assert config.ConfigInfo(0x41, 5, 0, 0, 0, 0, 500, 160, 0x77).leds is None


def test_leds_decode_to_lights_and_to_nothing_when_unknown() -> None:
    leds = led.Leds(on=0b0101, blink=0b1100)
    assert [leds.light(one) for one in (led.Led.MAINS, led.Led.ABSORPTION, led.Led.BULK, led.Led.FLOAT)] == [1, 0, 3, 2]
    assert led.Leds.appended(b"\x1f\x1f").light(led.Led.MAINS) is None


def test_snapshot_and_read_take_one_to_six_variables() -> None:
    assert readings.SnapshotTake.parse(b"\xffF\x06") is None
    for ids in ((), tuple(range(7))):
        with pytest.raises(ValueError, match="1 to 6"):
            readings.RamRead(ids).encode()


def test_setting_figures_come_whole_interleaved_and_one_by_one() -> None:
    interleaved = bytes.fromhex("8901008A00008B10008C00008DFF03")
    body = winmon.parse_body(interleaved)
    assert isinstance(body, settings.SettingInfoInterleaved)
    assert body.plain == settings.SettingInfoReply(1, 0, 16, 0, 1023)
    assert winmon.parse_body(bytes.fromhex("8DFF03")) == settings.SettingFigure(0x8D, 1023)


def test_field_that_does_not_fit_is_our_fault() -> None:
    with pytest.raises(struct.error):
        writes.WriteById(0, 256, 0).encode()
