"""A decoded recording: both pods' samples on one session time line, with every gap visible.

Arrays of one pod are uniform in its own sample clock: missing samples are NaN and take the place
they would have taken, and ``time_s`` gives each sample's exact session time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from glutesym.measures import Side

_MAX_GAP_S = 3600.0  # a longer gap is not filled with NaN: its times must be wrong


@dataclass(frozen=True)
class EmgRecord:
    """EMG of one pod."""

    fs_hz: float  # measured rate in session time
    time_s: NDArray[np.float64]  # (n,)
    uv: NDArray[np.float64]  # (n,) electrode voltage, offset included; NaN: lost
    index: NDArray[np.int64]  # (n,) sample index on the pod, counted anew after a reboot
    lead_off: NDArray[np.bool_]  # (n,) an electrode was off the skin
    clipped: NDArray[np.bool_]  # (n,) the converter was at its rail

    def between(self, start_s: float, end_s: float) -> EmgRecord:
        """Return what there is within a stretch of session time; nothing is copied."""
        within = slice(*np.searchsorted(self.time_s, (start_s, end_s)))
        return replace(self, **{name: getattr(self, name)[within] for name in array_names(self)})


@dataclass(frozen=True)
class ImuRecord:
    """Motion of one pod, in the pod's axes."""

    fs_hz: float
    time_s: NDArray[np.float64]  # (n,)
    accel_g: NDArray[np.float64]  # (n, 3) NaN: lost
    gyro_dps: NDArray[np.float64]  # (n, 3) NaN: lost


@dataclass(frozen=True)
class Gap:
    """A stretch of samples that is missing, and why."""

    start_s: float
    end_s: float
    samples: int
    reason: str


@dataclass(frozen=True)
class PodRecord:
    """Everything one pod told, decoded."""

    side: Side
    emg: EmgRecord
    imu: ImuRecord
    gaps: tuple[Gap, ...] = ()  # of EMG
    imu_gaps: tuple[Gap, ...] = ()  # of motion
    boots: int = 1  # starts of the pod seen during the session
    samples_sent: int = 0  # EMG samples put into frames, as the pod's indices and statuses prove
    samples_received: int = 0
    samples_lost: int = 0
    frames_bad: int = 0  # frames that could not be decoded
    clock_uncertainty_ms: float = float("nan")  # half-width of the bracket around session time
    battery_pct: float = float("nan")
    problems: tuple[str, ...] = ()  # what was wrong with it or with its part of the file
    info: dict[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True)
class SyncUncertainty:
    """How far a left–right time difference may be off, at any time: 95 % of errors are smaller."""

    time_s: NDArray[np.float64]  # (k,) session time, ascending
    half_width_ms: NDArray[np.float64]  # (k,) NaN: not known

    def at_ms(self, time_s: float) -> float:
        """Return the uncertainty at a moment; NaN: not known."""
        if not len(self.time_s):
            return float("nan")
        return float(np.interp(time_s, self.time_s, self.half_width_ms))

    @property
    def worst_ms(self) -> float:
        """The largest of all; NaN when there is none, or when any is not known."""
        return float(np.max(self.half_width_ms, initial=0.0)) if len(self.time_s) else float("nan")


NO_SYNC = SyncUncertainty(np.empty(0), np.empty(0))


@dataclass(frozen=True)
class Recording:
    """Both pods on one time line. A side without a pod is absent."""

    pods: dict[Side, PodRecord]
    duration_s: float
    exercise: str = ""
    sync: SyncUncertainty = NO_SYNC

    @property
    def sync_uncertainty_ms(self) -> float:
        """Of a left–right time difference at the worst moment."""
        return self.sync.worst_ms


def join_emg(parts: list[EmgRecord], nominal_hz: float) -> EmgRecord:
    """Join runs of capture; the time between them is filled with NaN.

    Parameters
    ----------
    parts : list of EmgRecord
        In order of time. Where one begins before the end of the one before, by the uncertainty of
        clocks, it loses these samples.
    nominal_hz : float
        The rate of a record without samples.
    """

    def blank(time_s: NDArray[np.float64]) -> EmgRecord:
        n = len(time_s)
        flags = np.zeros(n, bool)
        return EmgRecord(nominal_hz, time_s, np.full(n, np.nan), np.full(n, -1), flags, flags)

    return _join(parts, blank)


def join_imu(parts: list[ImuRecord], nominal_hz: float) -> ImuRecord:
    """Join runs of capture, as `join_emg` does."""

    def blank(time_s: NDArray[np.float64]) -> ImuRecord:
        nothing = np.full((len(time_s), 3), np.nan)
        return ImuRecord(nominal_hz, time_s, nothing, nothing)

    return _join(parts, blank)


_Record = TypeVar("_Record", EmgRecord, ImuRecord)


def _join(parts: list[_Record], blank: Callable[[NDArray[np.float64]], _Record]) -> _Record:
    pieces: list[_Record] = []
    for part in parts:
        if pieces:
            end_s = float(pieces[-1].time_s[-1])
            part = _from(part, int(np.searchsorted(part.time_s, end_s, "right")))
            if not len(part.time_s):
                continue
            pieces.append(blank(_fill(end_s, float(part.time_s[0]), part.fs_hz)))
        pieces.append(part)
    if len(pieces) < 2:
        return pieces[0] if pieces else blank(np.empty(0))
    return replace(
        pieces[0],
        **{
            name: np.concatenate([getattr(piece, name) for piece in pieces])
            for name in array_names(pieces[0])
        },
    )


def _from(part: _Record, first: int) -> _Record:
    """Return a record without its first samples."""
    return replace(part, **{name: getattr(part, name)[first:] for name in array_names(part)})


def array_names(record: EmgRecord | ImuRecord) -> list[str]:
    """Return the fields that hold a value of every sample."""
    return [field.name for field in fields(record) if field.name != "fs_hz"]


def _fill(before_s: float, after_s: float, fs_hz: float) -> NDArray[np.float64]:
    """Return evenly spaced times between two runs, at about the sample rate."""
    gap_s = after_s - before_s
    n = max(0, round(min(gap_s, _MAX_GAP_S) * fs_hz) - 1)
    return before_s + gap_s * np.arange(1, n + 1) / (n + 1)
