"""The highest activation of each side, of the session or since it was last forgotten."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glutesym.live_state import CERTAIN_AFTER_S, LiveState, SideLive
from glutesym.measures import SIDES, Side


class PeakHold:
    """Puts peaks into snapshots: the session's own until they are forgotten, then newer ones."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._from_s: float | None = None
        self._peaks_uv: dict[Side, float] = {}

    def forget(self) -> None:
        """Begin anew with what follows the newest snapshot."""
        self._from_s = self._now_s
        self._peaks_uv = {side: float("nan") for side in SIDES}

    def seen(self, state: LiveState) -> LiveState:
        """Take in a snapshot and return it with the peaks to show."""
        self._now_s = state.time_s
        if self._from_s is None:
            return state
        since_s = self._from_s
        shown = {side: self._shown(side, live, since_s) for side, live in state.sides.items()}
        return replace(state, sides=shown)

    def _shown(self, side: Side, live: SideLive, since_s: float) -> SideLive:
        # What was before is not drawn: it would leave the scale.
        uv = np.where(live.envelope_time_s >= since_s, live.envelope_uv, np.nan)
        certain = live.envelope_time_s <= live.envelope_time_s[-1:] - CERTAIN_AFTER_S
        peak_uv = float(np.fmax.reduce(uv[certain], initial=self._peaks_uv[side]))
        self._peaks_uv[side] = peak_uv
        return replace(live, peak_uv=peak_uv, envelope_uv=uv)
