"""Frames that follow those of a run in order: samples on the clocks that the run has already.

Live, that is nearly all of them. What is not that simple has to be put together anew.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.capture_run import Run
from glutesym.clock import ticks_before_us
from glutesym.decode import Frames
from glutesym.frame_samples import FrameSamples, emg_record, imu_record
from glutesym.recording import EmgRecord, ImuRecord

_KEEPS_PACE_S = 0.1  # by which a sample may miss the time that those before it let expect


class Continuation:
    """Goes on where a run ended.

    Parameters
    ----------
    run : Run
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._newest_us = run.newest_ticks_us
        samples = (run.emg_samples, run.imu_samples)
        self._ends = tuple(of_kind.end if of_kind else -1 for of_kind in samples)

    def take(self, frames: Frames) -> tuple[EmgRecord | None, ImuRecord | None] | None:
        """Return the samples of frames that follow on.

        Parameters
        ----------
        frames : Frames
            In order of arrival.

        Returns
        -------
        (emg, imu) or None
            Each None when no frame holds any. None for both when frames belong to another run,
            are older, lie, leave a gap, or when a clock does not keep pace.
        """
        run = self._run
        if frames.bad or np.any(frames.status["run"] != run.number):
            return None
        before = run.emg_samples, run.imu_samples
        kinds = frames.emg, frames.imu
        if not all(map(self._follows, kinds, before, self._ends)):
            return None
        emg, imu = (
            FrameSamples(records, of_kind.pod_s) if of_kind and len(records) else None
            for records, of_kind in zip(kinds, before, strict=True)
        )
        self._ends = emg.end if emg else self._ends[0], imu.end if imu else self._ends[1]
        for records in (frames.emg, frames.imu):
            self._newest_us = int(self._sent_us(records).max(initial=self._newest_us))
        host_s = run.clock.host_s
        return (
            emg and emg_record(emg, host_s, run.emg_delay_samples),
            imu and imu_record(imu, host_s),
        )

    def _follows(self, records: NDArray[np.void], before: FrameSamples | None, end: int) -> bool:
        """Whether frames of one kind follow on those before, which end before an index."""
        if not len(records):
            return True
        if before is None or np.any(records["run"] != self._run.number):
            return False
        first = records["first_index"].astype(np.int64)
        ends = first + records["count"]
        if first[0] != end or np.any(first[1:] != ends[:-1]):
            return False
        at_s = ticks_before_us(self._sent_us(records), records["anchor_ticks_us"]) / 1e6
        late_s = at_s - before.pod_s(records["anchor_index"].astype(np.float64) - 1)
        return not np.any(np.abs(late_s) > _KEEPS_PACE_S)

    def _sent_us(self, records: NDArray[np.void]) -> NDArray[np.int64]:
        """Return unwrapped ticks of sending, within half a period of the newest."""
        half_us = wire.TICKS_PERIOD_US // 2
        since_us = records["tx_ticks_us"].astype(np.int64) - self._newest_us
        return self._newest_us + (since_us + half_us) % wire.TICKS_PERIOD_US - half_us
