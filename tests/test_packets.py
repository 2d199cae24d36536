"""Packets: the same bytes on both interpreters, and found again among whatever else arrives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym import packets

LONGEST = 300
# A flag, the kind, what was made of control characters, flags and escapes, the CRC-32, flags.
GOLDEN = {
    (packets.HELLO, b"\x03\x7e\x7d\x04"): "7e687d237d5e7d5d7d24",
    (packets.COMMAND, bytes(8)): "7e63" + "7d20" * 8,
    (packets.FRAME, b"123456789"): "7e46" + b"123456789".hex(),
}
kinds = st.sampled_from(packets.KINDS)
payloads = st.binary(max_size=LONGEST)


def encoded(kind: int, payload: bytes, chunk_bytes: int = 1) -> bytes:
    encoder = packets.Encoder(LONGEST, chunk_bytes)
    return bytes(encoder.buffer[: encoder.encode(kind, payload)])


def found(data: bytes, payload_bytes: int = LONGEST) -> list[tuple[int, bytes]]:
    decoder = packets.Decoder(payload_bytes)
    return [(decoder.kind, decoder.payload) for byte in data if decoder.take(byte)]


@given(st.lists(st.tuples(kinds, payloads), max_size=5))
def test_what_is_encoded_is_found(sent):
    assert found(b"".join(encoded(*packet) for packet in sent)) == sent


@given(kinds, payloads)
def test_a_packet_has_no_control_characters_and_fills_whole_chunks(kind, payload):
    data = encoded(kind, payload)
    assert min(data) >= 0x20
    assert data.count(b"~") == 2
    filled = encoded(kind, payload, 64)
    assert len(filled) % 64 == 0
    assert len(filled) - len(data) < 64
    assert filled.rstrip(b"~") == data.rstrip(b"~")


@given(st.binary(max_size=200), kinds, payloads)
def test_nothing_is_lost_behind_garbage(garbage, kind, payload):
    assert found(garbage + encoded(kind, payload))[-1] == (kind, payload)


@given(kinds, st.binary(min_size=1, max_size=60), st.data())
def test_a_changed_byte_makes_it_no_packet(kind, payload, data):
    packet = bytearray(encoded(kind, payload))
    position = data.draw(st.integers(1, len(packet) - 2))
    packet[position] ^= data.draw(st.integers(1, 255))
    assert (kind, payload) not in found(bytes(packet))
    assert found(bytes(packet) + encoded(kind, payload))[-1] == (kind, payload)


@pytest.mark.parametrize("text", [b"Traceback (most recent call last):\r\n", b"~~text~ ~", b"}"])
def test_printed_text_between_packets_is_passed_over(text):
    packet = encoded(packets.FRAME, b"abc")
    assert found(text + packet + text + packet) == [(packets.FRAME, b"abc")] * 2


@given(st.binary(max_size=3000))
def test_the_decoder_stays_within_its_buffer(noise):
    decoder = packets.Decoder(10)
    for byte in noise + encoded(packets.FRAME, bytes(200)):
        assert not (decoder.take(byte) and len(decoder.payload) > 10)
    assert len(decoder._data) == 15


def test_the_golden_bytes():
    for (kind, payload), expected in GOLDEN.items():
        assert encoded(kind, payload).hex().startswith(expected)
    # CRC-32 of "123456789" is cbf43926: a check value known everywhere.
    assert packets.crc32(b"123456789") == 0xCBF43926


SOURCE = """
import packets
encoder = packets.Encoder(300)
decoder = packets.Decoder(300)
for kind in packets.KINDS:
    for payload in (b"", bytes(range(256)), b"~}" * 150):
        data = encoder.buffer[: encoder.encode(kind, payload)]
        found = [(decoder.kind, decoder.payload) for byte in b"x" + data if decoder.take(byte)]
        assert found == [(kind, payload)], found
        print("".join("%02x" % byte for byte in data))
"""


def test_micropython_encodes_and_finds_the_same(run_micropython):
    expected = [
        encoded(kind, payload).hex()
        for kind in packets.KINDS
        for payload in (b"", bytes(range(256)), b"~}" * 150)
    ]
    assert run_micropython(SOURCE).split() == expected


def test_the_encoder_allocates_only_what_a_crc_takes(run_micropython):
    source = """
import gc, packets
encoder = packets.Encoder(244)
frame = bytearray(range(244))
encoder.encode(packets.FRAME, frame)
gc.collect()
gc.disable()
before = gc.mem_alloc()
for _ in range(100):
    encoder.encode(packets.FRAME, frame)
print((gc.mem_alloc() - before) // 100)
"""
    assert int(run_micropython(source)) <= 128  # on the board a big integer, 32 bytes
