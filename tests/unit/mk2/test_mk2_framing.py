from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mk2.framing import KNOWN_TYPES, MAX_LENGTH, Frame, FrameUnpacker, checksum

VECTORS = Path(__file__).parents[2] / "vectors" / "mk2"
RAW = [
    bytes.fromhex(line.partition("|")[0])
    for name in ("replies", "commands")
    for line in (VECTORS / f"{name}.txt").read_text(encoding="ascii").splitlines()
    if not line.startswith("#")
]
# Bytes that begin no frame, a frame cut short, a frame with a wrong checksum, and zeros as seen between frames.
GARBAGE = [
    b"\x00",
    b"\x00\x00\x00",
    bytes.fromhex("0F20 0101"),
    bytes.fromhex("05FF58863481D2"),
    b"UUUUU",
    b"\xff\xff",
]

payloads = st.tuples(st.sampled_from(sorted(KNOWN_TYPES)), st.binary(min_size=1, max_size=MAX_LENGTH - 1)).map(
    lambda parts: bytes([parts[0]]) + parts[1],
)
frames = st.builds(Frame, payloads, st.none() | st.binary(min_size=2, max_size=2))


def unpack(data: bytes) -> list[Frame]:
    unpacker = FrameUnpacker()
    return unpacker.feed(data) + unpacker.flush()


@pytest.mark.parametrize("raw", RAW, ids=lambda raw: raw.hex())
def test_vector_is_found_whole_and_encoded_again(raw: bytes) -> None:
    (frame,) = FrameUnpacker().feed(raw)
    assert frame.encode() == raw


def test_vectors_are_found_byte_by_byte() -> None:
    unpacker = FrameUnpacker()
    found = [frame.encode() for raw in RAW for byte in raw for frame in unpacker.feed(bytes([byte]))]
    assert found == RAW
    assert (unpacker.accepted, unpacker.skipped, unpacker.pending) == (len(RAW), 0, 0)


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda raw: raw.hex())
def test_garbage_between_frames_costs_no_frame(garbage: bytes) -> None:
    unpacker = FrameUnpacker()
    found = unpacker.feed(garbage + garbage.join(RAW) + garbage) + unpacker.flush()
    assert [frame.encode() for frame in found] == RAW
    assert unpacker.skipped == len(garbage) * (len(RAW) + 1)


def test_cut_frame_costs_only_itself() -> None:
    for raw in RAW:
        assert Frame(b"\xffV\x24\xdb\x11\x00\x42") in unpack(raw[:-1] + bytes.fromhex("07FF5624DB11004252"))


def test_appended_leds_are_split_off() -> None:
    (frame,) = FrameUnpacker().feed(bytes.fromhex("87FF588634811F1FA9"))
    assert frame == Frame(bytes.fromhex("FF58863481"), b"\x1f\x1f")


def test_silence_releases_a_frame_hidden_behind_a_false_length() -> None:
    unpacker = FrameUnpacker()
    assert unpacker.feed(b"\x20\xff" + RAW[0]) == []
    assert [frame.encode() for frame in unpacker.flush()] == [RAW[0]]
    assert unpacker.pending == 0


def test_final_ff_is_padded_for_old_interfaces_only_on_demand() -> None:
    frame = Frame(b"\xffX\x30\xff")
    assert frame.encode() == bytes.fromhex("04FF5830FF76")
    assert frame.encode(pad=True) == bytes.fromhex("05FF5830FF0075")
    assert Frame(b"\xffV").encode(pad=True) == bytes.fromhex("02FF56A9")


@pytest.mark.parametrize("payload", [b"", b"\xff", b"\x99\x00", b"\xff" * (MAX_LENGTH + 1)])
def test_impossible_payload_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="not a frame"):
        Frame(payload).encode()


def test_wrong_number_of_leds_is_refused() -> None:
    with pytest.raises(ValueError, match="2 LED bytes"):
        Frame(b"\xffV", b"\x00").encode()


@given(st.lists(frames, max_size=8), st.integers(1, 40))
def test_round_trip_in_any_chunks(sent: list[Frame], size: int) -> None:
    stream = b"".join(frame.encode() for frame in sent)
    unpacker = FrameUnpacker()
    found = [frame for start in range(0, len(stream), size) for frame in unpacker.feed(stream[start : start + size])]
    assert found == sent


@given(st.binary(min_size=2, max_size=40))
def test_checksum_notices_every_single_wrong_byte_of_plain_frames(head: bytes) -> None:
    head = bytes([head[0], 0xFF]) + head[2:]
    total = sum(head) + checksum(head)
    assert total % 256 == 0


def test_random_bytes_never_raise_and_never_pile_up() -> None:
    noise = random.Random(2400)  # noqa: S311  # noise, not a secret
    unpacker = FrameUnpacker()
    for _ in range(100):
        unpacker.feed(noise.randbytes(10_000))
        assert unpacker.pending <= MAX_LENGTH + 4
    assert unpacker.accepted > 0
    assert unpacker.skipped > 900_000


def test_noise_on_the_line_loses_few_good_frames() -> None:
    noise = random.Random(7)  # noqa: S311  # noise, not a secret
    sent = [noise.choice(RAW) for _ in range(2000)]
    stream = b"".join(raw + noise.randbytes(noise.randrange(6)) for raw in sent)
    found = [frame.encode() for frame in unpack(stream)]
    # An 8 bit checksum lets one in 256 false starts through, and each can swallow a frame.
    assert sum(found.count(raw) for raw in set(RAW)) >= 0.97 * len(sent)
