"""What is carried on frame by frame is what is put together anew; what does not follow is seen."""

from __future__ import annotations

import numpy as np
import pytest

from glutesym.live_pod import LivePod
from glutesym.live_recording import LiveRecording
from glutesym.measures import SIDES
from test_live import INFO, MADE, T0_NS, in_order


class Played:
    """Both pods' frames as they arrive."""

    def __init__(self, arrivals):
        self.pods = {side: LivePod(info=INFO) for side in arrivals}
        self.left = {side: list(frames) for side, frames in arrivals.items()}
        self.recorded = LiveRecording(T0_NS, "bridge")
        self.anew_s = []

    def until(self, end_s, from_s=0.1, step_s=0.1):
        """Play up to a moment; returns the recording then."""
        for now_s in np.arange(from_s, end_s + 1e-9, step_s):
            now_ns = T0_NS + round(now_s * 1e9)
            for side, pod in self.pods.items():
                frames = self.left[side]
                while frames and frames[0][0] <= now_ns:
                    pod.inbox.append(frames.pop(0))
                pod.take_in(T0_NS, now_ns)
            self.recorded.carry_on({side: pod.fresh() for side, pod in self.pods.items()})
            newest_ns = {side: pod.rows[-1][0] for side, pod in self.pods.items() if pod.rows}
            if self.recorded.is_due(newest_ns, now_ns):
                self.anew_s.append(float(now_s))
                self.anew(now_s)
        return self.recorded.now

    def anew(self, now_s):
        """Put everything together anew; returns the recording then."""
        inputs = [pod.input(side) for side, pod in self.pods.items() if pod.rows]
        self.recorded.put_together(inputs, T0_NS + round(now_s * 1e9))
        return self.recorded.now


def arrivals(gone=lambda made: False):
    left = [made for made in MADE["left"] if not gone(made)]
    return {"left": in_order(left), "right": in_order(MADE["right"])}


@pytest.mark.parametrize("end_s", [3.3, 29.9, 31.6])
def test_what_is_carried_on_is_what_is_put_together_anew(end_s):
    played = Played(arrivals())
    grown = played.until(end_s)
    anew = played.anew(end_s)
    for side in SIDES:
        a, b = grown.pods[side], anew.pods[side]
        for name in ("uv", "index", "lead_off", "clipped"):
            assert np.array_equal(getattr(a.emg, name), getattr(b.emg, name))
        assert np.array_equal(a.imu.accel_g, b.imu.accel_g)
        assert np.array_equal(a.imu.gyro_dps, b.imu.gyro_dps)
        for x, y in ((a.emg, b.emg), (a.imu, b.imu)):
            assert np.abs(x.time_s - y.time_s).max() < 2e-3
            assert np.all(np.diff(x.time_s) > 0)
        assert [gap.samples for gap in a.gaps] == [gap.samples for gap in b.gaps]
    assert grown.duration_s == pytest.approx(anew.duration_s, abs=2e-3)


def test_all_is_put_together_anew_more_and_more_seldom():
    played = Played(arrivals())
    played.until(40)
    pauses_s = np.diff(played.anew_s)
    assert pauses_s.min() > 0.45
    assert pauses_s[-1] > 3
    assert len(played.anew_s) < 40


def test_a_recording_is_another_one_only_when_there_is_something_new():
    played = Played(arrivals(lambda made: made.made_s > 10))
    played.left["right"] = [f for f in played.left["right"] if f[0] < T0_NS + 10e9]
    before = played.until(12)
    assert played.until(12.4, from_s=12.1) is before


def test_a_gap_and_what_fills_it_are_seen_within_half_a_second():
    played = Played(arrivals(lambda made: 14 <= made.made_s < 15))
    played.until(15.6)
    emg = played.recorded.now.pods["left"].emg
    assert not played.recorded.behind
    assert np.isnan(emg.uv).sum() == pytest.approx(2000, rel=0.1)
    assert emg.time_s[-1] > 15
    late = [made.sent(15.7, made.seq) for made in MADE["left"] if 14 <= made.made_s < 15]
    played.left["left"] = sorted([*late, *played.left["left"]])
    played.until(16.4, from_s=15.7)
    emg = played.recorded.now.pods["left"].emg
    assert not played.recorded.behind
    assert np.isfinite(emg.uv).all()
    assert np.array_equal(emg.uv, played.anew(16.4).pods["left"].emg.uv)


def test_while_something_is_missing_from_it_it_says_so():
    played = Played(arrivals())
    played.until(20)
    played.recorded._next_anew_ns = 1 << 62
    seen = played.recorded.now
    played.left["left"] = [frame for frame in played.left["left"] if frame[0] > T0_NS + 20.3e9]
    assert played.until(20.9, from_s=20.1).pods["left"] is not None
    assert played.recorded.behind
    assert played.recorded.now.pods["left"].emg.time_s[-1] < 20.4
    assert seen.pods["left"].emg.time_s[-1] <= played.recorded.now.pods["left"].emg.time_s[-1]
