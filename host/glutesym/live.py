"""The live side: frames in, snapshots out.

The last stretch of frames is kept and decoded by the same functions that decode a stored session;
a repetition is measured by the same function, too. Only the bars have their own, causal filters.

After an outage a pod sends live frames first, and older ones as they are asked for. The bars
follow the live ones; twice a second the decoded stretch takes over, older frames in their places.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.analysis.asymmetry import summarize
from glutesym.analysis.movement_phase import PhaseFollower
from glutesym.analysis.signal_check import SignalCheck, check_signal
from glutesym.assemble import IMU_NOMINAL_HZ, PodInput, assemble_recording, emg_nominal_hz
from glutesym.decode import emg_counts, problem_texts, split_frames
from glutesym.live_clock import KeptClocks
from glutesym.live_state import LiveState, RunAccount, SideLive
from glutesym.measures import SIDES, RepMeasure, SetSummary, Side
from glutesym.pipeline import RING_S, LiveEnvelope, RepMeter
from glutesym.recording import EmgRecord, Recording

ENVELOPE_S = 10.0  # what the window shows
_ENVELOPE_HZ = 50.0
TRACE_S = 4.0  # of the EMG itself
_TRACE_HZ = 250.0
_WORKS = 3.0  # times the noise at rest: a muscle that is active
_MEASURE_EVERY_NS = 500_000_000
_SETTLE_S = 0.5  # the bars' filters, after a gap
_KEEP_S = RING_S + 4
_CHECK_EVERY = 4  # measurings: the traffic light is looked at every other second
_STALE_S = 1.5  # bars show nothing when the newest sample is older
_SILENT = f"no data for more than {_STALE_S} s"
SETTLING = "data were missing a moment ago: the bar comes back once its filter has settled"
_INBOX_FRAMES = 16384  # a view that falls four minutes behind loses frames; the recording does not
_PROBES_KEPT = 256  # more than are under way in what is kept


class LiveEngine:
    """Turns arriving frames into `LiveState` snapshots.

    ``add_*`` and ``set_*`` are called by the acquisition thread and only remember; `update` does
    the work, in any threads; while one of its calls measures, others move the bars on. `snapshot`
    may be called from anywhere.

    Parameters
    ----------
    t0_host_ns : int
        Host time of session time 0.
    exercise : str
    session_path : str
        Shown to the user.
    """

    def __init__(self, t0_host_ns: int, exercise: str = "", session_path: str = "") -> None:
        self._t0_host_ns = t0_host_ns
        self._pods: dict[Side, _LivePod] = {side: _LivePod() for side in SIDES}
        self._clocks = KeptClocks()
        self._meter = RepMeter()
        self._motion = PhaseFollower()
        self._reps: list[RepMeasure] = []
        self._summary: SetSummary | None = None
        self._sync_uncertainty_ms = float("nan")
        self._phase = "waiting"
        self._message = ""
        self._next_measure_ns = t0_host_ns
        self._measurings = 0
        self._state = LiveState(exercise=exercise, session_path=session_path)
        self._now_ns = t0_host_ns
        self._lock = threading.Lock()  # held while something changes, never while measuring
        self._measuring = threading.Lock()  # one at a time
        self.recording: Recording | None = None  # what is kept, as it was decoded last

    def add_frame(self, side: Side, t_host_ns: int, frame: bytes) -> None:
        """Take in a frame as it arrived."""
        self._pods[side].inbox.append((t_host_ns, frame))

    def add_probe(self, side: Side, probe_id: int, t_host_ns: int) -> None:
        """Take in a clock probe that was sent."""
        self._pods[side].probes.append((probe_id, t_host_ns))

    def set_pod(self, side: Side, connected: bool, info: dict[str, Any]) -> None:
        """Note that a pod came or went."""
        self._pods[side].connected = connected
        self._pods[side].info = info

    def set_seen(self, side: Side, rssi_dbm: int | None) -> None:
        """Note that a scan has seen a pod."""
        self._pods[side].seen = True
        self._pods[side].rssi_dbm = rssi_dbm

    def set_phase(self, phase: str, message: str = "") -> None:
        """Note what the session is doing."""
        self._phase = phase
        self._message = message

    def set_message(self, message: str) -> None:
        """Tell the user something, whatever else the next update can show."""
        self._message = message
        self._state = replace(self._state, phase=self._phase, message=message)

    def snapshot(self) -> LiveState:
        """Return the newest state."""
        return self._state

    def update(self, now_ns: int, final: bool = False) -> LiveState:
        """Work through what has arrived and return the new state.

        Parameters
        ----------
        now_ns : int
            Host time.
        final : bool
            The recording is over: measure what its end completes.
        """
        with self._lock:
            for side, pod in self._pods.items():
                pod.take_in(self._t0_host_ns, now_ns)
                for arrival_s, accel_g, gyro_dps in pod.motion:
                    self._motion.process(side, arrival_s, accel_g, gyro_dps)
                pod.motion.clear()
            self._publish(now_ns)
            due = final or now_ns >= self._next_measure_ns
        # Whoever measures does not hold up others: the bars go on meanwhile.
        if due and self._measuring.acquire(blocking=final):
            try:
                self._next_measure_ns = now_ns + _MEASURE_EVERY_NS
                self._measure(final)
            finally:
                self._measuring.release()
            with self._lock:
                self._publish(now_ns)
        return self._state

    def _publish(self, now_ns: int) -> None:
        """Make the newest state of what is known."""
        self._now_ns = now_ns = max(now_ns, self._now_ns)
        now_s = (now_ns - self._t0_host_ns) / 1e9
        self._state = replace(
            self._state,
            time_s=now_s,
            phase=self._phase,
            message=self._message,
            movement=self._motion.phase(now_s, self._working()),
            sides={
                side: pod.state(now_s, self._phase == "ended") for side, pod in self._pods.items()
            },
            reps=tuple(self._reps),
            summary=self._summary,
            sync_uncertainty_ms=self._sync_uncertainty_ms,
        )

    def _working(self) -> bool | None:
        """Whether a muscle is active now; None: not known."""
        known = [works for pod in self._pods.values() if (works := pod.working) is not None]
        return any(known) if known else None

    def _measure(self, final: bool) -> None:
        with self._lock:
            inputs = [pod.input(side) for side, pod in self._pods.items() if pod.rows]
            incomplete: set[Side] = {
                side for side, pod in self._pods.items() if pod.rows and pod.incomplete
            }
        recording = assemble_recording(
            inputs, self._t0_host_ns, exercise=self._state.exercise, fit=self._clocks
        )
        self.recording = recording
        checks: dict[Side, SignalCheck] = {}
        if self._measurings % _CHECK_EVERY == 0:
            checks = {side: check_signal(pod.emg) for side, pod in recording.pods.items()}
        self._measurings += 1
        if final:
            new = self._meter.finish(recording)
        else:
            new = self._meter.process(recording, incomplete)
        summary = summarize(self._reps + new) if new else self._summary
        with self._lock:
            for side, pod in recording.pods.items():
                self._pods[side].restore(pod.emg)
            for side, check in checks.items():
                self._pods[side].take_check(check)
            self._sync_uncertainty_ms = recording.sync_uncertainty_ms
            self._reps += new
            self._summary = summary


@dataclass
class _LivePod:
    """What is known of one pod."""

    inbox: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=_INBOX_FRAMES))
    rows: deque[tuple[int, bytes]] = field(default_factory=deque[tuple[int, bytes]])
    probes: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_PROBES_KEPT))
    connected: bool = False
    info: dict[str, Any] = field(default_factory=dict[str, Any])
    seen: bool = False
    rssi_dbm: int | None = None
    check: SignalCheck | None = None
    _run: RunAccount = field(default_factory=lambda: RunAccount(0))
    _received: int = 0  # in earlier runs
    _lost: int = 0
    _bar: _Bar | None = None
    _peak_uv: float = float("nan")
    _battery_pct: float = float("nan")
    _problem: str = ""  # what the pod says is wrong with it
    _lead_off: bool = False
    _clipping: bool = False
    _since: list[np.void] = field(default_factory=list[np.void])  # EMG that came after `input`
    _noise_uv: float = float("nan")  # at rest, when it was last seen at rest
    # New frames of motion: arrival and (n, 3) of acceleration and rate of turn, g and deg/s.
    motion: list[tuple[float, NDArray[np.float64], NDArray[np.float64]]] = field(
        default_factory=list[tuple[float, NDArray[np.float64], NDArray[np.float64]]]
    )

    @property
    def working(self) -> bool | None:
        """Whether its muscle is active now; None: not known."""
        now_uv = self._bar.activation_uv if self._bar is not None else float("nan")
        if np.isnan(now_uv) or np.isnan(self._noise_uv):
            return None
        return bool(now_uv > _WORKS * self._noise_uv)

    def take_check(self, check: SignalCheck) -> None:
        """Take in how good the signal is."""
        self.check = check
        if check.noise_uv is not None:
            self._noise_uv = check.noise_uv

    @property
    def incomplete(self) -> bool:
        """Whether the pod holds older frames that it can still send."""
        return self._run.frames_waiting > 0

    def take_in(self, t0_host_ns: int, now_ns: int) -> None:
        """Work through the inbox and forget what is too old."""
        fresh: list[tuple[int, bytes]] = []
        while self.inbox:
            t_host_ns, frame = self.inbox.popleft()
            if len(frame) == wire.FRAME_BYTES:
                fresh.append((t_host_ns, frame))
        frames = split_frames(_matrix([frame for _, frame in fresh]))
        found = [
            *zip(frames.emg_row.tolist(), frames.emg, strict=True),
            *zip(frames.imu_row.tolist(), frames.imu, strict=True),
            *zip(frames.status_row.tolist(), frames.status, strict=True),
        ]
        for row, record in sorted(found, key=lambda row_record: row_record[0]):
            if self._take(record, (fresh[row][0] - t0_host_ns) / 1e9):
                self.rows.append(fresh[row])
        while self.rows and self.rows[0][0] < now_ns - _KEEP_S * 1e9:
            self.rows.popleft()

    def _take(self, record: np.void, arrival_s: float) -> bool:
        """Take in a frame; False when it is a repeat or too old to be measured live."""
        kind = int(record["kind"])
        if int(record["run"]) != self._run.number:
            self._received += self._run.received
            self._lost += self._run.missing + self._run.never_fetched
            self._run = RunAccount(int(record["run"]))
            self._bar = None
            self._since.clear()
        if kind == wire.STATUS:
            if self._run.take_status(record):
                self._battery_pct = float(record["battery_pct"]) / 256
                self._problem = "; ".join(problem_texts(record))
            return True
        age = self._run.take_samples(record)
        if age is None:
            return False
        hz = emg_nominal_hz(self.info)
        if kind == wire.IMU and not age:
            n = int(record["count"])
            data = record["data"][:n]
            accel_g = data[:, :3] * (float(record["accel_lsb_ug"]) * 1e-6)
            self.motion.append(
                (arrival_s, accel_g, data[:, 3:] * (float(record["gyro_lsb_10udps"]) * 1e-5))
            )
        if kind == wire.EMG:
            if self._bar is None:
                self._bar = _Bar(hz, arrival_s)
            self._since.append(record)
            if self._bar.add(record):
                self._lead_off = bool(record["lead_off"])
                self._clipping = bool(record["flags"] & wire.FLAG_CLIPPED)
                self._peak_uv = float(np.fmax(self._peak_uv, self._bar.peak_uv))
        return age < _KEEP_S * (hz if kind == wire.EMG else IMU_NOMINAL_HZ)

    def input(self, side: Side) -> PodInput:
        """Return what is kept, as a stored session would hold it."""
        self._since.clear()
        probes = np.array(self.probes.copy(), np.int64).reshape(-1, 2)  # it may grow meanwhile
        arrival = np.array([t for t, _ in self.rows], np.int64)
        return PodInput(
            side,
            arrival,
            _matrix([f for _, f in self.rows]),
            probes[:, 0],
            probes[:, 1],
            self.info,
        )

    def restore(self, emg: EmgRecord) -> None:
        """Show the decoded samples of what was kept, and after them what has come since."""
        if self._bar is not None and len(emg.uv) and emg.index[-1] < self._bar.end:
            self._bar.restore(emg)
            for record in self._since:
                self._bar.add(record)

    def state(self, now_s: float, ended: bool) -> SideLive:
        """Return what a view shows."""
        bar, run = self._bar, self._run
        fresh = bar is not None and now_s - bar.newest_s < _STALE_S
        time_s, envelope_uv = bar.points() if bar is not None else (np.empty(0), np.empty(0))
        received = self._received + run.received
        lost = run.missing + run.never_fetched if ended else run.missing - run.samples_waiting
        trace = bar.trace() if bar is not None else (np.empty(0),) * 3
        activation_uv = bar.activation_uv if bar is not None and fresh else float("nan")
        check = self.check if fresh else None
        reason = self._problem
        if not reason and received and not fresh:
            reason = _SILENT
        elif not reason and np.isnan(activation_uv) and np.isfinite(self._peak_uv):
            reason = SETTLING
        return SideLive(
            connected=self.connected,
            activation_uv=activation_uv,
            peak_uv=self._peak_uv,
            envelope_time_s=time_s,
            envelope_uv=envelope_uv,
            trace_time_s=trace[0],
            trace_low_uv=trace[1],
            trace_high_uv=trace[2],
            lead_off=self._lead_off,
            clipping=self._clipping,
            battery_pct=self._battery_pct,
            samples_received=received,
            samples_waiting=0 if ended else run.samples_waiting,
            samples_lost=self._lost + lost,
            reason=reason,
            light=check.light if check else None,
            light_reason=check.reason if check else "",
            noise_uv=check.noise_uv if check else None,
            hum_uv=check.hum_uv if check else None,
            seen=self.seen,
            rssi_dbm=self.rssi_dbm,
        )


class _Bar:
    """The newest seconds of one side's envelope, sample by sample."""

    def __init__(self, nominal_hz: float, time_s: float) -> None:
        n = round((ENVELOPE_S + _SETTLE_S) * nominal_hz)
        self._nominal_hz = self._rate_hz = nominal_hz
        self._filter = LiveEnvelope(nominal_hz)
        self._envelope_uv = np.full(n, np.nan)
        self._band_uv = np.full(round((TRACE_S + 1 / _TRACE_HZ) * nominal_hz), np.nan)
        self._end: int | None = None  # one more than the newest sample's index
        self.newest_s = time_s  # session time of the newest sample
        self.peak_uv = float("nan")  # of the newest frame

    @property
    def end(self) -> int:
        """One more than the newest sample's index."""
        return self._end or 0

    @property
    def activation_uv(self) -> float:
        """The newest value."""
        return float(self._envelope_uv[-1])

    def add(self, record: np.void) -> bool:
        """Carry on by one frame; False when it is older than what was there before."""
        first, count = int(record["first_index"]), int(record["count"])
        if self._end is None:
            self._end = first
            self.newest_s -= count / self._rate_hz
        if first < self._end:
            return False
        gap = first - self._end
        counts = emg_counts(np.array([record]))[0, :count]
        uv = counts * (int(record["lsb_pv"]) * 1e-6)
        if record["lead_off"] or record["flags"] & wire.FLAG_CLIPPED:
            uv = np.full(count, np.nan)  # no muscle's: it must not ring in what follows
        uv = np.concatenate([np.full(min(gap, len(self._envelope_uv)), np.nan), uv])
        self._end += gap + count
        self.newest_s += (gap + count) / self._rate_hz
        new_uv = self._filter.process(uv)
        known_uv = new_uv[np.isfinite(new_uv)]
        self.peak_uv = float(known_uv.max()) if len(known_uv) else float("nan")
        n = len(self._envelope_uv)
        self._envelope_uv = np.concatenate([self._envelope_uv, new_uv])[-n:]
        band_uv = [self._band_uv, self._filter.band_uv]
        self._band_uv = np.concatenate(band_uv)[-len(self._band_uv) :]
        return True

    def restore(self, emg: EmgRecord) -> None:
        """Put decoded samples, whatever order they came in, in the place of what was shown."""
        n = len(self._envelope_uv)
        uv = np.where(emg.lead_off | emg.clipped, np.nan, emg.uv)[-n:]
        self._filter = LiveEnvelope(self._nominal_hz)
        self._envelope_uv = self._filter.process(
            np.concatenate([np.full(n - len(uv), np.nan), uv])
        )
        self._band_uv = self._filter.band_uv[-len(self._band_uv) :]
        self._end = int(emg.index[-1]) + 1
        self.newest_s = float(emg.time_s[-1])
        self._rate_hz = emg.fs_hz

    def points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return session times and values of the envelope as it is drawn."""
        step = round(self._nominal_hz / _ENVELOPE_HZ)
        first = (self._end or 0) - round(ENVELOPE_S * self._nominal_hz)
        index = np.arange(first + -first % step, self._end or 0, step)  # the same ones every time
        before = index - (self._end or 0)  # from −n to −1
        return self.newest_s + (before + 1) / self._rate_hz, self._envelope_uv[before]

    def trace(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return session times, least and most of the band-passed EMG in steps of 4 ms."""
        step = round(self._nominal_hz / _TRACE_HZ)
        n = round(TRACE_S * _TRACE_HZ)
        after = (self._end or 0) % step  # samples of a step that is not complete
        stop = len(self._band_uv) - after
        steps_uv = self._band_uv[max(stop - n * step, stop % step) : stop].reshape(-1, step)
        middles = np.arange(-len(steps_uv), 0) * step + (0.5 * (step + 1) - after)
        time_s = self.newest_s + middles * (1 / self._rate_hz)
        low_uv: NDArray[np.float64] = steps_uv.min(axis=1)
        high_uv: NDArray[np.float64] = steps_uv.max(axis=1)
        return time_s.astype(np.float64), low_uv, high_uv


def _matrix(frames: list[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(frames), np.uint8).reshape(-1, wire.FRAME_BYTES)
