"""An IIR filter over a stream with gaps: what the band-pass and the notch share."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from glutesym.dsp.runs import runs


class GapAwareSos:
    """Causal second-order sections whose state is carried from block to block.

    A gap (NaN) ends the state. After it, and at the start of the stream, the filter starts as if
    the first sample had lasted for ever, and its output is NaN until that guess has died away.

    Parameters
    ----------
    sos : (n_sections, 6)
    settle : int
        Samples of output withheld after each start.
    """

    def __init__(self, sos: NDArray[np.float64], settle: int) -> None:
        self._sosfilt = scipy.signal.sosfilt
        self._sos = sos
        self._rest_state: NDArray[np.float64] = scipy.signal.sosfilt_zi(sos)
        self._settle = settle
        self._state: NDArray[np.float64] | None = None
        self._unsettled = settle

    def process(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter the next samples.

        Parameters
        ----------
        block : (n,) NaN where a sample is missing; ``n`` may be 0

        Returns
        -------
        (n,) NaN in gaps and where the filter has not settled
        """
        out = np.full(len(block), np.nan)
        position = 0
        for start, stop in runs(np.isfinite(block)):
            if start > position or self._state is None:
                self._state = self._rest_state * block[start]
                self._unsettled = self._settle
            out[start:stop], self._state = self._sosfilt(
                self._sos, block[start:stop], zi=self._state
            )
            withheld = min(self._unsettled, stop - start)
            out[start : start + withheld] = np.nan
            self._unsettled -= withheld
            position = stop
        if position < len(block):
            self._state = None
        return out
