"""A sound after a repetition whose sides differ by more than noise: which side was lower."""

from __future__ import annotations

from glutesym.gui.sounds import Sounds
from glutesym.live_state import LiveState
from glutesym.measures import RepMeasure, Side

MEANS = "one low tone: left lower, two high ones: right lower"


def lower_side(rep: RepMeasure) -> Side | None:
    """Return which side of a repetition was lower by more than noise; None: neither."""
    index, noise = rep.symmetry_index_pct, rep.symmetry_index_noise_pct
    if rep.excluded or index is None or noise is None or abs(index) <= noise:
        return None
    return "left" if index > 0 else "right"


class SoundCue:
    """Plays what a new repetition calls for.

    Parameters
    ----------
    sounds : Sounds
    on : bool
    """

    def __init__(self, sounds: Sounds, on: bool) -> None:
        self.on = on
        self._sounds = sounds
        self._heard = 0  # the number of the last repetition that was looked at

    def show_state(self, state: LiveState) -> None:
        """Look at a snapshot; what was there before it was switched on stays silent."""
        newest = state.reps[-1] if state.reps else None
        if newest is None or newest.number == self._heard:
            return
        self._heard = newest.number
        side = lower_side(newest)
        if self.on and side is not None:
            self._sounds.play("left lower" if side == "left" else "right lower")
