"""The wire format: the same bytes on both interpreters, and back again without loss."""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glutesym import wire
from glutesym.decode import check_frame, emg_counts, frame_dtype, split_frames, without_repeats
from glutesym.errors import FrameError
from golden_frames import encode_all

TESTS = Path(__file__).parent
GOLDEN = (TESTS / "data" / "golden_frames.txt").read_text()
COUNTS_24 = st.integers(-0x800000, 0x7FFFFF)


def as_matrix(*frames: bytes) -> np.ndarray:
    return np.frombuffer(b"".join(frames), np.uint8).reshape(-1, wire.FRAME_BYTES)


def emg_frame(samples: list[int], *, run: int = 1, seq: int = 0, first_index: int = 0) -> bytes:
    frame = bytearray(wire.FRAME_BYTES)
    wire.encode_emg(
        frame, run, seq, first_index, first_index + len(samples), 5, 0, 0, 48081,
        array("i", samples), len(samples),
    )  # fmt: skip
    return bytes(frame)


def test_cpython_encodes_the_golden_bytes():
    made = "".join(f"{name} {data.hex()}\n" for name, data in encode_all())
    assert made == GOLDEN


def test_micropython_encodes_the_golden_bytes(run_micropython):
    assert run_micropython((TESTS / "golden_frames.py").read_text()) == GOLDEN


def test_encoders_allocate_nothing_on_micropython(run_micropython):
    source = """
import micropython, wire
from array import array
frame = bytearray(wire.FRAME_BYTES)
block = array("i", [(i * 7919) % 100000 for i in range(wire.EMG_PER_FRAME)])
motion = bytearray(wire.IMU_PER_FRAME * wire.IMU_SAMPLE_BYTES)
values = [0] * len(wire.STATUS_NAMES)
micropython.heap_lock()
wire.encode_emg(frame, 1, 2, 3, 4, 5, 0, 0, 48081, block, wire.EMG_PER_FRAME)
wire.encode_imu(frame, 1, 2, 3, 4, 5, 0, 6, 1, 2, 3, 4, 244, 7000, motion, wire.IMU_PER_FRAME)
wire.encode_status(frame, values)
wire.stamp(frame, 3, 7)
micropython.heap_unlock()
print("ok")
"""
    assert run_micropython(source) == "ok\n"


def test_full_frames_fill_one_link_layer_packet():
    assert wire.FRAME_BYTES == 244
    assert wire.EMG_DATA_OFFSET + 2 * wire.EMG_PER_FRAME == 244
    assert wire.IMU_DATA_OFFSET + 12 * wire.IMU_PER_FRAME == 244
    for kind in wire.FIELDS:
        assert frame_dtype(kind).itemsize == 244


@given(st.lists(st.integers(-32000, 32000), min_size=1, max_size=104), st.integers(-8e6, 8e6))
def test_blocks_that_span_16_bits_are_exact(shape, level):
    samples = [level + x for x in shape]
    records = split_frames(as_matrix(emg_frame(samples))).emg
    assert emg_counts(records)[0, : records["count"][0]].tolist() == samples


@given(st.lists(COUNTS_24, min_size=1, max_size=104))
@example([-0x800000, 0x7FFFFF])
def test_any_block_keeps_its_sixteen_highest_bits(samples):
    frames = split_frames(as_matrix(emg_frame(samples)))
    decoded = emg_counts(frames.emg)[0, : len(samples)]
    step = 1 << int(frames.emg["shift"][0])
    error = np.array(samples) - decoded
    assert np.all((error >= 0) & (error < step))
    span = max(samples) - min(samples)
    assert step == 1 or span >= 32767 * step  # no more bits are dropped than must be


@given(st.binary(max_size=300))
def test_garbage_is_a_frame_error_and_never_crashes(data):
    if len(data) == wire.FRAME_BYTES and data[0] in wire.FIELDS:
        return
    with pytest.raises(FrameError):
        check_frame(data)


@given(st.lists(st.binary(min_size=244, max_size=244), max_size=5))
def test_the_vectorised_decoder_accepts_what_check_frame_accepts(blobs):
    frames = [b"\x01" + bytes([i % 4]) + blob[2:] for i, blob in enumerate(blobs)]
    good = 0
    for frame in frames:
        try:
            check_frame(frame)
            good += 1
        except FrameError:
            pass
    split = split_frames(as_matrix(*frames) if frames else np.empty((0, 244), np.uint8))
    assert len(split.emg) + len(split.imu) + len(split.status) == good
    assert split.bad == len(frames) - good


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: f[:20], "length 20, expected 244"),
        (lambda f: f + b"\0", "length 245"),
        (lambda f: b"\x71" + f[1:], "protocol version 7, expected 2"),
        (lambda f: b"\x29" + f[1:], "unknown kind 9"),
        (lambda f: f[:24] + b"\xc8" + f[25:], "200 samples, expected 1 to 104"),
        (lambda f: f[:27] + b"\x1f" + f[28:], "shift 31"),
    ],
)
def test_errors_say_what_is_wrong(change, reason):
    with pytest.raises(FrameError, match=reason):
        check_frame(change(emg_frame([1, 2, 3])))


def test_frames_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="expected"):
        split_frames(np.zeros((3, 20), np.uint8))


def test_status_numbers_saturate():
    frame = dict(encode_all())["status above range"]
    status = split_frames(as_matrix(frame)).status[0]
    assert status["battery_v"] == 0xFFFF
    assert status["temperature_c"] == 127
    low = split_frames(as_matrix(dict(encode_all())["status below range"])).status[0]
    assert low["temperature_c"] == -128
    assert low["uptime_s"] == 0


def test_imu_samples_survive():
    frame = dict(encode_all())["imu three samples"]
    record = split_frames(as_matrix(frame)).imu[0]
    sent = bytes((7 * i) & 255 for i in range(36))
    assert record["data"][:3].tobytes() == sent
    assert (record["chip_ticks_first"], record["chip_ticks_last"]) == (0x1FFFF, 0x20101)
    assert record["temperature_c"] == -512


@pytest.mark.parametrize(
    "numbers", [(256, 0, 0, 0), (1, 300, 0, 0), (1, 0, -1, 0), (1, 0, 0, 1 << 32)]
)
def test_commands_refuse_numbers_that_do_not_fit(numbers):
    with pytest.raises(ValueError, match="does not fit"):
        wire.command(*numbers)


def test_repeats_are_dropped_and_runs_keep_their_order():
    frames = [(9, 0), (9, 1), (9, 1), (4, 0), (9, 2), (4, 0)]
    matrix = as_matrix(*(emg_frame([0], run=run, seq=seq) for run, seq in frames))
    records = split_frames(matrix).emg
    kept = records[without_repeats(records)]
    assert [(int(r["run"]), int(r["seq"])) for r in kept] == [(9, 0), (9, 1), (9, 2), (4, 0)]
