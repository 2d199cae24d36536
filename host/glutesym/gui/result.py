"""The answer: how many repetitions, what the body does, the last one and the whole set."""

from __future__ import annotations

from glutesym import live_wording, wording
from glutesym.gui import text, theme
from glutesym.gui.card import Card
from glutesym.gui.last_rep import LastRepView
from glutesym.gui.qt import QtWidgets
from glutesym.live_state import LiveState
from glutesym.measures import SIDES
from glutesym.scale import MICROVOLTS, Unit

_ACTIVATION_SAMPLE = "Right mean 888 % MVIC (95 % CI 888…888)"  # keeps both sides at one size


class ResultView(Card):
    """Repetition counter and phase; the last repetition; verdict, lag and amounts of the set."""

    def __init__(self) -> None:
        grid = QtWidgets.QGridLayout()
        super().__init__(grid)
        self._count = text.FitText(
            "huge", align=text.CENTER, bold=True, sample="88", suffix="reps"
        )
        self._count.setObjectName("rep_count")
        self._movement = text.FitText("huge", align=text.CENTER, bold=True, sample="DOWN")
        self._movement.setObjectName("movement")
        self._last = LastRepView()
        self._excluded = text.FitText("body", color="dim")
        self._excluded.setObjectName("excluded")
        self._verdict = text.FitText("large", bold=True, wrap=True)
        self._verdict.setObjectName("verdict")
        self._lag = text.FitText("title", wrap=True)
        self._lag.setObjectName("lag")
        self._activations = {
            side: text.FitText("body", color=theme.SIDE_INKS[side], sample=_ACTIVATION_SAMPLE)
            for side in SIDES
        }
        grid.addWidget(self._count, 0, 0)
        grid.addWidget(self._movement, 0, 1)
        grid.addWidget(self._last, 1, 0, 1, 2)
        grid.addWidget(self._verdict, 2, 0, 1, 2)
        grid.addWidget(self._lag, 3, 0, 1, 2)
        for column, side in enumerate(SIDES):
            grid.addWidget(self._activations[side], 4, column)
            grid.setColumnStretch(column, 1)
        grid.addWidget(self._excluded, 5, 0, 1, 2)
        self._grid = grid
        self._shown = (False, False)  # a repetition; upright
        self._make_room()

    def set_upright(self, upright: bool) -> None:
        """Leave out what has no room on a phone."""
        self._shown = (self._shown[0], upright)
        for part in self._activations.values():
            part.setVisible(not upright)
        self._make_room()

    def _make_room(self) -> None:
        """Let parts have room only while they say something."""
        rep, upright = self._shown
        excluded = bool(self._excluded.text()) and not upright
        self._last.setVisible(rep)
        self._excluded.setVisible(excluded)
        rows = [30, 28, 22, 16, 0, 0] if upright else [36, 23, 18, 13, 10, 9 if excluded else 0]
        if not rep:
            rows[1:4] = [0, 45, 15]
        for row, stretch in enumerate(rows):
            self._grid.setRowStretch(row, stretch)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        super().set_unit(unit)
        self._last.set_unit(unit)

    def show_state(self, state: LiveState, unit: Unit = MICROVOLTS) -> None:
        """Show the answer so far, or what the session waits for."""
        summary = state.summary
        self._count.set_text(str(len(state.reps)))
        self._movement.set_text(live_wording.movement_text(state).upper())
        self._last.show_state(state, unit)
        waiting = wording.waiting_sentence(state)
        missing = (
            live_wording.missing_sentence(summary, state.exercise)
            if state.phase in live_wording.RUNNING
            else ""
        )
        self._verdict.set_text(waiting or wording.verdict_sentence(summary, unit))
        self._lag.set_text(missing or wording.lag_sentence(summary))
        words = wording.excluded_sentence(summary)
        self._excluded.set_text(words)
        rep, upright = bool(state.reps), self._shown[1]
        if rep != self._shown[0] or self._excluded.isHidden() == (bool(words) and not upright):
            self._shown = (rep, upright)
            self._make_room()
        for side in SIDES:
            words = "" if summary is None else wording.activation_sentence(side, summary, unit)
            self._activations[side].set_text(words)
