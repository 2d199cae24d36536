"""A recording of another EMG system: what a reader finds in a file, and what is made of it.

One reader a format gives a `ForeignFile`: channels by name, with their unit, rate and clock. Here
some of them become the two sides of a `Recording`, which is measured as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.reps import Movement
from glutesym.dsp.bandpass import HIGH_HZ
from glutesym.dsp.runs import runs
from glutesym.errors import RecordingFileError
from glutesym.formats.units import Quantity, factor_to
from glutesym.measures import Side
from glutesym.pipeline import Settings, measure_set
from glutesym.recording import (
    NO_SYNC,
    EmgRecord,
    Gap,
    ImuRecord,
    PodRecord,
    Recording,
    SyncUncertainty,
    join_imu,
)
from glutesym.session.analyze import AnalyzedSession
from glutesym.session.store import SessionMeta

# Times, (n,) s, evenly spaced, and values, (n,) NaN: missing.
Samples = tuple[NDArray[np.float64], NDArray[np.float64]]

_SHOWN_NAMES = 40
_RAIL_SAMPLES = 4  # so many equal ones at the very end of the range: the amplifier was at its rail
_RECTIFIED = 1.5  # SD from lowest value to median: 1.1 in rectified noise, raw EMG has 3 and more
_FEWEST = 100  # samples of which a rate and a signal can be told
_MISSING = "missing in the file"
_IMU_HZ = 200.0  # of a record without samples


@dataclass(frozen=True)
class Channel:
    """One signal of a file."""

    name: str
    unit: str  # as the file says; "": it does not
    clock: str  # channels of one clock are sampled against the same one
    load: Callable[[], Samples]


@dataclass(frozen=True)
class Mark:
    """An annotation or a marker."""

    start_s: float
    duration_s: float | None
    text: str


@dataclass(frozen=True)
class ForeignFile:
    """What is in a file."""

    path: Path
    kind: str  # e.g. "BDF+"
    channels: tuple[Channel, ...]
    marks: tuple[Mark, ...] = ()
    started: datetime | None = None  # of time 0
    notes: tuple[str, ...] = ()  # what a user should know about how it was read

    @property
    def names(self) -> str:
        """The channels' names, to be told."""
        names = [channel.name for channel in self.channels]
        listed = ", ".join(f'"{one}"' for one in names[:_SHOWN_NAMES]) or "no channel"
        more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
        return f"{listed}{more}"

    def channel(self, name: str) -> Channel:
        """Return the channel of a name; case does not matter where it is unique.

        Raises
        ------
        RecordingFileError
            There is none, or more than one.
        """
        for same in (
            [c for c in self.channels if c.name == name],
            [c for c in self.channels if c.name.strip().lower() == name.strip().lower()],
        ):
            if len(same) == 1:
                return same[0]
            if same:
                raise RecordingFileError(
                    self.path,
                    f'{len(same)} channels are called "{name}". Rename them in the file.',
                )
        near = get_close_matches(name, [c.name for c in self.channels], 1, 0.5)
        meant = f' Did you mean "{near[0]}"?' if near else ""
        raise RecordingFileError(
            self.path, f'no channel is called "{name}".{meant} It has: {self.names}.'
        )


@dataclass(frozen=True)
class SideChannels:
    """Which channels are one side's."""

    emg: str
    accel: tuple[str, str, str] | None = None
    gyro: tuple[str, str, str] | None = None


def recording_from(
    file: ForeignFile,
    sides: Mapping[Side, SideChannels],
    exercise: str = "",
    units: Mapping[Quantity, str] | None = None,
) -> Recording:
    """Make a recording of some channels of a file.

    Parameters
    ----------
    file : ForeignFile
    sides : mapping of side to SideChannels
        One suffices.
    exercise : str
    units : mapping of quantity to unit
        What the user says about units: it outweighs what the file says.

    Raises
    ------
    RecordingFileError
        A channel is not there, or what it holds cannot be measured.
    """
    given = units or {}
    emg = [file.channel(of.emg) for of in sides.values()]
    if len(emg) > 1 and emg[0] is emg[1]:
        raise RecordingFileError(
            file.path,
            f'"{emg[0].name}" was given for both sides: each side has a channel of its own. '
            f"It has: {file.names}.",
        )
    pods: dict[Side, PodRecord] = {side: _pod(file, side, of, given) for side, of in sides.items()}
    clocks = {channel.clock for channel in emg}
    first_s = min(float(pod.emg.time_s[0]) for pod in pods.values())
    end_s = max(float(pod.emg.time_s[-1]) for pod in pods.values())
    # Sampled against one clock, both sides have no error between them; else it is not known.
    same = len(pods) > 1 and len(clocks) == 1
    sync = SyncUncertainty(np.array([first_s, end_s]), np.zeros(2)) if same else NO_SYNC
    return Recording(pods, end_s, exercise, sync)


def imported_session(
    path: Path,
    recording: Recording,
    settings: Settings,
    movements: Sequence[Movement] | None = None,
    started: datetime | None = None,
    placement: str = "",
) -> AnalyzedSession:
    """Measure an imported recording, so that all that is done with a session can be done with it.

    Parameters
    ----------
    path : Path
        What was imported.
    recording : Recording
    settings : Settings
    movements : sequence of Movement, optional
        Where its repetitions are; found by the motion of both sides, when not given.
    started : datetime, optional
    placement : str
        Of the electrodes, in words.
    """
    at = started or datetime.fromtimestamp(path.stat().st_mtime, UTC)
    meta = SessionMeta(
        exercise=recording.exercise,
        started_utc=at if at.tzinfo else at.replace(tzinfo=UTC),
        started_host_ns=0,
        host_clock="",
        versions={},
        ended=True,
        placement=placement or "as recorded",
    )
    measures = measure_set(recording, settings, movements=movements)
    return AnalyzedSession(path, meta, (), recording, measures, settings, None)


def _pod(
    file: ForeignFile, side: Side, of: SideChannels, units: Mapping[Quantity, str]
) -> PodRecord:
    emg, gaps = _emg(file, of.emg, units)
    there = int(np.count_nonzero(np.isfinite(emg.uv)))
    return PodRecord(
        side=side,
        emg=emg,
        imu=_imu(file, of, units),
        gaps=gaps,
        samples_sent=len(emg.uv),
        samples_received=there,
        samples_lost=len(emg.uv) - there,
        info={"imported_from": file.kind, "channel": of.emg},
    )


def _emg(
    file: ForeignFile, name: str, units: Mapping[Quantity, str]
) -> tuple[EmgRecord, tuple[Gap, ...]]:
    channel = file.channel(name)
    time_s, values = channel.load()
    there = np.isfinite(values)
    if np.count_nonzero(there) < _FEWEST:
        n = int(np.count_nonzero(there)) or "no"
        raise RecordingFileError(
            file.path, f'"{name}" has {n} sample{"s" * (n != 1)}; {_FEWEST} at least are needed.'
        )
    values = np.where(there, values, np.nan)  # infinite: not measured either
    kept = slice(int(np.argmax(there)), len(there) - int(np.argmax(there[::-1])))
    time_s, values = time_s[kept], values[kept]
    fs_hz = _rate_hz(time_s)
    if fs_hz <= 2 * HIGH_HZ:
        raise RecordingFileError(
            file.path,
            f'"{name}" has {fs_hz:.4g} samples a second. EMG up to {HIGH_HZ:g} Hz is measured, '
            f"which needs more than {2 * HIGH_HZ:g}. Give the raw EMG, not an envelope of it.",
        )
    known = values[np.isfinite(values)]
    low, high = float(known.min()), float(known.max())
    if low == high:  # + 0.0: zero has no sign
        raise RecordingFileError(
            file.path, f'"{name}" is {low + 0.0:g} all the time: nothing to measure.'
        )
    if low >= 0 and float(np.median(known)) - low < _RECTIFIED * float(known.std()):
        raise RecordingFileError(
            file.path,
            f'"{name}" is rectified or an envelope: it is never negative and mostly near its '
            "lowest value. Give the raw EMG.",
        )
    uv = values * factor_to("emg", units.get("emg") or channel.unit, file.path, name)
    missing = np.isnan(uv)
    gaps = tuple(
        Gap(float(time_s[start]), float(time_s[stop - 1]), stop - start, _MISSING)
        for start, stop in runs(missing)
    )
    none = np.zeros(len(uv), bool)
    record = EmgRecord(fs_hz, time_s, uv, np.arange(len(uv)), none, _at_rail(values, low, high))
    return record, gaps


def _imu(file: ForeignFile, of: SideChannels, units: Mapping[Quantity, str]) -> ImuRecord:
    if of.accel is None or of.gyro is None:
        return join_imu([], _IMU_HZ)
    vectors: list[NDArray[np.float64]] = []
    times: list[NDArray[np.float64]] = []
    quantities: tuple[tuple[Quantity, tuple[str, str, str]], ...] = (
        ("accel", of.accel),
        ("gyro", of.gyro),
    )
    for quantity, names in quantities:
        columns: list[NDArray[np.float64]] = []
        for name in names:
            channel = file.channel(name)
            time_s, values = channel.load()
            unit = units.get(quantity) or channel.unit
            columns.append(values * factor_to(quantity, unit, file.path, name))
            times.append(time_s)
        if len({len(column) for column in columns}) > 1:
            raise RecordingFileError(
                file.path, f"{', '.join(names)} differ in length: they must be of one sensor."
            )
        vectors.append(np.column_stack(columns))
    accel, gyro = vectors
    if len(accel) != len(gyro) or not np.array_equal(times[0], times[3]):
        # Sampled apart: what is made of both, the direction of gravity, is as slow as the body.
        gyro = np.column_stack([np.interp(times[0], times[3], gyro[:, i]) for i in range(3)])
    return ImuRecord(_rate_hz(times[0]), times[0], accel, gyro)


def _rate_hz(time_s: NDArray[np.float64]) -> float:
    span_s = float(time_s[-1] - time_s[0]) if len(time_s) > 1 else 0.0
    return (len(time_s) - 1) / span_s if span_s > 0 else 0.0


def _at_rail(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.bool_]:
    """Return where a signal stays at the very end of its range: there it was cut off."""
    cut_off = np.zeros(len(values), bool)
    for end in (low, high):
        for start, stop in runs(values == end):
            cut_off[start:stop] |= stop - start >= _RAIL_SAMPLES
    return cut_off
