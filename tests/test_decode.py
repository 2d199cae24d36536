"""Frames to arrays: what is a frame, whose it is, and what a status says in words."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym import wire
from glutesym.decode import (
    LossReasons,
    check_frame,
    emg_counts,
    problem_texts,
    split_frames,
    split_runs,
    without_repeats,
)
from glutesym.errors import FrameError


def emg_frame(samples: list[int], run: int = 7, seq: int = 0, first: int = 0) -> bytes:
    frame = bytearray(wire.FRAME_BYTES)
    end = first + len(samples)
    wire.encode_emg(
        frame, run, seq, first, end, 77, 0, 0, 48_081, array("i", samples), len(samples)
    )
    return bytes(frame)


def status_frame(run: int = 7, seq: int = 5, **values: int) -> bytes:
    frame = bytearray(wire.FRAME_BYTES)
    told = {"run": run, "seq": seq, "frames_made": seq, **values}
    wire.encode_status(frame, [told.get(name, 0) for name in wire.STATUS_NAMES])
    return bytes(frame)


def split(*frames: bytes):
    return split_frames(np.frombuffer(b"".join(frames), np.uint8).reshape(-1, wire.FRAME_BYTES))


def status(**values: int) -> np.void:
    return split(status_frame(**values)).status[0]


def statuses(*told: dict[str, int]) -> np.ndarray:
    return split(*(status_frame(**values) for values in told)).status


@given(st.lists(st.integers(-(1 << 23), (1 << 23) - 1), min_size=1, max_size=wire.EMG_PER_FRAME))
def test_counts_come_back_within_the_step_of_their_block(samples):
    record = split(emg_frame(samples)).emg
    counts = emg_counts(record)[0, : len(samples)]
    step = 1 << int(record["shift"][0])
    assert np.all(np.abs(counts - np.array(samples)) < step)
    assert step == 1 or max(samples) - min(samples) > 65_535


def test_frames_are_sorted_by_kind_and_know_their_row():
    frames = split(emg_frame([1]), status_frame(), bytes(wire.FRAME_BYTES), emg_frame([2, 3]))
    assert frames.emg["count"].tolist() == [1, 2]
    assert frames.emg_row.tolist() == [0, 3]
    assert frames.status_row.tolist() == [1]
    assert frames.bad == 1


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "length 0"),
        (bytes([wire.EMG & 15 | 1 << 4]) + bytes(wire.FRAME_BYTES - 1), "protocol version 1"),
        (bytes([wire.EMG | 15]) + bytes(wire.FRAME_BYTES - 1), "unknown kind 15"),
        (bytes([wire.EMG]) + bytes(wire.FRAME_BYTES - 1), "0 samples"),
    ],
)
def test_what_is_no_frame_is_named(frame, reason):
    with pytest.raises(FrameError, match=reason):
        check_frame(frame)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 30)), max_size=60))
def test_runs_are_sorted_out_whatever_order_they_come_in(sent):
    frames = split(
        *(
            status_frame(run, seq) if seq % 3 == 0 else emg_frame([seq], run, seq, 100 * seq)
            for run, seq in sent
        )
    )
    runs = split_runs(frames)
    sizes = [len(run.emg) + len(run.status) for run in runs]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == len(sent)
    for run in runs:
        (number,) = {*run.emg["run"].tolist(), *run.status["run"].tolist()}
        arrived = [(row, seq) for row, (r, seq) in enumerate(sent) if r == number]
        assert run.emg_row.tolist() == [row for row, seq in arrived if seq % 3]
        assert run.emg["seq"].tolist() == [seq for _, seq in arrived if seq % 3]
        assert run.status_row.tolist() == [row for row, seq in arrived if seq % 3 == 0]
        kept = run.emg["seq"][without_repeats(run.emg)].tolist()
        assert kept == sorted({seq for _, seq in arrived if seq % 3})


def test_frames_that_contradict_themselves_belong_to_no_run():
    anchor = bytearray(emg_frame([1]))
    anchor[16:20] = (200_000).to_bytes(4, "little")
    assert split(bytes(anchor)).emg["anchor_index"].tolist() == [200_000]
    frames = split(bytes(anchor), status_frame(frames_made=900), status_frame(oldest_seq=6))
    assert split_runs(frames) == []


def test_only_as_many_runs_as_a_pod_can_start_are_kept_the_largest_ones():
    frames = split(
        *(emg_frame([i], run, i, i) for run in range(1, 201) for i in range(1 + run % 3))
    )
    runs = split_runs(frames)
    assert len(runs) == 100
    assert {len(run.emg) for run in runs} == {2, 3}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ""),
        ({"error": wire.ERROR_USB_POWER | wire.ERROR_IMU_CHIP}, "on USB power"),
        ({"emg_misread": 9, "emg_captured": 100}, ""),
        ({"emg_misread": 50, "emg_captured": 2_000_000}, ""),
        ({"emg_misread": 50, "emg_captured": 20_000}, "garbled"),
        ({"longest_step_ms": 1700}, ""),
        ({"longest_step_ms": 1900}, "busy for 1.9 s"),
        ({"seq": 27_500, "oldest_seq": 500, "log_capacity": 30_000}, ""),
        ({"seq": 27_600, "oldest_seq": 500, "log_capacity": 30_000}, "memory is almost full"),
    ],
)
def test_a_status_is_put_into_words(values, words):
    texts = problem_texts(status(**values))
    assert bool(texts) == bool(words)
    if words:
        assert words in texts[0]


def test_every_error_bit_has_its_words():
    bits = [value for name, value in vars(wire).items() if name.startswith("ERROR_")]
    texts = [text for bit in bits for text in problem_texts(status(error=bit))]
    assert len(set(texts)) == len(bits)
    assert problem_texts(status(error=sum(bits))) == [
        text
        for bit in sorted(bits, key=lambda bit: bit != wire.ERROR_USB_POWER)
        for text in problem_texts(status(error=bit))
    ]


def test_reasons_follow_what_the_pod_counted_when():
    arrived = np.array([*range(10), *range(20, 30), *range(40, 50), *range(51, 60)])
    told = statuses(
        {"seq": 5},
        {"seq": 28, "oldest_seq": 18, "frames_dropped": 18},
        {"seq": 45, "oldest_seq": 45, "frames_dropped": 18, "emg_misread": 1},
        {"seq": 58, "oldest_seq": 55, "frames_dropped": 18, "emg_misread": 1},
    )
    why = LossReasons(told, arrived)
    assert why(9, 20) == "the pod's memory was full"
    assert why(29, 40) == "samples lost"  # acknowledged, or still there when the record ended
    assert why(49, 51) == "samples lost"
    assert why(41, 43) == "the front end's data were garbled"
    assert why(53, 54) == "the pod was too busy"
