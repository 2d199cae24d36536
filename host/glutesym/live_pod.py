"""What is known of one pod while it streams: its last minute of frames, its bar, its account."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.analysis.quality import LEAD_OFF, RAIL
from glutesym.analysis.signal_check import SignalCheck
from glutesym.capture_run import IMU_NOMINAL_HZ, PodInput, emg_nominal_hz
from glutesym.decode import Frames, problem_texts, read_frame, split_frames
from glutesym.errors import FrameError
from glutesym.live_bar import LiveBar
from glutesym.live_state import RunAccount, SideLive
from glutesym.measures import Light, Side
from glutesym.one_rep import Settings
from glutesym.pipeline import RING_S
from glutesym.recording import EmgRecord

_KEEP_S = RING_S + 4
_WORKS = 3.0  # times the noise at rest: a muscle that is active
_STALE_S = 1.5  # bars show nothing when the newest sample is older
_SILENT = f"no data for more than {_STALE_S} s"
SETTLING = "data were missing a moment ago: the bar comes back once its filter has settled"
_DARK: tuple[Light | None, str] = (None, "")  # nothing is known
_INBOX_FRAMES = 16384  # a view that falls four minutes behind loses frames; the recording does not
_PROBES_KEPT = 256  # more than are under way in what is kept


@dataclass
class LivePod:
    """One pod. Whoever acquires fills ``inbox`` and ``probes``; all else is the live view's."""

    settings: Settings = field(default_factory=Settings)
    inbox: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=_INBOX_FRAMES))
    rows: deque[tuple[int, bytes]] = field(default_factory=deque[tuple[int, bytes]])
    probes: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_PROBES_KEPT))
    connected: bool = False
    info: dict[str, Any] = field(default_factory=dict[str, Any])
    seen: bool = False
    rssi_dbm: int | None = None
    check: SignalCheck | None = None
    _fresh: list[bytes] = field(default_factory=list[bytes])  # of the rows
    _run: RunAccount = field(default_factory=lambda: RunAccount(0))
    _received: int = 0  # in earlier runs
    _lost: int = 0
    bar: LiveBar | None = None
    _peak_before_uv: float = float("nan")  # in earlier runs
    _battery_pct: float = float("nan")
    _problem: str = ""  # what the pod says is wrong with it
    _lead_off: bool = False
    _clipping: bool = False
    _since: list[NDArray[np.void]] = field(default_factory=list[NDArray[np.void]])  # EMG, `input`
    _noise_uv: float = float("nan")  # at rest, when it was last seen at rest
    # New frames of motion: arrival and (n, 3) of acceleration and rate of turn, g and deg/s.
    motion: list[tuple[float, NDArray[np.float64], NDArray[np.float64]]] = field(
        default_factory=list[tuple[float, NDArray[np.float64], NDArray[np.float64]]]
    )

    @property
    def _peak_uv(self) -> float:
        """The highest activation so far."""
        here_uv = self.bar.peak_uv if self.bar is not None else float("nan")
        return float(np.fmax(self._peak_before_uv, here_uv))

    @property
    def working(self) -> bool | None:
        """Whether its muscle is active now; None: not known."""
        now_uv = self.bar.activation_uv if self.bar is not None else float("nan")
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
        while self.inbox:
            t_host_ns, frame = self.inbox.popleft()
            try:
                record = read_frame(frame)
            except FrameError:
                continue  # counted where it is recorded
            if self._take(record, (t_host_ns - t0_host_ns) / 1e9):
                self.rows.append((t_host_ns, frame))
                self._fresh.append(frame)
        while self.rows and self.rows[0][0] < now_ns - _KEEP_S * 1e9:
            self.rows.popleft()

    def _take(self, frame: NDArray[np.void], arrival_s: float) -> bool:
        """Take in a frame, (1,); False when it is a repeat or too old to be measured live."""
        record = frame[0]
        kind = int(record["kind"])
        if int(record["run"]) != self._run.number:
            self._received += self._run.received
            self._lost += self._run.missing + self._run.never_fetched
            self._peak_before_uv = self._peak_uv
            self._run = RunAccount(int(record["run"]))
            self.bar = None
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
            data = record["data"][: int(record["count"])]
            accel_g = data[:, :3] * (float(record["accel_lsb_ug"]) * 1e-6)
            gyro_dps = data[:, 3:] * (float(record["gyro_lsb_10udps"]) * 1e-5)
            self.motion.append((arrival_s, accel_g, gyro_dps))
        if kind == wire.EMG:
            self._since.append(frame)
            if self.bar is None:
                self.bar = LiveBar(hz, arrival_s, self.settings)
            if self.bar.add(frame):
                settling = bool(np.isnan(self.bar.activation_uv))  # until then the cause is told
                self._lead_off = bool(record["lead_off"]) or (self._lead_off and settling)
                clipped = bool(record["flags"] & wire.FLAG_CLIPPED)
                self._clipping = clipped or (self._clipping and settling)
        return age < _KEEP_S * (hz if kind == wire.EMG else IMU_NOMINAL_HZ)

    def fresh(self) -> Frames:
        """Return what has come since the last time that this was asked."""
        frames, self._fresh = split_frames(_matrix(self._fresh)), []
        return frames

    def input(self, side: Side) -> PodInput:
        """Return what is kept, as a stored session would hold it; none of it is fresh then."""
        self._since.clear()
        self._fresh.clear()
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

    def correct(self, emg: EmgRecord) -> None:
        """Show the decoded samples of `input`, and after them what has come since."""
        if self.bar is not None and len(emg.uv) and emg.index[-1] < self.bar.end:
            self.bar.correct(emg, self._since)

    def state(self, now_s: float, ended: bool) -> SideLive:
        """Return what a view shows."""
        bar, run = self.bar, self._run
        fresh = bar is not None and now_s - bar.newest_s < _STALE_S
        drawn = bar.drawn() if bar is not None else (np.empty(0),) * 5
        time_s, envelope_uv, trace_time_s, trace_low_uv, trace_high_uv = drawn
        received = self._received + run.received
        lost = run.missing + run.never_fetched if ended else run.missing - run.samples_waiting
        activation_uv = bar.activation_uv if bar is not None and fresh else float("nan")
        check = self.check if fresh else None
        judged = fresh and self.connected and not ended
        light, light_reason = self._judged() if judged else _DARK
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
            trace_time_s=trace_time_s,
            trace_low_uv=trace_low_uv,
            trace_high_uv=trace_high_uv,
            lead_off=self._lead_off,
            clipping=self._clipping,
            battery_pct=self._battery_pct,
            samples_received=received,
            samples_waiting=0 if ended else run.samples_waiting,
            samples_lost=self._lost + lost,
            reason=reason,
            light=light,
            light_reason=light_reason,
            noise_uv=check.noise_uv if check else None,
            hum_uv=check.hum_uv if check else None,
            seen=self.seen,
            rssi_dbm=self.rssi_dbm,
        )

    def _judged(self) -> tuple[Light | None, str]:
        """Return the traffic light and its reason; what is wrong at this moment overrules it."""
        if self._lead_off:
            return "red", LEAD_OFF
        if self._clipping:
            return "red", RAIL
        return (self.check.light, self.check.reason) if self.check else _DARK


def _matrix(frames: list[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(frames), np.uint8).reshape(-1, wire.FRAME_BYTES)
