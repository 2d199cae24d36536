"""The answer in words: how many repetitions, which side is lower, which side is later."""

from __future__ import annotations

from glutesym import wording
from glutesym.gui import text, theme
from glutesym.gui.card import Card
from glutesym.gui.qt import QtWidgets
from glutesym.live_state import LiveState
from glutesym.measures import SIDES

_ACTIVATION_SAMPLE = "Right mean 888 µV (95 % CI 888…888)"  # keeps both sides at one size


class ResultView(Card):
    """Repetition counter, verdict, lag and both sides' activation over the set."""

    def __init__(self) -> None:
        grid = QtWidgets.QGridLayout()
        super().__init__(grid)
        self._count = text.FitText("huge", align=text.CENTER, bold=True, sample="88")
        self._count.setObjectName("rep_count")
        caption = text.FitText("small", color=theme.DIM, align=text.CENTER)
        caption.set_text("REPETITIONS")
        self._excluded = text.FitText("small", color=theme.DIM)
        self._excluded.setObjectName("excluded")
        self._verdict = text.FitText("large", bold=True, wrap=True)
        self._verdict.setObjectName("verdict")
        self._lag = text.FitText("title", wrap=True)
        self._lag.setObjectName("lag")
        grid.addWidget(self._count, 0, 0, 2, 1)
        grid.addWidget(caption, 2, 0)
        grid.addWidget(self._verdict, 0, 1, 1, 2)
        grid.addWidget(self._lag, 1, 1, 1, 2)
        grid.addWidget(self._excluded, 3, 0, 1, 3)
        self._activations = {
            side: text.FitText("small", color=theme.SIDE_COLORS[side], sample=_ACTIVATION_SAMPLE)
            for side in SIDES
        }
        for column, side in enumerate(SIDES, start=1):
            grid.addWidget(self._activations[side], 2, column)
        for column, stretch in enumerate((27, 37, 36)):
            grid.setColumnStretch(column, stretch)
        for row, stretch in enumerate((42, 30, 16, 12)):
            grid.setRowStretch(row, stretch)

    def show_state(self, state: LiveState) -> None:
        """Show the answer so far, or what the session waits for."""
        summary = state.summary
        self._count.set_text(str(len(state.reps)))
        waiting = wording.waiting_sentence(state)
        self._verdict.set_text(waiting or wording.verdict_sentence(summary))
        self._lag.set_text(wording.lag_sentence(summary))
        self._excluded.set_text(wording.excluded_sentence(summary))
        for side in SIDES:
            words = "" if summary is None else wording.activation_sentence(side, summary)
            self._activations[side].set_text(words)
