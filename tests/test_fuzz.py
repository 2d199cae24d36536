"""Hostile input, a small helping; benchmarks/fuzz.py pours in more."""

from __future__ import annotations

import struct
import tracemalloc
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glutesym import wire
from glutesym.live import LiveEngine
from glutesym.session.pod_stream import PodStream
from glutesym.session.writer import SessionWriter
from hostile_frames import Session, attack_host, hostile_frames
from hostile_writes import attack_pod
from process_memory import traced_mib


def test_hostile_frames_do_the_host_no_harm(tmp_path):
    frames = hostile_frames(np.random.default_rng(5), 4000)
    tracemalloc.start()
    try:
        host = attack_host(tmp_path, frames, 500, traced_mib)
    finally:
        tracemalloc.stop()
    assert 800 < host.refused < 2400
    assert host.longest_intake_s < 20
    assert host.longest_update_s < 20  # nothing hangs; benchmarks/fuzz.py measures
    assert host.mib[-1] - host.mib[len(host.mib) // 2] < 4
    left = host.analyzed.recording.pods["left"]
    assert left.frames_bad > host.refused // 2
    assert host.analyzed.recording.duration_s < 3600


def test_hostile_writes_do_a_pod_no_harm():
    pod = attack_pod(np.random.default_rng(5), 500, heap_bytes=3_000_000)
    assert pod.strangers > 100
    assert pod.owners > 100
    assert pod.resets == 0
    assert pod.console == ""
    assert pod.last["task_errors"] == pod.last["heap_faults"] == 0
    assert pod.last["bad_commands"] > 200
    assert pod.last["wrong_proofs"] > 0
    assert pod.samples > 2.5 * 2000


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "s.glutesym"
    now = datetime.now(UTC)
    with SessionWriter(
        path, exercise="x", started_utc=now, started_host_ns=0, host_clock="none"
    ) as writer:
        writer.add_pod("left", "C4:00:00:00:00:01", {})
        yield writer


def frame(kind: int, run: int, seq: int, oldest: int, state: int) -> bytes:
    made = bytearray(wire.FRAME_BYTES)
    made[0] = kind
    struct.pack_into("<HI", made, wire.RUN_OFFSET, run, seq)
    if kind == wire.STATUS:
        struct.pack_into("<I", made, wire.OLDEST_OFFSET, oldest)
        made[wire.STATE_OFFSET] = state
    else:
        made[struct.calcsize(wire.HEADER_FORMAT) + 12] = 1
    return bytes(made)


NUMBERS = st.integers(0, 40) | st.integers(0, (1 << 32) - 1)
FRAMES = st.builds(
    frame,
    st.sampled_from([wire.EMG, wire.IMU, wire.STATUS]),
    st.sampled_from([1, 1, 1, 2]),
    NUMBERS,
    NUMBERS,
    st.integers(0, 2),
)


def follow(writer, arrivals):
    """Have a stream take in what arrives; returns the stream."""
    stream = PodStream(Session(writer, LiveEngine(0)), "left")
    stream._pod_id = 1
    for t_ns, arrived in enumerate(arrivals):
        stream._on_frame(t_ns, arrived)
        stream._drain()
    return stream


@given(st.lists(FRAMES | st.binary(max_size=300), max_size=60))
@settings(max_examples=300, deadline=None)
def test_whatever_arrives_is_accounted_for(writer, arrivals):
    counts = follow(writer, arrivals).counts
    assert counts.frames + counts.bad == len(arrivals)
    assert sum(counts.reasons.values()) == counts.bad
    assert 0 <= counts.repeats <= counts.frames
    assert counts.missing >= 0
    assert counts.lost >= 0


@given(st.permutations(range(30)), st.lists(st.integers(0, 29), max_size=10), st.integers(0, 40))
@settings(max_examples=300, deadline=None)
def test_nothing_is_acknowledged_that_has_not_arrived(writer, order, never, oldest):
    """Frames come in any order, some of them never; at last a status tells what is left."""
    arrivals = [number for number in order if number not in never]
    stream = follow(writer, [frame(wire.EMG, 1, number, 0, 0) for number in arrivals])
    missing = set(range(max(arrivals, default=-1) + 1)) - set(arrivals)
    assert stream.counts.missing == len(missing)
    assert stream._sequence.complete == min(missing, default=max(arrivals, default=-1) + 1)
    assert stream.counts.lost == 0
    stream._on_frame(99, frame(wire.STATUS, 1, 30, oldest, wire.STATE_IDLE))
    stream._drain()
    missing = set(range(30)) - set(arrivals)
    gone = {number for number in missing if number < oldest}
    assert stream.counts.lost == len(gone)
    assert stream.counts.missing == len(missing - gone)
    assert stream._finished.is_set() == (missing == gone)
