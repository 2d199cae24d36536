"""Frames to a record on session time: gaps, runs, clocks, and frames that lie."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glutesym import wire
from glutesym.assemble import PodInput, assemble_pod, assemble_recording

NO_PROBES = np.empty(0, np.int64)
FULL = wire.EMG_PER_FRAME
PERIOD_S = FULL / 2000


def emg_frame(number: int, run: int = 7, start_us: int = 0, **changes: int) -> bytes:
    """Return the ``number``-th frame of a pod that converts its sample numbers."""
    frame = bytearray(wire.FRAME_BYTES)
    first = changes.get("first", number * FULL)
    end = changes.get("anchor", first + FULL)
    ticks_us = (start_us + round((first + FULL) * 500)) % wire.TICKS_PERIOD_US
    samples = array("i", [(first + i) % 30_000 for i in range(FULL)])
    wire.encode_emg(
        frame, run, number, first, end, ticks_us, 0, 0, 1_000_000, samples, FULL
    )  # fmt: skip
    wire.stamp(frame, number, ticks_us)
    return bytes(frame)


def pod(frames: list[bytes], arrival_s: list[float] | None = None) -> PodInput:
    if arrival_s is None:
        arrival_s = [0.5 + (i + 1) * PERIOD_S for i in range(len(frames))]
    return PodInput(
        "left",
        np.array([round(t * 1e9) for t in arrival_s], np.int64),
        np.frombuffer(b"".join(frames), np.uint8).reshape(-1, wire.FRAME_BYTES),
        NO_PROBES,
        NO_PROBES,
        {},
    )


def test_nothing_is_a_record_too():
    record = assemble_pod(pod([]), 0)
    assert len(record.emg.uv) == len(record.imu.time_s) == record.samples_sent == 0
    recording = assemble_recording([pod([])], 0)
    assert recording.duration_s == 0
    assert np.isnan(recording.sync_uncertainty_ms)


def test_samples_have_their_value_and_time():
    record = assemble_pod(pod([emg_frame(i) for i in range(100)]), 0)
    assert record.emg.uv.tolist() == [i % 30_000 for i in range(100 * FULL)]
    assert record.emg.fs_hz == pytest.approx(2000, rel=1e-6)
    # Sample k is ready at k + 1 periods and left the electrode 1.5 periods earlier.
    assert record.emg.time_s[1000] == pytest.approx(0.5 + (1001 - 1.5) / 2000, abs=1e-6)


def test_a_missing_frame_is_a_gap_in_its_place():
    frames = [emg_frame(i) for i in range(50) if i not in (20, 21)]
    arrival_s = [0.5 + (i + 1) * PERIOD_S for i in range(50) if i not in (20, 21)]
    record = assemble_pod(pod(frames, arrival_s), 0)
    assert np.flatnonzero(np.isnan(record.emg.uv)).tolist() == list(range(20 * FULL, 22 * FULL))
    assert (record.samples_sent, record.samples_lost) == (50 * FULL, 2 * FULL)
    (gap,) = record.gaps
    assert gap.samples == 2 * FULL
    assert gap.reason == "samples lost"
    assert gap.end_s - gap.start_s == pytest.approx(2 * PERIOD_S, abs=0.001)


def test_repeats_and_order_of_arrival_do_not_matter():
    frames = [emg_frame(i) for i in range(30)]
    shuffled = frames[:10] + frames[5:8] + frames[20:] + frames[10:20]
    arrival_s = [1 + PERIOD_S * 31 + 0.001 * i for i in range(len(shuffled))]
    record = assemble_pod(pod(shuffled, arrival_s), 0)
    assert record.samples_lost == 0
    assert record.emg.uv.tolist() == [float(i) for i in range(30 * FULL)]


def test_ticks_may_wrap():
    start_us = wire.TICKS_PERIOD_US - 1_000_000
    record = assemble_pod(pod([emg_frame(i, start_us=start_us) for i in range(60)]), 0)
    assert np.diff(record.emg.time_s) == pytest.approx(np.full(60 * FULL - 1, 1 / 2000), abs=1e-9)


def test_a_new_run_is_a_gap_and_counts_anew():
    frames = [emg_frame(i) for i in range(20)] + [emg_frame(i, run=9) for i in range(20)]
    arrival_s = [(i + 1) * PERIOD_S for i in range(20)] + [
        5 + (i + 1) * PERIOD_S for i in range(20)
    ]
    record = assemble_pod(pod(frames, arrival_s), 0)
    assert record.boots == 2
    assert [gap.reason for gap in record.gaps] == ["the pod started anew"]
    assert record.emg.time_s[-1] - record.emg.time_s[0] == pytest.approx(
        5 + 20 * PERIOD_S, abs=0.01
    )
    assert np.all(np.diff(record.emg.time_s) > 0)
    assert len(record.emg.uv) == pytest.approx((5 + 20 * PERIOD_S) * 2000, abs=2)


@pytest.mark.parametrize("lie", [{"first": (1 << 30) - 1}, {"anchor": (1 << 30) - 1}])
def test_an_impossible_index_is_counted_and_left_out(lie):
    frames = [emg_frame(i) for i in range(40)]
    frames[17] = emg_frame(17, **lie)
    record = assemble_pod(pod(frames), 0)
    assert record.frames_bad == 1
    assert record.samples_lost == FULL
    assert len(record.emg.uv) == 40 * FULL


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(list(wire.FIELDS)), st.binary(min_size=243, max_size=243)),
        min_size=1,
        max_size=12,
    ),
    st.lists(st.integers(0, 40), max_size=12),
)
def test_no_frames_however_absurd_crash_or_swell_the_decoder(hostile, places):
    frames = [emg_frame(i) for i in range(40)]
    for place, (kind, body) in zip(places, hostile, strict=False):
        frames.insert(place, bytes([kind]) + body)
    record = assemble_pod(pod(frames), 0)
    assert len(record.emg.uv) < 40_000_000
