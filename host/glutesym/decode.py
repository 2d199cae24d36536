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
            f"protocol version {kind >> 4}, expected {wire.VERSION}; "
            "flash the pod with the firmware of this version"
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


_PROBLEMS = (
    (wire.ERROR_USB_POWER, "on USB power: unplug it, then start again"),
    (wire.ERROR_EMG_CHIP, "the EMG front end does not answer as it should"),
    (wire.ERROR_IMU_CHIP, "the motion sensor does not answer as it should"),
    (wire.ERROR_BATTERY_GAUGE, "the battery gauge does not answer"),
)


def problem_text(error: int) -> str:
    """Return in words what the ``error`` bits of a status say; empty when nothing is wrong."""
    return "; ".join(text for bit, text in _PROBLEMS if error & bit)


def emg_counts(records: NDArray[np.void]) -> NDArray[np.int32]:
    """Return converter counts, (n, wire.EMG_PER_FRAME); beyond ``count`` they mean nothing."""
    shifted = records["data"].astype(np.int32) << records["shift"].astype(np.int32)[:, np.newaxis]
    return shifted + records["offset"][:, np.newaxis]
