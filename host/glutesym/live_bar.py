"""The newest seconds of one side's envelope, causal and sample by sample: what a bar shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.decode import emg_counts
from glutesym.dsp.notch import SETTLE_S as NOTCH_SETTLE_S
from glutesym.dsp.runs import runs
from glutesym.live_state import CERTAIN_AFTER_S
from glutesym.one_rep import Settings
from glutesym.pipeline import LiveEnvelope
from glutesym.recording import EmgRecord

ENVELOPE_S = 10.0  # what the window shows
_ENVELOPE_HZ = 50.0
TRACE_S = 4.0  # of the EMG itself
_TRACE_HZ = 250.0
_SETTLE_S = 0.5  # the filters, after a gap
_DETUNED = 2e-4  # of the rate: so far off, a notch begins to miss the hum


class LiveBar:
    """The envelope of one side, carried on frame by frame.

    What is measured while an electrode is off or the front end clips, shortly before, and until
    the filters have settled after it, is left out.

    Parameters
    ----------
    nominal_hz : float
    time_s : float
        Session time of the first frame's arrival.
    settings : Settings
        Of the filters.
    """

    def __init__(self, nominal_hz: float, time_s: float, settings: Settings) -> None:
        settle_s = _SETTLE_S + (NOTCH_SETTLE_S if settings.mains_hz else 0.0)
        self._size = round((ENVELOPE_S + settle_s) * nominal_hz)
        self._nominal_hz = self._rate_hz = nominal_hz
        self._settings = settings
        self._filter = LiveEnvelope(nominal_hz, settings)
        self._filter_hz = nominal_hz
        self._buffer_uv = np.full(2 * self._size, np.nan)  # moved back when it is full
        self._filled = self._size  # of the buffer
        self._band_uv = np.full(round((TRACE_S + 1 / _TRACE_HZ) * nominal_hz), np.nan)
        self._end: int | None = None  # one more than the newest sample's index
        self._passed_over = False  # older frames
        self._drawn: tuple[NDArray[np.float64], ...] | None = None  # until something changes
        self._uncertain = round(CERTAIN_AFTER_S * nominal_hz)  # samples
        self.newest_s = time_s  # session time of the newest sample
        self.peak_uv = float("nan")  # of what is certain

    @property
    def end(self) -> int:
        """One more than the newest sample's index."""
        return self._end or 0

    @property
    def activation_uv(self) -> float:
        """The newest value."""
        return float(self._buffer_uv[self._filled - 1])

    @property
    def _envelope_uv(self) -> NDArray[np.float64]:
        """The newest values, as many as are kept."""
        return self._buffer_uv[self._filled - self._size : self._filled]

    def add(self, frame: NDArray[np.void]) -> bool:
        """Carry on by one frame, (1,); False when it is older than what was there before."""
        record = frame[0]
        first, count = int(record["first_index"]), int(record["count"])
        if self._end is None:
            self._end = first
            self.newest_s -= count / self._rate_hz
        if first < self._end:
            self._passed_over = True
            return False
        self._drawn = None
        gap = first - self._end
        uv = np.full(min(gap, self._size) + count, np.nan)
        if record["lead_off"] or record["flags"] & wire.FLAG_CLIPPED:
            # It is no muscle's, nor is what came just before: it must not ring in what follows.
            self._forget_newest()
        else:
            uv[len(uv) - count :] = emg_counts(frame)[0, :count] * (int(record["lsb_pv"]) * 1e-6)
        self._end += gap + count
        self.newest_s += (gap + count) / self._rate_hz
        new_uv = self._filter.process(uv)
        if self._filled + len(new_uv) > len(self._buffer_uv):
            self._buffer_uv[: self._size] = self._envelope_uv
            self._filled = self._size
        new_uv = new_uv[-self._size :]
        self._buffer_uv[self._filled : self._filled + len(new_uv)] = new_uv
        self._filled += len(new_uv)
        self._show_band()
        self._hold_peak(len(new_uv))
        return True

    def correct(self, emg: EmgRecord, since: Sequence[NDArray[np.void]] = ()) -> None:
        """Show decoded samples, whatever order they came in, at the times that they have now.

        Parameters
        ----------
        emg : EmgRecord
        since : sequence of (1,) structured arrays
            Frames that have been added, but are not in it.
        """
        self._drawn = None
        end = int(emg.index[-1]) + 1
        self._rate_hz = emg.fs_hz
        detuned = abs(emg.fs_hz / self._filter_hz - 1) > _DETUNED
        if detuned and self._settings.mains_hz:
            self._filter_hz, self._passed_over = emg.fs_hz, True
        if self._passed_over or end != (since[0]["first_index"][0] if since else self._end):
            newest = slice(-self._size, None)
            unusable = emg.lead_off[newest] | emg.clipped[newest]
            for start, _ in runs(unusable):
                unusable[max(start - self._uncertain, 0) : start] = True
            uv = np.full(self._size, np.nan)
            uv[self._size - len(unusable) :] = np.where(unusable, np.nan, emg.uv[newest])
            self._filter = LiveEnvelope(self._filter_hz, self._settings)
            self._buffer_uv[: self._size] = self._filter.process(uv)
            self._filled = self._size
            self._show_band()
            self._hold_peak(self._size)
            self._end, self._passed_over = end, False
            self.newest_s = float(emg.time_s[-1])
            for frame in since:
                self.add(frame)
        else:
            self.newest_s = float(emg.time_s[-1]) + (self.end - end) / emg.fs_hz

    def _hold_peak(self, fresh: int) -> None:
        """Take in what has become certain by so many new samples."""
        certain_uv = self._envelope_uv[-self._uncertain - fresh : -self._uncertain]
        self.peak_uv = float(np.fmax.reduce(certain_uv, initial=self.peak_uv))

    def _forget_newest(self) -> None:
        """Leave out what is not certain yet."""
        self._envelope_uv[-self._uncertain :] = np.nan
        self._band_uv[-self._uncertain :] = np.nan

    def _show_band(self) -> None:
        """Take over what the filter has just let through."""
        band_uv = self._filter.band_uv[-len(self._band_uv) :]
        self._band_uv = np.concatenate([self._band_uv[len(band_uv) :], band_uv])

    def drawn(self) -> tuple[NDArray[np.float64], ...]:
        """Return `points` and `trace`; the same arrays as long as nothing has changed."""
        if self._drawn is None:
            self._drawn = (*self.points(), *self.trace())
        return self._drawn

    def points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return session times and values of the envelope as it is drawn."""
        step = round(self._nominal_hz / _ENVELOPE_HZ)
        first = self.end - round(ENVELOPE_S * self._nominal_hz)
        before = np.arange(first + -first % step - self.end, 0, step)  # the same ones every time
        uv = self._envelope_uv[before[0] :: step].copy()
        return self.newest_s + (before + 1) / self._rate_hz, uv

    def trace(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return session times, least and most of the band-passed EMG in steps of 4 ms."""
        step = round(self._nominal_hz / _TRACE_HZ)
        n = round(TRACE_S * _TRACE_HZ)
        after = (self._end or 0) % step  # samples of a step that is not complete
        stop = len(self._band_uv) - after
        part_uv = self._band_uv[max(stop - n * step, stop % step) : stop]
        steps_uv = np.ascontiguousarray(part_uv.reshape(-1, step).T)  # quicker than along rows
        middles = np.arange(-steps_uv.shape[1], 0) * step + (0.5 * (step + 1) - after)
        time_s = self.newest_s + middles * (1 / self._rate_hz)
        low_uv: NDArray[np.float64] = steps_uv.min(axis=0)
        high_uv: NDArray[np.float64] = steps_uv.max(axis=0)
        return time_s.astype(np.float64), low_uv, high_uv
