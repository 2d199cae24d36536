"""Power of a muscle's signal over time, in all and in a few bands: what all else is made of.

A recording is worked through in tiles of about two seconds. A tile depends on nothing but the
samples in it and shortly beside it, and its bounds on nothing but the pod's sample index. So the
last seconds of a running session and a whole recording give the same numbers, and each sample is
filtered once, however many repetitions look at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from glutesym.dsp.bandpass import HIGH_HZ, LOW_HZ, SETTLE_S, bandpass_sos
from glutesym.dsp.notch import SETTLE_S as NOTCH_SETTLE_S
from glutesym.dsp.notch import Notch
from glutesym.dsp.runs import runs
from glutesym.recording import EmgRecord

ROW_S = 0.004  # between two values; rounded to whole samples
ROWS_A_WINDOW = 4  # Hann, 16 ms; its bands are 62.5 Hz apart: seven between 20 and 450 Hz
ROWS_A_BLOCK = 32  # 0.13 s: the mean of this many is known well enough to be called quiet or not

LEAD_S = 5.0  # beside a stretch: what lies further away changes nothing in it

_ROWS_A_TILE = 512
_AT_ONCE = 1 << 16  # samples: fit into a cache


@dataclass(frozen=True)
class PowerRows:
    """A stretch of rows. NaN: a sample is missing, or the filter has not settled."""

    time_s: NDArray[np.float64]  # (m,) session time of each row's middle
    bands: NDArray[np.float64]  # (m, n_bands) squared µV
    total: NDArray[np.float64]  # (m,) squared µV within 20–450 Hz: means of consecutive samples


class MusclePower:
    """Power of one EMG record, computed where it is asked for and then kept.

    Parameters
    ----------
    emg : EmgRecord
        Samples with an electrode off or the converter at its rail count as missing.
    mains_hz : float, optional
        50 or 60: take hum out first, with a causal notch.

    Raises
    ------
    ValueError
        The arrays differ in length, or the rate is too low for the band.
    """

    def __init__(self, emg: EmgRecord, mains_hz: float | None = None) -> None:
        n = len(emg.time_s)
        if not n == len(emg.uv) == len(emg.lead_off) == len(emg.clipped) == len(emg.index):
            raise ValueError(
                "the arrays of an EMG record must have one length; found "
                f"time_s {n}, uv {len(emg.uv)}, index {len(emg.index)}, "
                f"lead_off {len(emg.lead_off)}, clipped {len(emg.clipped)}"
            )
        self._emg, self._mains_hz = emg, mains_hz
        self._hop = max(1, round(ROW_S * emg.fs_hz))
        self._window = ROWS_A_WINDOW * self._hop
        rate_hz = round(emg.fs_hz, 1)  # pods' rates differ in every digit: 0.05 ‰ moves no band
        self._sos, self._steady = _filter(rate_hz)
        self._settle = round((SETTLE_S + (NOTCH_SETTLE_S if mains_hz else 0.0)) * emg.fs_hz)
        self._to_bands, self._delay_s = _to_bands(self._window, rate_hz)
        self._frame = len(self._to_bands)  # samples that a row is made of
        self._tiles, self._first_sample = self._laid_out()
        m, n_bands = len(self._first_sample), self._to_bands.shape[1] // 2
        self._known = np.zeros(len(self._tiles), bool)
        self._bands = np.empty((m, n_bands))
        self._total = np.empty(m)
        self._tile_begins = np.array([tile.first_row for tile in self._tiles], np.int64)
        # Blocks, (tiles, blocks a tile): they lie on a tile's grid, and some of them not in it.
        blocks = (len(self._tiles), _ROWS_A_TILE // ROWS_A_BLOCK)
        grid = np.array([(t.grid_row, t.first_row, t.last_row) for t in self._tiles], np.int64)
        first, begin, end = grid.reshape(-1, 3).T[..., None]
        self._block_begins = first + ROWS_A_BLOCK * np.arange(blocks[1])
        self._is_block = self._block_begins >= begin
        self._is_block &= self._block_begins + ROWS_A_BLOCK <= end
        self._block_bands = np.empty((*blocks, n_bands))
        self._block_total = np.empty(blocks)

    @property
    def row_s(self) -> float:
        """Time between two rows."""
        return self._hop / self._emg.fs_hz

    @property
    def block_samples(self) -> int:
        """Samples a block."""
        return ROWS_A_BLOCK * self._hop

    @property
    def cells_a_row(self) -> float:
        """Independent complex values a band and row: its time times its bandwidth."""
        return self.row_s * (HIGH_HZ - LOW_HZ) / self._bands.shape[1]

    def between(self, start_s: float, end_s: float) -> PowerRows:
        """Return the rows whose middle lies in a stretch of session time."""
        rows = self._rows(start_s, end_s)
        self._compute(rows)
        return PowerRows(self._middle_s(rows), self._bands[rows], self._total[rows])

    def blocks_between(
        self, start_s: float, end_s: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        """Return means over whole blocks in a stretch, and each one's first sample.

        (k, n_bands) by band and (k,) in all, squared µV, maybe NaN; (k,) positions in the record.
        """
        rows = self._rows(start_s, end_s)
        tiles = self._compute(rows)
        first_rows = self._block_begins[tiles]
        there = (first_rows >= rows.start) & (first_rows + ROWS_A_BLOCK <= rows.stop)
        there &= self._is_block[tiles]
        sample = self._first_sample[first_rows[there]]
        return self._block_bands[tiles][there], self._block_total[tiles][there], sample

    def _laid_out(self) -> tuple[list[_Tile], NDArray[np.int64]]:
        """Return the tiles, and every row's first sample.

        Rows begin at whole multiples of the hop in the pod's own count of samples. A break in that
        count is a break in time.
        """
        index = self._emg.index
        size = _ROWS_A_TILE * self._hop
        counted = np.empty(max(len(index) - 1, 0), bool)
        for start in range(0, len(counted), _AT_ONCE):  # all at once take three times as long
            part = index[start : start + _AT_ONCE + 1]
            ones = (part[1:] - part[:-1] == 1) & (part[:-1] >= 0)  # blanks are −1
            counted[start : start + len(ones)] = ones
        tiles: list[_Tile] = []
        first_samples: list[NDArray[np.int64]] = []
        n_rows = 0
        for begin, end in ((a, b + 1) for a, b in runs(counted)):
            offset = int(-index[begin] % self._hop)
            count = (end - begin - offset - self._frame) // self._hop + 1
            if count < 1:
                continue
            first = begin + offset
            first_samples.append(first + self._hop * np.arange(count))
            number = int(index[first]) // size
            row = 0
            while row < count:
                grid_sample = begin + number * size - int(index[begin])
                skipped = (first + row * self._hop - grid_sample) // self._hop
                stop = min(count, row + _ROWS_A_TILE - skipped)
                tiles.append(
                    _Tile(n_rows + row, n_rows + stop, n_rows + row - skipped, grid_sample,
                          begin, end)
                )  # fmt: skip
                row, number = stop, number + 1
            n_rows += count
        return tiles, np.concatenate(first_samples) if first_samples else np.empty(0, np.int64)

    def _middle_s(self, rows: slice) -> NDArray[np.float64]:
        middle = self._first_sample[rows] + self._window // 2
        half_s = 0.5 / self._emg.fs_hz
        return self._emg.time_s[middle] - half_s - self._delay_s

    def _rows(self, start_s: float, end_s: float) -> slice:
        shift_s = self._delay_s + 0.5 / self._emg.fs_hz
        samples = np.searchsorted(self._emg.time_s, (start_s + shift_s, end_s + shift_s))
        first, last = np.searchsorted(self._first_sample, samples - self._window // 2)
        return slice(int(first), int(max(first, last)))

    def _compute(self, rows: slice) -> slice:
        """Have some rows computed, and return their tiles."""
        if rows.stop <= rows.start:
            return slice(0, 0)
        first = int(np.searchsorted(self._tile_begins, rows.start, "right")) - 1
        last = int(np.searchsorted(self._tile_begins, rows.stop, "left"))
        for number in range(first, last):
            if not self._known[number]:
                self._compute_tile(number)
                self._known[number] = True
        return slice(first, last)

    def _compute_tile(self, number: int) -> None:
        tile = self._tiles[number]
        hop, frame = self._hop, self._frame
        size = _ROWS_A_TILE * hop
        # What is filtered: samples of the tile, what its last windows reach, and a lead to settle.
        begin = max(tile.begin, tile.grid_sample - self._settle)
        end = min(tile.end, tile.grid_sample + size + frame)
        emg = self._emg
        usable = ~(emg.lead_off[begin:end] | emg.clipped[begin:end])
        uv = emg.uv[begin:end]
        if not (usable.all() and np.isfinite(uv).all()):
            uv = np.where(usable, uv, np.nan)
        filtered = np.zeros(size + frame)
        valid = np.zeros(size + frame, bool)
        for start, stop in runs(np.isfinite(uv)):
            settled = min(start + self._settle, stop)
            from_ = max(settled, tile.grid_sample - begin)
            if from_ >= stop:
                continue
            whole = self._filtered(uv[start:stop])
            to = begin - tile.grid_sample
            filtered[to + from_ : to + stop] = whole[from_ - start :]
            valid[to + from_ : to + stop] = True
        squares = (_every(hop, filtered, frame) @ self._to_bands) ** 2
        n_bands = self._bands.shape[1]
        bands = squares[:, :n_bands] + squares[:, n_bands:]
        middle = (self._window - hop) // 2
        of_rows = filtered[middle : middle + size].reshape(-1, hop)
        total = np.einsum("ij,ij->i", of_rows, of_rows) / hop
        if not valid.all():
            bad = np.flatnonzero(~_every(hop, valid, frame).all(axis=1))
            bands[bad] = np.nan
            total[bad] = np.nan
        n_blocks = self._block_total.shape[1]
        self._block_bands[number] = bands.reshape(n_blocks, ROWS_A_BLOCK, -1).mean(axis=1)
        self._block_total[number] = total.reshape(n_blocks, ROWS_A_BLOCK).mean(axis=1)
        of = slice(tile.first_row - tile.grid_row, tile.last_row - tile.grid_row)
        self._bands[tile.first_row : tile.last_row] = bands[of]
        self._total[tile.first_row : tile.last_row] = total[of]

    def _filtered(self, uv: NDArray[np.float64]) -> NDArray[np.float64]:

        if self._mains_hz:
            uv = np.nan_to_num(Notch(self._emg.fs_hz, self._mains_hz).process(uv))
        return np.asarray(scipy.signal.sosfilt(self._sos, uv, zi=self._steady * uv[0])[0])


@dataclass(frozen=True)
class _Tile:
    first_row: int
    last_row: int  # exclusive
    grid_row: int  # where its first row would be if it were whole
    grid_sample: int  # and that row's first sample
    begin: int  # samples of the stretch without a break that it lies in
    end: int


@lru_cache(maxsize=16)
def _filter(fs_hz: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the band-pass and its state after a constant input of 1."""
    sos = bandpass_sos(fs_hz)
    return sos, np.asarray(scipy.signal.sosfilt_zi(sos), np.float64)


def _every(hop: int, x: NDArray[Any], frame: int) -> NDArray[Any]:
    """Return the frames of a tile, one every hop, (rows, frame)."""
    return sliding_window_view(x, frame)[: _ROWS_A_TILE * hop : hop]


@lru_cache(maxsize=16)
def _to_bands(window: int, fs_hz: float) -> tuple[NDArray[np.float64], float]:
    """Return the matrix from samples to bands, and the delay, seconds, that they are left with.

    Real parts and imaginary parts of each band, (frame, 2·n_bands). Scaled so that the power of
    white noise of unit variance is its share of each band. The filter delays the lowest band by
    3.5 ms more than the middle ones: its window lies later in the frame by that, and so on, so
    that what happens at once is seen at once.
    """
    samples = np.arange(window)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * (samples + 0.5) / window)
    bins = np.arange(window // 2 + 1)
    inside = bins[(bins * fs_hz / window > LOW_HZ) & (bins * fs_hz / window < HIGH_HZ)]
    phase = 2 * np.pi * np.outer(samples, inside) / window
    scaled = np.sqrt(2 / (window * (hann @ hann))) * hann[:, None]
    kernels = np.hstack((scaled * np.cos(phase), scaled * np.sin(phase)))

    # A burst's energy is late by the group delay, averaged over what the band has let through.
    f_hz = np.arange(1.0, fs_hz / 2)
    response = np.asarray(
        scipy.signal.sosfreqz(bandpass_sos(fs_hz), f_hz, fs=fs_hz)[1], np.complex128
    )
    group_delay = -np.gradient(np.unwrap(np.angle(response)), f_hz) * fs_hz / (2 * np.pi)
    seen = np.exp(-2j * np.pi * np.outer(f_hz / fs_hz, samples)) @ kernels
    weight = np.abs(seen * response[:, None]) ** 2
    of_kernels = np.asarray(group_delay @ weight / weight.sum(axis=0), np.float64)  # samples
    late = of_kernels.reshape(2, -1).mean(axis=0)

    begin = np.round(late - late.min()).astype(np.int64)
    matrix = np.zeros((window + begin.max(), kernels.shape[1]))
    for column, from_ in enumerate(np.tile(begin, 2)):
        matrix[from_ : from_ + window, column] = kernels[:, column]
    return matrix, float(late.min() / fs_hz)
