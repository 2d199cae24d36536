"""Frames to a record on session time: gaps, runs, clocks, and frames that lie."""

from __future__ import annotations

from array import array
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glutesym import wire
from glutesym.assemble import assemble_pod, assemble_recording
from glutesym.capture_run import PodInput
from glutesym.decode import frame_dtype

NO_PROBES = np.empty(0, np.int64)
FULL = wire.EMG_PER_FRAME
PERIOD_S = FULL / 2000


def emg_frame(number: int, run: int = 7, start_us: int = 0, **changes: int) -> bytes:
    """Return the ``number``-th frame of a pod that converts its sample numbers."""
    frame = bytearray(wire.FRAME_BYTES)
    first = changes.get("first", number * FULL)
    end = changes.get("anchor", first + FULL)
    period_us = 1_000_000 // changes.get("rate", 2000)
    ticks_us = (start_us + (first + FULL) * period_us) % wire.TICKS_PERIOD_US
    samples = array("i", [(first + i) % 30_000 for i in range(FULL)])
    flags = changes.get("flags", 0)
    wire.encode_emg(
        frame, run, changes.get("seq", number), first, end, ticks_us, flags, 0, 1_000_000,
        samples, FULL,
    )  # fmt: skip
    wire.stamp(frame, number, ticks_us)
    return bytes(frame)


def imu_frame(number: int, seq: int, run: int = 7) -> bytes:
    """Return the ``number``-th frame of a pod that lies still."""
    frame = bytearray(wire.FRAME_BYTES)
    n = wire.IMU_PER_FRAME
    end = (number + 1) * n
    ticks_us = round(end / 208 * 1e6)
    data = array("h", [0, 0, 8192, 0, 0, 0] * n).tobytes()
    wire.encode_imu(
        frame, run, seq, number * n, end, ticks_us, 0, 0, 0, 0, 0, 0, 122, 7000, data, n
    )  # fmt: skip
    wire.stamp(frame, number, ticks_us)
    return bytes(frame)


def status_frame(seq: int, time_s: float, run: int = 7, **values: int) -> bytes:
    """Return a status; times count from the first conversion."""
    frame = bytearray(wire.FRAME_BYTES)
    ticks_us = round(time_s * 1e6) % wire.TICKS_PERIOD_US
    told = {"run": run, "seq": seq, "frames_made": seq, "ticks_us": ticks_us, **values}
    wire.encode_status(frame, [told.get(name, 0) for name in wire.STATUS_NAMES])
    wire.stamp(frame, 0, ticks_us)
    return bytes(frame)


def pod(
    frames: list[bytes],
    arrival_s: list[float] | None = None,
    info: dict[str, object] | None = None,
) -> PodInput:
    if arrival_s is None:
        arrival_s = [0.5 + (i + 1) * PERIOD_S for i in range(len(frames))]
    return PodInput(
        "left",
        np.array([round(t * 1e9) for t in arrival_s], np.int64),
        np.frombuffer(b"".join(frames), np.uint8).reshape(-1, wire.FRAME_BYTES),
        NO_PROBES,
        NO_PROBES,
        info or {},
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
    assert record.emg.time_s[1000] == pytest.approx(0.5 + (1001 - 1.5) / 2000, abs=2e-5)


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


def test_samples_that_are_missing_although_all_frames_came_were_never_put_into_frames():
    frames = [emg_frame(i, first=i * FULL + (500 if i >= 20 else 0)) for i in range(50)]
    record = assemble_pod(pod(frames), 0)
    (gap,) = record.gaps
    assert (gap.samples, gap.reason) == (500, "the pod was too busy")
    assert record.samples_lost == 500


def test_frames_that_the_log_has_dropped_were_too_many_for_it():
    frames = [emg_frame(i) for i in range(80) if not (20 <= i < 30 or 60 <= i < 70 or i == 75)]
    arrival_s = [i * PERIOD_S for i in range(80) if not (20 <= i < 30 or 60 <= i < 70 or i == 75)]
    told = [
        (40, {"oldest_seq": 15}),
        (50, {"oldest_seq": 40, "frames_dropped": 25}),
        (75, {"oldest_seq": 75, "frames_dropped": 25}),  # the rest was acknowledged
    ]
    for seq, values in told:
        frames.append(status_frame(seq, 80 * PERIOD_S, **values))
        arrival_s.append(80 * PERIOD_S)
    record = assemble_pod(pod(frames, arrival_s), 0)
    assert [(gap.samples, gap.reason) for gap in record.gaps] == [
        (10 * FULL, "the pod's memory was full"),
        (10 * FULL, "samples lost"),
        (FULL, "the pod was too busy"),  # frame 75 is a status: nothing is missing there
    ]


def test_frames_that_are_still_in_the_log_were_not_fetched():
    missing = (*range(20, 30), *range(60, 70))
    kept = [i for i in range(80) if i not in missing]
    frames = [*(emg_frame(i) for i in kept), status_frame(80, 80 * PERIOD_S, oldest_seq=60)]
    arrival_s = [*(i * PERIOD_S for i in kept), 80 * PERIOD_S]
    record = assemble_pod(pod(frames, arrival_s), 0)
    assert [gap.reason for gap in record.gaps] == [
        "samples lost",
        "not fetched from the pod",
    ]


def test_garbled_samples_are_told_from_a_busy_pod():
    frames = [emg_frame(i + (i > 20), first=i * FULL + (1 if i > 20 else 0)) for i in range(50)]
    arrival_s = [(i + 1) * PERIOD_S for i in range(50)]
    frames.insert(21, status_frame(21, 21 * PERIOD_S, emg_misread=1, emg_captured=21 * FULL))
    arrival_s.insert(21, 21 * PERIOD_S)
    (gap,) = assemble_pod(pod(frames, arrival_s), 0).gaps
    assert (gap.samples, gap.reason) == (1, "the front end's data were garbled")


def test_lost_motion_is_a_gap_with_a_reason_too():
    """Motion in every third frame, for simplicity's sake."""
    frames, arrival_s = [], []
    for i in range(120):
        made_s = (i // 3 + 1) * wire.IMU_PER_FRAME / 208
        frames.append(imu_frame(i // 3, i) if i % 3 == 2 else status_frame(i, made_s))
        arrival_s.append(0.5 + made_s)
    missing = {3 * 20 + 2, 3 * 21 + 2}
    kept = [i for i in range(120) if i not in missing]
    record = assemble_pod(pod([frames[i] for i in kept], [arrival_s[i] for i in kept]), 0)
    (gap,) = record.imu_gaps
    assert (gap.samples, gap.reason) == (2 * wire.IMU_PER_FRAME, "not fetched from the pod")
    assert gap.start_s == pytest.approx(0.5 + 20 * wire.IMU_PER_FRAME / 208, abs=0.01)
    assert np.isnan(record.imu.accel_g[:, 0]).sum() == gap.samples
    assert record.gaps == ()


def test_what_is_missing_at_the_beginning_is_a_gap_too():
    frames = [emg_frame(i) for i in range(10, 50)]
    arrival_s = [0.5 + (i + 1) * PERIOD_S for i in range(10, 50)]
    record = assemble_pod(pod(frames, arrival_s), 0)
    (gap,) = record.gaps
    assert gap.samples == record.samples_lost == 10 * FULL
    assert gap.start_s == pytest.approx(0.5, abs=0.002)
    assert gap.end_s == pytest.approx(0.5 + 10 * PERIOD_S, abs=0.002)


def test_what_was_captured_but_never_fetched_is_a_gap_at_the_end():
    frames = [emg_frame(i) for i in range(40)]
    arrival_s = [(i + 1) * PERIOD_S for i in range(40)]
    captured = 60 * FULL + 50  # the last 50 never were in a frame
    frames.append(status_frame(70, captured / 2000, emg_captured=captured))
    arrival_s.append(captured / 2000)
    record = assemble_pod(pod(frames, arrival_s), 0)
    (gap,) = record.gaps
    assert gap.reason == "not fetched from the pod"
    assert gap.samples == record.samples_lost == 20 * FULL
    assert record.samples_sent == 60 * FULL
    assert gap.start_s == record.emg.time_s[-1]
    assert gap.end_s - gap.start_s == pytest.approx(20 * PERIOD_S, rel=1e-3)


def test_a_stop_within_a_block_leaves_no_gap():
    frames = [emg_frame(i) for i in range(40)]
    captured = 40 * FULL + 103
    frames.append(status_frame(40, captured / 2000, emg_captured=captured))
    arrival_s = [(i + 1) * PERIOD_S for i in range(41)]
    record = assemble_pod(pod(frames, arrival_s), 0)
    assert record.gaps == ()
    assert record.samples_lost == 0


def test_a_status_cannot_have_captured_more_than_time_allows():
    frames = [emg_frame(i) for i in range(40)]
    frames.append(status_frame(40, 40 * PERIOD_S, emg_captured=1 << 31))
    assert assemble_pod(pod(frames), 0).samples_lost == 0


def test_the_newest_status_counts_not_the_last_to_arrive():
    frames = [emg_frame(i) for i in range(40)]
    frames.append(status_frame(60, 2.0, battery_pct=50 << 8))
    frames.append(status_frame(45, 1.5, battery_pct=60 << 8, error=wire.ERROR_BATTERY_GAUGE))
    record = assemble_pod(pod(frames), 0)
    assert record.battery_pct == 50
    assert record.problems == ("the battery gauge does not answer",)


def test_frames_that_the_file_damaged_are_told():
    record = assemble_pod(replace(pod([emg_frame(0)]), frames_bad=2, frames_damaged=3), 0)
    assert record.frames_bad == 5
    (problem,) = record.problems
    assert "3 frames of the session file are damaged and left out" in problem
    (problem,) = assemble_pod(replace(pod([]), frames_damaged=1), 0).problems
    assert "one frame of the session file is damaged" in problem


@pytest.mark.parametrize("info", [{"emg": {"rate_sps": 1000}}, {"emg": {"rate_sps": 2000}}])
def test_the_rate_is_the_one_the_pod_tells(info):
    rate = info["emg"]["rate_sps"]
    frames = [emg_frame(i, rate=rate) for i in range(200)]
    arrival_s = [0.5 + (i + 1) * FULL / rate for i in range(200)]
    record = assemble_pod(pod(frames, arrival_s, info), 0)
    assert record.emg.fs_hz == pytest.approx(rate, rel=1e-6)
    assert record.emg.time_s[1000] == pytest.approx(0.5 + (1001 - 1.5) / rate, abs=2e-5)
    assert record.samples_lost == 0


@pytest.mark.parametrize("info", [{}, {"emg": None}, {"emg": {}}, {"emg": {"rate_sps": "1"}}])
def test_a_pod_that_does_not_tell_its_rate_has_the_usual_one(info):
    record = assemble_pod(pod([emg_frame(i) for i in range(50)], info=info), 0)
    assert record.emg.fs_hz == pytest.approx(2000, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_order_repeats_and_holes_give_the_same_record(seed):
    random = np.random.default_rng(seed)
    frames = [emg_frame(i) for i in range(120)]
    frames += [status_frame(120 + i, 7 + i / 2, battery_pct=i << 8) for i in range(4)]
    kept = random.permutation(len(frames))[: random.integers(1, len(frames))].tolist()
    repeats = random.choice(kept, random.integers(0, 30)).tolist()
    sending_s = np.sort(random.uniform(20, 40, len(kept) + len(repeats)))
    arrival_s = sending_s + 0.003 + random.exponential(0.01, len(sending_s))

    def delivered(order: list[int]):
        sent = []
        for number, at_s in zip(order, sending_s.tolist(), strict=True):
            frame = bytearray(frames[number])
            wire.stamp(frame, 0, round(at_s * 1e6))
            sent.append(bytes(frame))
        by_arrival = np.argsort(arrival_s)
        return assemble_pod(pod([sent[i] for i in by_arrival], arrival_s[by_arrival].tolist()), 0)

    in_order = delivered(sorted(kept) + repeats)
    shuffled = delivered(random.permutation(kept + repeats).tolist())
    assert np.array_equal(shuffled.emg.uv, in_order.emg.uv, equal_nan=True)
    assert shuffled.emg.index.tolist() == in_order.emg.index.tolist()
    assert shuffled.emg.time_s == pytest.approx(in_order.emg.time_s, abs=1e-6)
    assert shuffled.emg.fs_hz == pytest.approx(in_order.emg.fs_hz, rel=1e-9)
    assert [(g.samples, g.reason) for g in shuffled.gaps] == [
        (g.samples, g.reason) for g in in_order.gaps
    ]
    for name in ("samples_sent", "samples_received", "samples_lost", "frames_bad"):
        assert getattr(shuffled, name) == getattr(in_order, name)
    assert shuffled.battery_pct == pytest.approx(in_order.battery_pct, nan_ok=True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("field", "spread"),
    [
        ("anchor_ticks_us", 1 << 30),
        ("anchor_ticks_us", 300_000),
        ("anchor_index", 1 << 30),
        ("tx_ticks_us", 1 << 30),
        ("tx_ticks_us", 300_000),
        ("first_index", 1 << 30),
    ],
)
def test_a_few_lies_do_not_move_the_others(field, spread, seed):
    random = np.random.default_rng(seed)
    n = 3000
    frames = np.frombuffer(b"".join(emg_frame(i) for i in range(n)), np.uint8).copy()
    records = frames.reshape(n, -1).view(frame_dtype(wire.EMG))[:, 0]
    lie = random.random(n) < 0.02
    records[field][lie] += random.integers(25_000, spread, np.count_nonzero(lie)).astype(np.uint32)
    record = assemble_pod(pod([bytes(frame) for frame in frames.reshape(n, -1)]), 0)
    true_s = 0.5 + (record.emg.index + 1 - 1.5) / 2000
    assert record.emg.time_s == pytest.approx(true_s, abs=0.001)
    assert record.samples_received >= (n - np.count_nonzero(lie)) * FULL
    assert len(record.emg.uv) <= n * FULL + 4000


def test_a_frame_older_than_a_period_of_ticks_finds_its_place():
    start_us = 600_000_000
    frames = [emg_frame(i, start_us=start_us) for i in range(60)]
    arrival_s = [0.5 + (i + 1) * PERIOD_S for i in range(60)]
    late = bytearray(frames[20])
    late_s = arrival_s[20] + 1100
    wire.stamp(late, 0, (start_us + round((late_s - 0.5) * 1e6)) % wire.TICKS_PERIOD_US)
    record = assemble_pod(
        pod([*frames[:20], *frames[21:], bytes(late)], [*arrival_s[:20], *arrival_s[21:], late_s]),
        0,
    )
    assert (record.samples_lost, record.frames_bad) == (0, 0)
    assert record.emg.uv.tolist() == [float(i) for i in range(60 * FULL)]


def hostile_frames(n: int, seed: int) -> np.ndarray:
    """Return frames that are random but for kind, count and shift."""
    random = np.random.default_rng(seed)
    frames = random.integers(0, 256, (n, wire.FRAME_BYTES), dtype=np.uint8)
    kind = random.choice(list(wire.FIELDS), n)
    frames[:, 0] = kind
    for which, most in ((wire.EMG, FULL), (wire.IMU, wire.IMU_PER_FRAME)):
        chosen = kind == which
        records = frames.view(frame_dtype(which))[:, 0]
        records["count"][chosen] = random.integers(1, most + 1, np.count_nonzero(chosen))
        if which == wire.EMG:
            records["shift"][chosen] %= 10
    return frames


@pytest.mark.parametrize("one_run", [False, True])
def test_thousands_of_made_up_frames_neither_swell_the_record_nor_harm_it(one_run):
    n = 5000
    frames = hostile_frames(2 * n, seed=1)
    if one_run:
        frames[:, 2:4] = (7, 0)
    true = np.frombuffer(b"".join(emg_frame(i) for i in range(n)), np.uint8).reshape(n, -1)
    frames[::2] = true
    arrival_s = np.repeat(0.5 + (np.arange(n) + 1) * PERIOD_S, 2).tolist()
    record = assemble_pod(pod([bytes(frame) for frame in frames], arrival_s), 0)
    assert record.frames_bad >= n - 20
    assert record.boots < 110
    assert len(record.emg.uv) < 1.1 * n * FULL
    assert len(record.imu.time_s) < 1.1 * n * PERIOD_S * 208
    assert record.samples_received >= n * FULL
    true_s = 0.5 + (record.emg.index[: n * FULL] + 1 - 1.5) / 2000
    assert record.emg.time_s[: n * FULL] == pytest.approx(true_s, abs=0.03)


def test_more_runs_than_a_pod_can_start_are_not_believed():
    """Each frame is right in itself, but says that it is of a run of its own."""
    n = 20_000
    frames = np.frombuffer(b"".join(emg_frame(i) for i in range(200)), np.uint8).reshape(200, -1)
    frames = np.tile(frames, (n // 200, 1))
    numbers = np.random.default_rng(2).permutation(65_000)[:n] + 1
    frames.view("<u2")[:, 1] = numbers
    arrival_s = (0.5 + (np.arange(n) + 1) * PERIOD_S).tolist()
    record = assemble_pod(pod([bytes(frame) for frame in frames], arrival_s), 0)
    assert record.boots <= 100
    assert record.frames_bad >= n - 100
    assert len(record.emg.uv) < 2000 * (arrival_s[-1] + 1100)
    assert np.all(np.diff(record.emg.time_s) > 0)


def test_runs_that_claim_the_same_time_are_not_both_true():
    frames = [emg_frame(i) for i in range(200)]
    arrival_s = [0.5 + (i + 1) * PERIOD_S for i in range(200)]
    frames += [emg_frame(i, run=9) for i in range(50, 100)]
    arrival_s += arrival_s[50:100]
    record = assemble_pod(pod(frames, arrival_s), 0)
    assert record.boots == 1
    assert record.frames_bad == 50
    assert record.emg.index.tolist() == list(range(200 * FULL))


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
