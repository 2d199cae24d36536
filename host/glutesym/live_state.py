"""The state of a running session: what has arrived, and the snapshot of it that views show."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.measures import Light, MovementPhase, RepMeasure, SetSummary, Side

# An electrode that comes off drifts away before the pod sees it. So an activation counts once the
# next samples, for so long, have come with all electrodes on and nothing clipped.
CERTAIN_AFTER_S = 0.15

_HOLES_KEPT = 256  # an outage makes one: more are nonsense


def _empty() -> NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True)
class SideLive:
    """One pod, now."""

    connected: bool = False
    activation_uv: float = float("nan")  # causal 250 ms RMS; NaN: no data
    peak_uv: float = float("nan")  # highest activation of the session that is certain
    envelope_time_s: NDArray[np.float64] = field(default_factory=_empty)  # (n,) session time
    envelope_uv: NDArray[np.float64] = field(
        default_factory=_empty
    )  # (n,) NaN where data are missing or an electrode was off
    trace_time_s: NDArray[np.float64] = field(default_factory=_empty)  # (m,) middles of 4 ms
    trace_low_uv: NDArray[np.float64] = field(default_factory=_empty)  # (m,) band-passed EMG:
    trace_high_uv: NDArray[np.float64] = field(default_factory=_empty)  # ... least and most in it
    lead_off: bool = False  # an electrode is off the skin
    clipping: bool = False  # the front end is at its rail
    battery_pct: float = float("nan")
    samples_received: int = 0
    samples_waiting: int = 0  # missing so far, still in the pod's log: they will be fetched
    samples_lost: int = 0
    reason: str = ""  # why there is no number, in words for the user
    light: Light | None = None  # how good the signal is; None: not known
    light_reason: str = ""  # why it is not green
    noise_uv: float | None = None  # RMS at rest; None: not at rest, or not known yet
    hum_uv: float | None = None  # of it mains hum
    seen: bool = False  # a scan has found the pod
    rssi_dbm: int | None = None  # when it was seen last; None: not known, as over USB


@dataclass(frozen=True)
class LiveState:
    """All that views may know, taken at one moment; immutable, so any thread may read it."""

    time_s: float = 0.0  # session time: seconds since recording began
    phase: str = "waiting"  # "scanning", "connecting", "recording", "reconnecting", "ended"
    exercise: str = ""
    movement: MovementPhase = ""  # what the body does now
    sides: dict[Side, SideLive] = field(
        default_factory=lambda: {"left": SideLive(), "right": SideLive()}
    )
    reps: tuple[RepMeasure, ...] = ()
    summary: SetSummary | None = None  # of the set so far; None before the first rep
    sync_uncertainty_ms: float = float("nan")  # 95 % bound of the left–right clock error
    message: str = ""  # the last thing the user should know
    trouble: str = ""  # why what arrives is not saved, or soon cannot be, and what to do
    session_path: str = ""
    replay_of: str = ""  # the session file that is played; "": this happens now


class RunAccount:
    """Account of one run of capture: what has arrived, what may still come."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.received = 0  # EMG samples
        self._end = {wire.EMG: 0, wire.IMU: 0}  # one more than the newest sample's index
        self._captured = 0
        self._next_seq = 0
        self._holes: list[tuple[int, int]] = []  # (first, end) of the frames that are missing
        self._status_seq = -1

    @property
    def missing(self) -> int:
        """EMG samples before the newest that have not arrived."""
        return max(0, self._end[wire.EMG] - self.received)

    @property
    def frames_waiting(self) -> int:
        """Frames that are missing, but still in the pod's log."""
        return sum(end - first for first, end in self._holes)

    @property
    def samples_waiting(self) -> int:
        """EMG samples that are missing, but still in the pod's log."""
        return min(self.missing, self.frames_waiting * wire.EMG_PER_FRAME)

    @property
    def never_fetched(self) -> int:
        """EMG samples after the newest that were in frames that have not arrived."""
        missing = max(0, self._captured - self._end[wire.EMG])
        return missing // wire.EMG_PER_FRAME * wire.EMG_PER_FRAME

    def take_status(self, record: np.void) -> bool:
        """Take in a status; False when a newer one was there before."""
        self._arrive(int(record["seq"]))
        if record["seq"] < self._status_seq:
            return False
        self._status_seq = int(record["seq"])
        self._captured = int(record["emg_captured"])
        oldest = int(record["oldest_seq"])
        self._holes = [(max(first, oldest), end) for first, end in self._holes if end > oldest]
        return True

    def take_samples(self, record: np.void) -> int | None:
        """Take in a frame of samples; returns how many samples old it is, None for a repeat."""
        if not self._arrive(int(record["seq"])):
            return None
        kind, count = int(record["kind"]), int(record["count"])
        end = int(record["first_index"]) + count
        self._end[kind] = max(self._end[kind], end)
        if kind == wire.EMG:
            self.received += count
        return self._end[kind] - end

    def _arrive(self, seq: int) -> bool:
        """Note a frame's arrival; False when it has been here before, or came too late."""
        if seq >= self._next_seq:
            if seq > self._next_seq:
                self._holes = [*self._holes[-_HOLES_KEPT:], (self._next_seq, seq)]
            self._next_seq = seq + 1
            return True
        for i, (first, end) in enumerate(self._holes):
            if first <= seq < end:
                parts = ((first, seq), (seq + 1, end))
                self._holes[i : i + 1] = [(a, b) for a, b in parts if a < b]
                return True
        return False
