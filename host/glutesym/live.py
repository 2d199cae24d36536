"""The live side: frames in, snapshots out.

The last stretch of frames is kept and decoded by the same functions that decode a stored session;
a repetition is measured by the same function, too. Only the bars have their own, causal filters.
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
from glutesym.assemble import EMG_NOMINAL_HZ, PodInput, assemble_recording
from glutesym.decode import emg_counts, problem_text, split_frames
from glutesym.live_state import LiveState, SideLive
from glutesym.measures import SIDES, RepMeasure, SetSummary, Side
from glutesym.pipeline import RING_S, LiveEnvelope, RepMeter
from glutesym.recording import EmgRecord

ENVELOPE_S = 10.0  # what the window shows
_ENVELOPE_HZ = 50.0
_MEASURE_EVERY_NS = 500_000_000
_KEEP_NS = int((RING_S + 4) * 1e9)
_STALE_NS = 1_500_000_000  # bars show nothing when the newest sample is older


class LiveEngine:
    """Turns arriving frames into `LiveState` snapshots.

    ``add_*`` and ``set_*`` are called by the acquisition thread and only remember; `update` does
    the work and may run in another thread; `snapshot` may be called from anywhere.

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
        self._meter = RepMeter()
        self._reps: list[RepMeasure] = []
        self._summary: SetSummary | None = None
        self._sync_uncertainty_ms = float("nan")
        self._phase = "waiting"
        self._message = ""
        self._next_measure_ns = t0_host_ns
        self._state = LiveState(exercise=exercise, session_path=session_path)
        self._lock = threading.Lock()  # one update at a time

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
            for pod in self._pods.values():
                pod.take_in(now_ns)
            if final or now_ns >= self._next_measure_ns:
                self._next_measure_ns = now_ns + _MEASURE_EVERY_NS
                self._measure(final)
            self._state = replace(
                self._state,
                time_s=(now_ns - self._t0_host_ns) / 1e9,
                phase=self._phase,
                message=self._message,
                sides={
                    side: pod.state(self._t0_host_ns, now_ns) for side, pod in self._pods.items()
                },
                reps=tuple(self._reps),
                summary=self._summary,
                sync_uncertainty_ms=self._sync_uncertainty_ms,
            )
            return self._state

    def _measure(self, final: bool) -> None:
        inputs = [pod.input(side) for side, pod in self._pods.items() if pod.rows]
        recording = assemble_recording(inputs, self._t0_host_ns)
        self._sync_uncertainty_ms = recording.sync_uncertainty_ms
        emg: dict[Side, EmgRecord] = {side: pod.emg for side, pod in recording.pods.items()}
        new = self._meter.process(emg, {side: pod.imu for side, pod in recording.pods.items()})
        if final:
            new += self._meter.finish(emg)
        if new:
            self._reps += new
            self._summary = summarize(self._reps, self._sync_uncertainty_ms)


@dataclass
class _LivePod:
    """What is known of one pod."""

    inbox: deque[tuple[int, bytes]] = field(default_factory=deque[tuple[int, bytes]])
    rows: deque[tuple[int, bytes]] = field(default_factory=deque[tuple[int, bytes]])
    probes: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=3600))
    connected: bool = False
    info: dict[str, Any] = field(default_factory=dict[str, Any])
    received: int = 0
    lost: int = 0
    _envelope: LiveEnvelope = field(default_factory=lambda: LiveEnvelope(EMG_NOMINAL_HZ))
    _run: int = 0
    _next_index: int = 0
    _newest_ns: int = 0
    _activation_uv: float = float("nan")
    _peak_uv: float = float("nan")
    _battery_pct: float = float("nan")
    _problem: str = ""  # what the pod says is wrong with it
    _lead_off: bool = False
    _clipping: bool = False
    _ring_uv: NDArray[np.float64] = field(
        default_factory=lambda: np.full(round(ENVELOPE_S * _ENVELOPE_HZ), np.nan)
    )
    _left_over: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def take_in(self, now_ns: int) -> None:
        """Work through the inbox and forget what is too old."""
        fresh: list[bytes] = []
        while self.inbox:
            t_host_ns, frame = self.inbox.popleft()
            if len(frame) == wire.FRAME_BYTES:
                self.rows.append((t_host_ns, frame))
                if frame[0] == wire.EMG:
                    self._newest_ns = t_host_ns
                fresh.append(frame)
        while self.rows and self.rows[0][0] < now_ns - _KEEP_NS:
            self.rows.popleft()
        if not fresh:
            return
        frames = split_frames(_matrix(fresh))
        if len(frames.status):
            self._battery_pct = float(frames.status["battery_pct"][-1]) / 256
            self._problem = problem_text(int(frames.status["error"][-1]))
        for record in frames.emg:
            self._take_emg(record)

    def _take_emg(self, record: np.void) -> None:
        """Carry the bar and the envelope on by one frame."""
        first, count, run = int(record["first_index"]), int(record["count"]), int(record["run"])
        if run != self._run:
            self._run, self._next_index = run, first
            self._envelope = LiveEnvelope(EMG_NOMINAL_HZ)
        if first < self._next_index:
            return  # a repeat
        missing = first - self._next_index
        counts = emg_counts(np.array([record]))[0, :count]
        uv = counts.astype(np.float64) * (int(record["lsb_pv"]) * 1e-6)
        if missing:
            gap = min(missing, round(ENVELOPE_S * EMG_NOMINAL_HZ))
            uv = np.concatenate([np.full(gap, np.nan), uv])
        self.lost += missing
        self.received += count
        self._next_index = first + count
        self._lead_off = bool(record["lead_off"])
        self._clipping = bool(record["flags"] & wire.FLAG_CLIPPED)
        envelope_uv = self._envelope.process(uv)
        self._activation_uv = float(envelope_uv[-1])
        known_uv = envelope_uv[np.isfinite(envelope_uv)]
        if len(known_uv) and not self._lead_off and not self._clipping:
            self._peak_uv = float(np.fmax(self._peak_uv, known_uv.max()))
        self._push(envelope_uv)

    def _push(self, envelope_uv: NDArray[np.float64]) -> None:
        step = round(EMG_NOMINAL_HZ / _ENVELOPE_HZ)
        waiting = np.concatenate([self._left_over, envelope_uv])
        whole = len(waiting) // step
        points = waiting[step - 1 : whole * step : step]
        self._left_over = waiting[whole * step :]
        n = min(len(points), len(self._ring_uv))
        if n:
            self._ring_uv = np.concatenate([self._ring_uv[n:], points[-n:]])

    def input(self, side: Side) -> PodInput:
        """Return what is kept, as a stored session would hold it."""
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

    def state(self, t0_host_ns: int, now_ns: int) -> SideLive:
        """Return what a view shows."""
        fresh = now_ns - self._newest_ns < _STALE_NS
        newest_s = (self._newest_ns - t0_host_ns) / 1e9
        n = len(self._ring_uv)
        return SideLive(
            connected=self.connected,
            activation_uv=self._activation_uv if fresh else float("nan"),
            peak_uv=self._peak_uv,
            envelope_time_s=newest_s + (np.arange(n) - n + 1) / _ENVELOPE_HZ,
            envelope_uv=self._ring_uv,
            lead_off=self._lead_off,
            clipping=self._clipping,
            battery_pct=self._battery_pct,
            samples_received=self.received,
            samples_lost=self.lost,
            reason=self._problem
            or ("" if fresh or not self.received else "no data for more than 1.5 s"),
        )


def _matrix(frames: list[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(frames), np.uint8).reshape(-1, wire.FRAME_BYTES)
