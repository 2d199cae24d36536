"""The live view: what it says now, whatever order frames come in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glutesym import wire
from glutesym.analysis.quality import LEAD_OFF
from glutesym.assemble import assemble_recording
from glutesym.capture_run import PodInput
from glutesym.gui.peaks import PeakHold
from glutesym.live import LiveEngine
from glutesym.live_bar import ENVELOPE_S
from glutesym.measures import SIDES
from glutesym.pipeline import measure_set
from glutesym.scale import SharedScale
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.wording import alert_text
from scenario_recording import record

T0_NS = 5_000_000_000
LSB_PV = 48_081
FULL = wire.EMG_PER_FRAME
INFO = {"emg": {"rate_sps": 2000}}
SCENARIO = build_scenario("bridge", seed=12, reps=9)
RECORDING = record(SCENARIO)


@dataclass(frozen=True)
class Made:
    """A frame in the pod's log."""

    made_s: float
    seq: int
    frame: bytes

    def sent(self, arrival_s: float, number: int = 0) -> tuple[int, bytes]:
        """Return the frame as it arrives, 10 ms after it was sent."""
        frame = bytearray(self.frame)
        wire.stamp(frame, number & 255, ticks_us(arrival_s - 0.01))
        return T0_NS + round(arrival_s * 1e9), bytes(frame)


def ticks_us(time_s: float) -> int:
    return round(1_072_000_000 + time_s * 1e6 * (1 + 3e-5)) % wire.TICKS_PERIOD_US


def frames_of(pod, run: int = 7, oldest_seq: int = 0) -> list[Made]:
    """Return what a pod's firmware makes of one side of a recording."""
    made: list[tuple[float, int, int]] = []
    emg, imu = pod.emg, pod.imu
    late_s = 1.5 / emg.fs_hz  # of the front end's filter
    made += [
        (emg.time_s[end - 1] + late_s, wire.EMG, end - FULL)
        for end in range(FULL, len(emg.time_s) + 1, FULL)
    ]
    made += [
        (imu.time_s[end - 1], wire.IMU, end - wire.IMU_PER_FRAME)
        for end in range(wire.IMU_PER_FRAME, len(imu.time_s) + 1, wire.IMU_PER_FRAME)
    ]
    made += [(t, wire.STATUS, 0) for t in np.arange(0.4, emg.time_s[-1], 0.5).tolist()]
    counts = np.rint(emg.uv * 1e6 / LSB_PV).astype(np.int64)
    motion = np.hstack([imu.accel_g / 122e-6, imu.gyro_dps / 0.07])
    motion = np.rint(motion).clip(-32768, 32767).astype("<i2")
    frames = []
    for seq, (made_s, kind, first) in enumerate(sorted(made)):
        frame = bytearray(wire.FRAME_BYTES)
        at_us = ticks_us(made_s)
        if kind == wire.EMG:
            end = first + FULL
            lead_off = int(emg.lead_off[first:end].any())
            block = counts[first:end].tolist()
            wire.encode_emg(
                frame, run, seq, first, end, at_us, 0, lead_off, LSB_PV, block, FULL
            )  # fmt: skip
        elif kind == wire.IMU:
            end = first + wire.IMU_PER_FRAME
            data = motion[first:end].tobytes()
            wire.encode_imu(
                frame, run, seq, first, end, at_us, 0, 0, 0, 0, 0, 0, 122, 7000, data,
                wire.IMU_PER_FRAME,
            )  # fmt: skip
        else:
            values = dict.fromkeys(wire.STATUS_NAMES, 0) | {
                "run": run,
                "seq": seq,
                "ticks_us": at_us,
                "battery_pct": 80 << 8,
                "emg_captured": int(np.searchsorted(emg.time_s + late_s, made_s)),
                "frames_made": seq,
                "oldest_seq": min(oldest_seq, seq),
                "log_capacity": 30_000,
            }
            wire.encode_status(frame, list(values.values()))
        frames.append(Made(made_s, seq, bytes(frame)))
    return frames


def in_order(frames: list[Made]) -> list[tuple[int, bytes]]:
    return [made.sent(made.made_s + 0.02, made.seq) for made in frames]


def after_outage(
    frames: list[Made], start_s: float, end_s: float, per_s: float = 60.0
) -> list[tuple[int, bytes]]:
    """Return frames as they arrive when the link is gone for a while: live ones come first."""
    missed = [made for made in frames if start_s <= made.made_s < end_s]
    live = [made for made in frames if not start_s <= made.made_s < end_s]
    arrivals = in_order(live)
    arrivals += [made.sent(end_s + 0.5 + i / per_s) for i, made in enumerate(missed)]
    return sorted(arrivals)


MADE = {side: frames_of(RECORDING.pods[side]) for side in SIDES}


class Player:
    """Plays arrivals to a live engine as time goes by."""

    def __init__(self, arrivals, info=INFO) -> None:
        self.engine = LiveEngine(T0_NS)
        self.arrivals = {side: list(frames) for side, frames in arrivals.items()}
        self.played = dict.fromkeys(arrivals, 0)
        for side in arrivals:
            self.engine.set_pod(side, True, info)
        self.engine.set_phase("recording")
        self.now_s = 0.0

    def until(self, end_s: float, step_s: float = 0.1):
        """Play up to a moment, with updates on the way; returns the state then."""
        state = self.engine.snapshot()
        while self.now_s < end_s - 1e-9:
            self.now_s = min(self.now_s + step_s, end_s)
            now_ns = T0_NS + round(self.now_s * 1e9)
            for side, frames in self.arrivals.items():
                while self.played[side] < len(frames) and frames[self.played[side]][0] <= now_ns:
                    self.engine.add_frame(side, *frames[self.played[side]])
                    self.played[side] += 1
            state = self.engine.update(now_ns)
        return state

    def end(self):
        """End the session."""
        self.until(SCENARIO.duration_s + 1)
        self.engine.set_phase("ended")
        return self.engine.update(T0_NS + round(self.now_s * 1e9), final=True)


def offline(arrivals):
    """Return what the analysis of the stored frames says."""
    none = np.empty(0, np.int64)
    pods = [
        PodInput(
            side,
            np.array([t for t, _ in frames], np.int64),
            np.frombuffer(b"".join(f for _, f in frames), np.uint8).reshape(-1, wire.FRAME_BYTES),
            none,
            none,
            INFO,
        )
        for side, frames in arrivals.items()
    ]
    recording = assemble_recording(pods, T0_NS)
    return recording, measure_set(recording)


def assert_says_what_the_analysis_says(state, measures) -> None:
    assert len(state.reps) == len(measures.reps)
    for seen, measured in zip(state.reps, measures.reps, strict=True):
        assert seen.start_s == pytest.approx(measured.start_s, abs=0.03)
        assert seen.symmetry_index_pct == pytest.approx(measured.symmetry_index_pct, abs=1.5)
        assert seen.lag_ms == pytest.approx(measured.lag_ms, abs=4)


def test_the_bar_and_its_envelope_show_now():
    player = Player({side: in_order(MADE[side]) for side in SIDES})
    true = SCENARIO.truth.reps[2]
    middle_s = (true.start_s + true.end_s) / 2
    for side, live in player.until(middle_s).sides.items():
        assert live.activation_uv == pytest.approx(true.activation_uv[side], rel=0.35)
        assert live.envelope_uv[-1] == pytest.approx(live.activation_uv, rel=0.2)
        assert middle_s - 0.15 < live.envelope_time_s[-1] < middle_s
        assert live.envelope_time_s[0] == pytest.approx(middle_s - ENVELOPE_S, abs=0.2)
        assert live.peak_uv >= live.activation_uv
        assert live.samples_lost == live.samples_waiting == 0
        assert live.battery_pct == 80


def test_no_bar_while_the_newest_sample_is_old_however_many_older_ones_arrive():
    arrivals = after_outage(MADE["left"], 10, 14)
    player = Player({"left": arrivals, "right": in_order(MADE["right"])})
    assert np.isfinite(player.until(11.2).sides["left"].activation_uv)
    silent = player.until(13.5).sides
    assert np.isnan(silent["left"].activation_uv)
    assert "1.5 s" in silent["left"].reason
    assert np.isfinite(silent["right"].activation_uv)
    old = [made.sent(13.5) for made in MADE["left"] if 10 <= made.made_s < 11]
    for t_ns, frame in old:
        player.engine.add_frame("left", t_ns, frame)
    assert np.isnan(player.until(13.6).sides["left"].activation_uv)


def test_after_an_outage_the_bar_is_live_and_the_hole_is_filled_later():
    arrivals = {
        "left": after_outage(MADE["left"], 12, 17, per_s=50),
        "right": in_order(MADE["right"]),
    }
    player, undisturbed = Player(arrivals), Player({s: in_order(MADE[s]) for s in SIDES})
    live = player.until(17.8).sides["left"]  # the fetching has just begun
    whole = undisturbed.until(17.8).sides["left"]
    assert live.activation_uv == pytest.approx(whole.activation_uv, rel=1e-3)
    in_hole = (live.envelope_time_s > 12.5) & (live.envelope_time_s < 16.5)
    assert in_hole.sum() == pytest.approx(200, abs=3)
    assert np.isnan(live.envelope_uv[in_hole]).all()
    assert live.samples_lost == 0
    assert 8000 < live.samples_waiting < 10_500

    live, whole = player.until(21.6).sides["left"], undisturbed.until(21.6).sides["left"]
    assert live.samples_waiting == live.samples_lost == 0
    assert live.samples_received == whole.samples_received
    assert live.envelope_time_s == pytest.approx(whole.envelope_time_s, abs=0.005)
    assert live.envelope_uv == pytest.approx(whole.envelope_uv, rel=0.02, nan_ok=True)
    assert np.isfinite(live.envelope_uv).all()


@pytest.mark.parametrize("lost_s", [0.1, 1.0, 3.0])
def test_a_gap_empties_the_bar_with_the_reason_until_the_filter_has_settled(lost_s):
    """The electrodes' offset of 8 mV does not ring into what is shown next."""
    end_s = 14.0 + lost_s
    arrived = [made for made in MADE["left"] if not 14.0 <= made.made_s < end_s]
    arrivals = {"left": in_order(arrived), "right": in_order(MADE["right"])}
    player, undisturbed = Player(arrivals), Player({s: in_order(MADE[s]) for s in SIDES})
    live = player.until(end_s + 0.2, step_s=0.05).sides["left"]
    assert np.isnan(live.activation_uv)
    assert live.envelope_time_s[-1] == pytest.approx(end_s + 0.1, abs=0.1)
    assert "missing" in live.reason
    assert alert_text(live, "recording") == "Data missing"
    assert np.isfinite(player.engine.snapshot().sides["right"].activation_uv)
    peak_uv = live.peak_uv
    for now_s in np.arange(end_s + 0.6, end_s + 2, 0.1):
        live = player.until(now_s).sides["left"]
        whole = undisturbed.until(now_s).sides["left"]
        assert live.activation_uv == pytest.approx(whole.activation_uv, rel=0.01)
        assert live.reason == alert_text(live, "recording") == ""
    assert live.peak_uv < max(peak_uv, whole.peak_uv) * 1.01


def test_what_is_measured_without_an_electrode_is_not_shown_as_activity():
    pod = RECORDING.pods["left"]
    off = (pod.emg.time_s > 14) & (pod.emg.time_s < 15)
    uv = np.where(off, 100e3 * np.sin(2 * np.pi * 50 * pod.emg.time_s), pod.emg.uv)
    frames = frames_of(replace(pod, emg=replace(pod.emg, lead_off=off, uv=uv)))
    player = Player({"left": in_order(frames), "right": in_order(MADE["right"])})
    before = player.until(13.9).sides["left"]
    live = player.until(14.8).sides["left"]
    assert live.lead_off
    assert np.isnan(live.activation_uv)
    assert alert_text(live, "recording") == "Electrode off"
    live = player.until(15.8).sides["left"]
    assert np.isfinite(live.activation_uv)
    assert live.peak_uv < 2 * before.peak_uv


def test_an_electrode_that_comes_off_spoils_neither_peak_nor_scale_nor_envelope():
    """It drifts off before the pod sees it, clips, hums, and settles when it is back on."""
    pod = RECORDING.pods["left"]
    time_s = pod.emg.time_s
    drifts, off = (time_s > 13.95) & (time_s < 14), (time_s >= 14) & (time_s < 15)
    uv = np.where(drifts, pod.emg.uv + 4e6 * (time_s - 13.95), pod.emg.uv)
    uv = np.where(off, 400e3 + 1500 * np.sin(2 * np.pi * 50 * time_s), uv)
    uv = np.where(time_s >= 15, uv + 400e3 * np.exp(-(time_s - 15) / 0.15), uv)
    frames = frames_of(replace(pod, emg=replace(pod.emg, lead_off=off, uv=uv)))
    right = in_order(MADE["right"])
    player = Player({"left": in_order(frames), "right": right})
    undisturbed = Player({"left": in_order(MADE["left"]), "right": right})
    scale, calm_scale, holds = SharedScale(), SharedScale(), PeakHold()
    holds.forget()
    alerts, lights = [], []
    for now_s in np.arange(13.0, 18.0, 0.05):
        state, calm = player.until(now_s, step_s=0.05), undisturbed.until(now_s, step_s=0.05)
        live, whole = state.sides["left"], calm.sides["left"]
        alerts.append(alert_text(live, "recording"))
        lights.append((live.light, live.light_reason))
        scale.grow_to_fit(state)
        calm_scale.grow_to_fit(calm)
        assert scale.top == calm_scale.top
        assert live.peak_uv <= whole.peak_uv
        assert not holds.seen(state).sides["left"].peak_uv > whole.peak_uv
        missing = np.isnan(live.envelope_uv)
        at_s = live.envelope_time_s[missing]
        assert np.all((at_s > 13.75) & (at_s < 15.55))
        if now_s > 14.2:
            assert missing.any()
            assert live.envelope_uv[~missing] == pytest.approx(
                whole.envelope_uv[~missing], rel=0.02
            )
            low_uv, high_uv = np.nanmin(live.trace_low_uv), np.nanmax(live.trace_high_uv)
            assert low_uv > 1.2 * np.nanmin(whole.trace_low_uv)
            assert high_uv < 1.2 * np.nanmax(whole.trace_high_uv)
    assert [text for text, _ in groupby(alerts)] == ["", "Electrode off", ""]
    off = [alert == "Electrode off" for alert in alerts]
    assert {light for light, now in zip(lights, off, strict=True) if now} == {("red", LEAD_OFF)}
    assert all(light == "green" for light, _ in lights[: off.index(True)])


def test_older_frames_do_not_move_the_bar():
    player = Player({"left": after_outage(MADE["left"], 12, 17), "right": []})
    before = player.until(17.4).sides["left"]
    for made in MADE["left"]:
        if 12 <= made.made_s < 17:
            player.engine.add_frame("left", *made.sent(17.4))
    player.engine._next_measure_ns = 1 << 62  # the frames alone, nothing decoded anew
    after = player.engine.update(T0_NS + round(17.4e9)).sides["left"]
    assert after.activation_uv == before.activation_uv
    assert after.envelope_time_s.tolist() == before.envelope_time_s.tolist()
    assert after.samples_received > before.samples_received


@pytest.mark.parametrize(("start_s", "end_s"), [(14.0, 22.0), (20.5, 21.0)])
def test_repetitions_in_an_outage_are_measured_when_their_samples_are_there(start_s, end_s):
    arrivals = {
        "left": after_outage(MADE["left"], start_s, end_s),
        "right": in_order(MADE["right"]),
    }
    recording, measures = offline(arrivals)
    assert recording.pods["left"].samples_lost == 0
    assert_says_what_the_analysis_says(Player(arrivals).end(), measures)


def test_an_outage_of_both_sides_is_made_up_for():
    arrivals = {side: after_outage(MADE[side], 14, 20) for side in SIDES}
    _, measures = offline(arrivals)
    assert len(measures.reps) == 9
    assert_says_what_the_analysis_says(Player(arrivals).end(), measures)


def test_what_never_comes_is_waited_for_twenty_seconds():
    missing = [made for made in MADE["left"] if not 14 <= made.made_s < 15]
    player = Player({"left": in_order(missing), "right": in_order(MADE["right"])})
    state = player.until(33)
    assert all(rep.end_s < 14.5 for rep in state.reps)
    assert state.sides["left"].samples_waiting == pytest.approx(2000, rel=0.1)
    state = player.until(37)
    (withheld,) = [rep for rep in state.reps if rep.start_s < 14.5 < rep.end_s]
    assert withheld.left.reason == "not fetched from the pod (1.0 s missing)"
    assert withheld.excluded
    assert state.summary.excluded == (("not fetched from the pod", 1),)
    assert withheld.symmetry_index_pct is None
    assert state.reps[-1].symmetry_index_pct is not None


def test_a_pod_that_stays_away_does_not_hold_up_the_other_for_ever():
    gone = [made for made in MADE["left"] if made.made_s < 15]
    player = Player({"left": in_order(gone), "right": in_order(MADE["right"])})
    assert player.until(34).reps[-1].end_s < 16
    state = player.until(38)
    assert state.time_s - state.reps[-1].end_s < 8
    assert "does not cover" in state.reps[-1].left.reason
    assert state.reps[-1].right.onset_s is not None


def test_what_the_pod_has_forgotten_is_lost():
    frames = [made for made in frames_of(RECORDING.pods["left"], oldest_seq=400)]
    arrived = [made for made in frames if not 200 <= made.seq < 300]
    live = Player({"left": in_order(arrived)}).until(20).sides["left"]
    missing = sum(made.frame[0] == wire.EMG for made in frames[200:300]) * FULL
    assert live.samples_waiting == 0
    assert live.samples_lost == missing > 0


def test_at_the_end_everything_that_is_missing_is_lost():
    end_s = SCENARIO.duration_s
    frames = MADE["left"]
    arrived = [made for made in frames if not (12 <= made.made_s < 13 or made.made_s > end_s - 2)]
    last = [made for made in frames if made.frame[0] == wire.STATUS][-1]
    arrivals = {"left": in_order([*arrived, last])}
    live = Player(arrivals).end().sides["left"]
    recording, _ = offline(arrivals)
    pod = recording.pods["left"]
    assert live.samples_waiting == 0
    assert live.samples_received == pod.samples_received
    assert live.samples_lost == pod.samples_lost
    assert live.samples_lost == pytest.approx(3 * 2000, rel=0.1)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_counts_do_not_depend_on_order_repeats_or_splits(seed):
    random = np.random.default_rng(seed)
    frames = [made for made in MADE["left"] if made.made_s < 12]
    repeats = random.integers(0, len(frames), 40).tolist()
    order = [frames[i] for i in random.permutation([*range(len(frames)), *repeats])]
    engine = LiveEngine(T0_NS)
    engine.set_pod("left", True, INFO)
    for i, made in enumerate(order):
        engine.add_frame("left", *made.sent(12 + i * 0.001, i))
        if random.random() < 0.05:
            engine.update(T0_NS + round(1e9 * (12 + i * 0.001)))
    state = engine.update(T0_NS + round(13e9), final=True)
    live = state.sides["left"]
    emg_frames = sum(made.frame[0] == wire.EMG for made in frames)
    assert live.samples_received == emg_frames * FULL
    assert live.samples_lost == live.samples_waiting == 0
    assert live.envelope_time_s[-1] == pytest.approx(frames[-1].made_s, abs=0.2)


def test_a_restarted_pod_counts_anew_and_keeps_what_it_had():
    first = [made for made in MADE["left"] if made.made_s < 8]
    again = frames_of(RECORDING.pods["left"], run=9)
    arrivals = in_order(first)
    for made in again:
        if made.made_s < 6:
            frame = bytearray(made.frame)
            wire.stamp(frame, 0, ticks_us(made.made_s))
            arrivals.append((T0_NS + round((made.made_s + 12) * 1e9), bytes(frame)))
    live = Player({"left": arrivals}).until(17.5).sides["left"]
    assert live.samples_lost == 0
    assert live.samples_received == pytest.approx(13.4 * 2011, rel=0.02)
    assert np.isfinite(live.activation_uv)


def test_a_pod_of_1000_samples_a_second_is_shown_and_measured():
    """Every second sample of a front end whose filter lets 262 Hz through at this rate."""
    from scipy import signal

    pods = {}
    for side, pod in RECORDING.pods.items():
        low = signal.butter(2, 0.262, fs=2.0, output="sos")
        emg = pod.emg
        slow = replace(
            emg,
            fs_hz=emg.fs_hz / 2,
            time_s=emg.time_s[::2],
            uv=signal.sosfiltfilt(low, emg.uv)[::2],
            lead_off=emg.lead_off[::2],
        )
        pods[side] = replace(pod, emg=slow)
    arrivals = {side: in_order(frames_of(pods[side])) for side in SIDES}
    player = Player(arrivals, {"emg": {"rate_sps": 1000}})
    live = player.until(20).sides["left"]
    assert len(live.envelope_uv) == pytest.approx(500, abs=2)
    assert np.isfinite(live.envelope_uv).all()
    assert live.envelope_time_s[0] == pytest.approx(10, abs=0.2)
    state = player.end()
    assert len(state.reps) == 9
    truth = SCENARIO.truth
    assert state.summary.symmetry_index_pct.value == pytest.approx(truth.symmetry_index_pct, abs=5)
    assert np.mean([rep.lag_ms for rep in state.reps]) == pytest.approx(truth.lag_ms, abs=10)


def test_what_is_kept_is_bounded_and_nonsense_does_no_harm():
    player = Player({"left": in_order(MADE["left"])})
    random = np.random.default_rng(3)
    for side in SIDES:
        for i in range(3000):
            body = bytearray(random.bytes(wire.FRAME_BYTES))
            body[0] = (wire.EMG, wire.IMU, wire.STATUS)[i % 3]
            body[wire.EMG_DATA_OFFSET - 12] = 60
            player.engine.add_frame(side, T0_NS + i, bytes(body))
        player.engine.add_frame(side, T0_NS, b"short")
    state = player.until(15)
    assert np.isfinite(state.sides["left"].activation_uv)
    pod = player.engine._pods["left"]
    for number in range(20_000):
        player.engine.add_probe("left", number, T0_NS)
        player.engine.add_frame("left", T0_NS, MADE["left"][0].frame)
    assert len(pod.probes) < 1000
    assert len(pod.inbox) < 20_000
    player.now_s = 15 + 600
    player.engine.update(T0_NS + round(player.now_s * 1e9))
    assert len(pod.rows) < 100
