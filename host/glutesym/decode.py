"""Frames to arrays: what arrived, checked and put in order; a frame that is none is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.errors import FrameError


def frame_dtype(kind: int) -> np.dtype[Any]:
    """Return the NumPy type of a kind of frame, made from the tables of `wire`.

    Parameters
    ----------
    kind : int
        ``wire.EMG``, ``wire.IMU`` or ``wire.STATUS``.

    Returns
    -------
    numpy.dtype
        Structured, ``wire.FRAME_BYTES`` long; samples are in the field ``data``.
    """
    names = [field[0] for field in wire.FIELDS[kind]]
    formats: list[Any] = ["<" + _NUMPY_CODES[field[1]] for field in wire.FIELDS[kind]]
    if kind == wire.EMG:
        names.append("data")
        formats.append(("<i2", (wire.EMG_PER_FRAME,)))
    elif kind == wire.IMU:
        names.append("data")
        formats.append(("<i2", (wire.IMU_PER_FRAME, 6)))
    offsets = np.cumsum([0] + [np.dtype(f).itemsize for f in formats[:-1]]).tolist()
    return np.dtype(
        {"names": names, "formats": formats, "offsets": offsets, "itemsize": wire.FRAME_BYTES}
    )


_NUMPY_CODES = {"B": "u1", "b": "i1", "H": "u2", "h": "i2", "I": "u4", "i": "i4"}
_HEADER: Final = np.dtype(
    {
        "names": [field[0] for field in wire.HEADER],
        "formats": ["<" + _NUMPY_CODES[field[1]] for field in wire.HEADER],
        "itemsize": wire.FRAME_BYTES,
    }
)
_DTYPES = {kind: frame_dtype(kind) for kind in wire.FIELDS}
_CAPACITY = {wire.EMG: wire.EMG_PER_FRAME, wire.IMU: wire.IMU_PER_FRAME}
_MAX_SHIFT = 9  # what the full span of 24 bits needs
# Samples from a frame to its anchor: a pod buffers 2 s, and may read on while it takes frames.
_TO_ANCHOR = {wire.EMG: (-4_000, 40_000), wire.IMU: (-400, 4_000)}
_MOST_RUNS = 100  # a pod that starts more often is broken, or somebody makes its frames up


@dataclass(frozen=True)
class Frames:
    """Frames of one pod by kind, in order of arrival; ``*_row`` is their row of the input."""

    emg: NDArray[np.void]
    imu: NDArray[np.void]
    status: NDArray[np.void]
    emg_row: NDArray[np.intp]
    imu_row: NDArray[np.intp]
    status_row: NDArray[np.intp]
    bad: int  # rows that are no frame of this protocol

    def __len__(self) -> int:
        """How many there are, bad ones excepted."""
        return len(self.emg) + len(self.imu) + len(self.status)


def check_frame(frame: bytes) -> int:
    """Return the kind of a frame.

    Parameters
    ----------
    frame : bytes
        What a notification carried.

    Raises
    ------
    FrameError
        It is not a frame of this protocol version; the error says why.
    """
    if len(frame) != wire.FRAME_BYTES:
        raise FrameError(f"length {len(frame)}, expected {wire.FRAME_BYTES}")
    kind = frame[0]
    if kind >> 4 != wire.VERSION:
        raise FrameError(
            f"protocol version {kind >> 4}, expected {wire.VERSION}; run `glutesym flash`"
        )
    if kind not in _DTYPES:
        raise FrameError(f"unknown kind {kind & 15}")
    if kind in _CAPACITY:
        record = np.frombuffer(frame, _DTYPES[kind])[0]
        if not 1 <= record["count"] <= _CAPACITY[kind]:
            raise FrameError(f"{record['count']} samples, expected 1 to {_CAPACITY[kind]}")
        if kind == wire.EMG and record["shift"] > _MAX_SHIFT:
            raise FrameError(f"shift {record['shift']}, expected at most {_MAX_SHIFT}")
    return kind


def read_frame(frame: bytes) -> NDArray[np.void]:
    """Return a frame as (1,) structured array, by its kind; FrameError: it is none."""
    return np.frombuffer(frame, _DTYPES[check_frame(frame)])


def split_frames(frames: NDArray[np.uint8]) -> Frames:
    """Sort frames by kind, all at once.

    Parameters
    ----------
    frames : (n, wire.FRAME_BYTES) uint8
        As received, repeats included.

    Raises
    ------
    ValueError
        The array has another shape.
    """
    if frames.ndim != 2 or frames.shape[1] != wire.FRAME_BYTES:
        raise ValueError(f"frames have shape {frames.shape}, expected (n, {wire.FRAME_BYTES})")
    frames = np.ascontiguousarray(frames)
    header = frames.view(_HEADER)[:, 0]
    found: dict[int, NDArray[np.void]] = {}
    rows: dict[int, NDArray[np.intp]] = {}
    good = 0
    for kind, dtype in _DTYPES.items():
        row = np.flatnonzero(header["kind"] == kind)
        records = frames[row].view(dtype)[:, 0]
        if kind in _CAPACITY:
            valid = (records["count"] >= 1) & (records["count"] <= _CAPACITY[kind])
            if kind == wire.EMG:
                valid &= records["shift"] <= _MAX_SHIFT
            row, records = row[valid], records[valid]
        found[kind], rows[kind] = records, row
        good += len(row)
    return Frames(
        emg=found[wire.EMG],
        imu=found[wire.IMU],
        status=found[wire.STATUS],
        emg_row=rows[wire.EMG],
        imu_row=rows[wire.IMU],
        status_row=rows[wire.STATUS],
        bad=len(frames) - good,
    )


def split_runs(frames: Frames) -> list[Frames]:
    """Sort frames by run of capture, without those that contradict themselves.

    Parameters
    ----------
    frames : Frames

    Returns
    -------
    list of Frames
        The largest first, and not more than a pod can start in one session. ``bad`` is 0: who
        wants to know counts what is left.
    """
    made = frames.status["frames_made"].astype(np.int64)
    true_status = np.abs(made - frames.status["seq"]) <= 1
    true_status &= frames.status["oldest_seq"] <= made
    kinds = [
        (frames.emg, frames.emg_row, _anchor_is_near(frames.emg, wire.EMG)),
        (frames.imu, frames.imu_row, _anchor_is_near(frames.imu, wire.IMU)),
        (frames.status, frames.status_row, true_status),
    ]
    every_run = np.concatenate([records["run"][true] for records, _, true in kinds])
    runs, sizes = np.unique(every_run, return_counts=True)
    runs = runs[np.argsort(-sizes, kind="stable")][:_MOST_RUNS]
    split: list[list[tuple[NDArray[np.void], NDArray[np.intp]]]] = []
    for records, row, true in kinds:
        chosen = np.flatnonzero(true)[np.argsort(records["run"][true], kind="stable")]
        records, row = records[chosen], row[chosen]
        first = np.searchsorted(records["run"], runs)
        end = np.searchsorted(records["run"], runs, "right")
        split.append([(records[a:b], row[a:b]) for a, b in zip(first, end, strict=True)])
    return [
        Frames(emg, imu, status, emg_row, imu_row, status_row, 0)
        for (emg, emg_row), (imu, imu_row), (status, status_row) in zip(*split, strict=True)
    ]


def _anchor_is_near(records: NDArray[np.void], kind: int) -> NDArray[np.bool_]:
    least, most = _TO_ANCHOR[kind]
    anchor = records["anchor_index"].astype(np.int64)
    away = anchor - records["first_index"]
    return (anchor > 0) & (away >= least) & (away <= most)


def without_repeats(records: NDArray[np.void]) -> NDArray[np.intp]:
    """Return which records to keep: the first of each (run, seq), ordered by run as met, then seq.

    Parameters
    ----------
    records : (n,) structured array with ``run`` and ``seq``
    """
    if not len(records):
        return np.empty(0, np.intp)
    runs, first_met = np.unique(records["run"], return_index=True)
    rank = np.empty(len(runs), np.int64)
    rank[np.argsort(first_met)] = np.arange(len(runs))
    order_of_run = rank[np.searchsorted(runs, records["run"])]
    key = order_of_run << 32 | records["seq"].astype(np.int64)
    _, keep = np.unique(key, return_index=True)
    return keep


MEMORY_FULL = "the pod's memory was full"
TOO_BUSY = "the pod was too busy"
GARBLED = "the front end's data were garbled"
LOST = "samples lost"
NOT_FETCHED = "not fetched from the pod"
_PROBLEMS = (
    (wire.ERROR_USB_POWER, "on USB power: unplug it, then start again"),
    (wire.ERROR_EMG_CHIP, "the EMG front end does not answer as it should"),
    (wire.ERROR_IMU_CHIP, "the motion sensor does not answer as it should"),
    (wire.ERROR_BATTERY_GAUGE, "the battery gauge does not answer"),
)
_MISREAD_SHARE = 1e-3  # of all samples, and at least this many: more than a stray disturbance
_MISREAD_LEAST = 10
_LONG_STEP_MS = 1700  # the front end's ring holds 2 s
_LOG_FULL = 0.9


def error_texts(error: int) -> list[str]:
    """Return in words what the ``error`` bits of a status say."""
    return [text for bit, text in _PROBLEMS if error & bit]


def problem_texts(status: np.void) -> list[str]:
    """Return in words everything that a status says is wrong with the pod.

    Parameters
    ----------
    status : a record of ``Frames.status``
    """
    texts = error_texts(int(status["error"]))
    misread, captured = int(status["emg_misread"]), int(status["emg_captured"])
    if misread >= _MISREAD_LEAST and misread > _MISREAD_SHARE * captured:
        texts.append("the EMG front end's data are garbled at times: check its wiring")
    if status["longest_step_ms"] > _LONG_STEP_MS:
        texts.append(f"the pod was busy for {status['longest_step_ms'] / 1000:.1f} s at a time")
    waiting = int(status["frames_made"]) - int(status["oldest_seq"])
    if waiting > _LOG_FULL * int(status["log_capacity"]) > 0:
        texts.append("its memory is almost full: bring it closer to the computer")
    return texts


def emg_counts(records: NDArray[np.void]) -> NDArray[np.int32]:
    """Return converter counts, (n, wire.EMG_PER_FRAME); beyond ``count`` they mean nothing."""
    shifted = records["data"].astype(np.int32) << records["shift"].astype(np.int32)[:, np.newaxis]
    return shifted + records["offset"][:, np.newaxis]


class LossReasons:
    """Why samples between two frames of a run are missing.

    Parameters
    ----------
    status : (n,) records of ``Frames.status``
        Those of the run, in order of sequence.
    seqs : (m,) int64
        Sequence numbers of all its frames that have arrived, in order.
    """

    def __init__(self, status: NDArray[np.void], seqs: NDArray[np.int64]) -> None:
        self._seqs = seqs  # of everything that has arrived, in order
        self._dropped = _grew(status, "frames_dropped", "oldest_seq")
        self._misread = _grew(status, "emg_misread", "seq")
        self._told, self._oldest = (  # the newest status, and what was in the pod's log then
            (int(status["seq"][-1]), int(status["oldest_seq"][-1])) if len(status) else (0, 0)
        )

    def __call__(self, before: int, after: int) -> str:
        """Return the reason, given the sequence numbers of the frames around the hole."""
        first, end = np.searchsorted(self._seqs, (before, after), side="right").tolist()
        if end - first != after - before:  # frames are missing, too
            if self._oldest <= before + 1 and after <= self._told:
                return NOT_FETCHED
            return MEMORY_FULL if _touch(self._dropped, before + 1, after) else LOST
        return GARBLED if _touch(self._misread, before, after + 1) else TOO_BUSY


def _grew(status: NDArray[np.void], counter: str, at: str) -> NDArray[np.int64]:
    """Return between which values of ``at`` a counter has grown, (n, 2)."""
    count = np.concatenate([[0], status[counter].astype(np.int64)])
    place = np.concatenate([[0], status[at].astype(np.int64)])
    grew = np.diff(count) > 0
    return np.column_stack([place[:-1][grew], place[1:][grew]])


def _touch(spans: NDArray[np.int64], first: int, end: int) -> bool:
    return bool(np.any((spans[:, 0] < end) & (spans[:, 1] > first)))
