"""The last minute of both pods on session time, carried on by what arrives.

Frames that follow on are decoded once, on clocks that were fitted a moment ago. Every few seconds,
and at anything else (older frames, a gap, another run), all that is kept is put together anew, by
what decodes a stored session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from glutesym.assemble import assemble_runs, recording_of
from glutesym.capture_run import Run
from glutesym.continuation import Continuation
from glutesym.decode import Frames
from glutesym.live_clock import MOST_AGE_S, KeptClocks
from glutesym.live_pod import LivePod
from glutesym.measures import Side
from glutesym.recording import EmgRecord, Gap, ImuRecord, PodRecord, Recording, array_names

_ANEW_EVERY_NS = 500_000_000  # at most
_ROOM_S = 1.5 * MOST_AGE_S  # a record may grow by this until then
_Record = TypeVar("_Record", EmgRecord, ImuRecord)


class LiveRecording:
    """Puts together what is kept of both pods.

    Parameters
    ----------
    t0_host_ns : int
        Host time of session time 0.
    exercise : str
    """

    def __init__(self, t0_host_ns: int, exercise: str = "") -> None:
        self._t0_host_ns = t0_host_ns
        self._exercise = exercise
        self._clocks = KeptClocks()
        self._next_anew_ns = t0_host_ns
        self._pods: dict[Side, _GrowingPod] = {}
        self.behind = True  # something has come that is not in it
        self.now: Recording | None = None  # another one when there is something new in it

    def update(self, pods: Mapping[Side, LivePod], now_ns: int, anew: bool = False) -> bool:
        """Take in what has come.

        Parameters
        ----------
        pods : mapping of side to LivePod
        now_ns : int
            Host time.
        anew : bool
            Put all together anew, whatever it is that has come.

        Returns
        -------
        bool
            Whether all was put together anew.
        """
        fresh: dict[Side, Frames] = {side: pod.fresh() for side, pod in pods.items()}
        self.behind = self.behind or not all(
            self._carry_on(side, frames) for side, frames in fresh.items()
        )
        old = self._is_old(pods)
        if old:
            self._clocks.forget()  # both, so that they are fitted at the same time
        if anew or (now_ns >= self._next_anew_ns and (self.behind or old)):
            self._next_anew_ns = now_ns + _ANEW_EVERY_NS
            self._put_together(pods)
            return True
        if not self.behind and self.now is not None and any(map(len, fresh.values())):
            records = {side: pod.record for side, pod in self._pods.items()}
            ends_s = [float(r.emg.time_s[-1]) for r in records.values() if len(r.emg.time_s)]
            self.now = replace(self.now, pods=records, duration_s=max(ends_s, default=0.0))
        return False

    def _carry_on(self, side: Side, frames: Frames) -> bool:
        """Take in frames; False when they do not follow on."""
        return not len(frames) or (side in self._pods and self._pods[side].take(frames))

    def _is_old(self, pods: Mapping[Side, LivePod]) -> bool:
        """Whether a clock is to be fitted anew."""
        return any(
            self._clocks.is_old(side, (pod.rows[-1][0] - self._t0_host_ns) / 1e9)
            for side, pod in pods.items()
            if pod.rows
        )

    def _put_together(self, pods: Mapping[Side, LivePod]) -> None:
        inputs = [pod.input(side) for side, pod in pods.items() if pod.rows]
        runs = assemble_runs(inputs, self._t0_host_ns, self._clocks)
        self.now = recording_of(inputs, runs, self._exercise)
        self._pods = {
            side: _GrowingPod(self.now.pods[side], of_pod[-1])
            for side, of_pod in runs.items()
            if of_pod
        }
        self.behind = False


class _GrowingPod:
    """One pod's record, and what follows on it."""

    def __init__(self, record: PodRecord, run: Run) -> None:
        self._record = record
        self._following = Continuation(run)
        self._emg, self._imu = _Growing(record.emg), _Growing(record.imu)

    def take(self, frames: Frames) -> bool:
        """Take in frames; False when they do not follow on."""
        found = self._following.take(frames)
        return found is not None and self._emg.add(found[0]) and self._imu.add(found[1])

    @property
    def record(self) -> PodRecord:
        """All there is now."""
        return replace(
            self._record,
            emg=self._emg.record,
            imu=self._imu.record,
            gaps=self._emg.gaps(self._record.gaps),
            imu_gaps=self._imu.gaps(self._record.imu_gaps),
        )


class _Growing(Generic[_Record]):
    """Samples with room for those that follow."""

    def __init__(self, record: _Record) -> None:
        self._before = record
        self._size = len(record.time_s)
        self._arrays: dict[str, NDArray[Any]] = {}  # none until something follows

    def add(self, more: _Record | None) -> bool:
        """Add samples; False when there is no room for them."""
        if more is None:
            return True
        if not self._arrays:
            room = round(_ROOM_S * self._before.fs_hz)
            self._arrays = {
                name: _with_room(getattr(self._before, name), room)
                for name in array_names(self._before)
            }
        size = self._size + len(more.time_s)
        for name, array in self._arrays.items():
            if size > len(array):
                return False
            array[self._size : size] = getattr(more, name)
        self._size = size
        return True

    @property
    def record(self) -> _Record:
        """All there is now."""
        if not self._arrays:
            return self._before
        return replace(self._before, **{n: a[: self._size] for n, a in self._arrays.items()})

    def gaps(self, before: tuple[Gap, ...]) -> tuple[Gap, ...]:
        """Return gaps without what was missing at the end and has followed since."""
        if not self._arrays:
            return before
        end_s = float(self._before.time_s[-1])
        return tuple(gap for gap in before if gap.start_s < end_s)


def _with_room(array: NDArray[Any], room: int) -> NDArray[Any]:
    roomy = np.empty((len(array) + room, *array.shape[1:]), array.dtype)
    roomy[: len(array)] = array
    return roomy
