"""Step 5: the answer of the set, repetition by repetition, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from glutesym import wording
from glutesym.advice import advice_for
from glutesym.exercises import is_one_leg
from glutesym.gui import style
from glutesym.gui.actions import Action, Key
from glutesym.gui.page import AdvicePanel, Go, Page, set_card_unit
from glutesym.gui.qt import QtCore, QtWidgets
from glutesym.gui.result import ResultView
from glutesym.live_state import LiveState
from glutesym.measures import RepMeasure
from glutesym.session.visit import DoneSet, Visit

_COLUMNS = ("Rep", "Start", "Left", "Right", "Amount", "Time", "Working", "Quality")
_COMPARED, _LEG = (4, 5), 6
_ROWS_SEEN = 12


class ResultPage(Page):
    """What a set has given."""

    def __init__(self, visit: Visit, go: Go, quit_app: Callable[[], None]) -> None:
        super().__init__(visit, go)
        self._quit = quit_app
        self._shown: DoneSet | None = None
        self._now = style.label("", "large", "now")
        self._advice = AdvicePanel()
        self._result = ResultView()
        self._words = style.label("", "body", "sentences")
        self._table = QtWidgets.QTableWidget(0, len(_COLUMNS))
        self._table.setObjectName("reps")
        self._table.setHorizontalHeaderLabels(_COLUMNS)
        self._table.verticalHeader().hide()
        self._table.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self._files = style.label("", "small", "files")
        parts = (self._now, self._advice, self._result, self._words, self._table, self._files)
        for part in parts:
            self.content.addWidget(part)
        self.content.addStretch(1)

    def enter(self) -> None:
        """Wait for the measuring."""
        self._shown = None
        self._now.setText("Measuring the whole set …")
        error = self.visit.error
        self._advice.show_advice(advice_for(error) if error else None)
        for part in (self._result, self._words, self._table, self._files):
            part.hide()
        self._now.show()

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        super().set_unit(unit)
        self._result.setFixedHeight(round(230 * unit))
        set_card_unit(self._result, unit)

    def show_state(self, state: LiveState) -> None:
        """Show the result once it is there."""
        job = self.visit.measuring
        if job is not None and job.over and self._now.isVisible():
            self._now.hide()
            if job.result is not None:
                self._show(job.result, state)
            elif job.error is not None:
                self._advice.show_advice(advice_for(job.error))
        super().show_state(state)

    def possible(self, state: LiveState) -> Sequence[Action]:
        """Return what can be done now."""
        job = self.visit.measuring
        ready = job is None or job.over
        done = job.result if job is not None else None
        swap = Action("swap", "Swap sides for the next set", Key.Key_S, self._swap)
        seem_swapped = done is not None and bool(done.analyzed.measures.swapped)
        return (
            *((swap,) if seem_swapped else ()),
            Action("quit", "Quit", Key.Key_Q, self._quit),
            Action("review", "Review", Key.Key_R, lambda: self.go("review"), ready),
            Action("again", "Calibrate again", Key.Key_C, lambda: self.go("calibrate"), ready),
            Action("next", "Next set", Key.Key_Return, lambda: self.go("set"), ready),
        )

    def _swap(self) -> None:
        self.visit.swap()
        self.go("set")

    def _show(self, done: DoneSet, state: LiveState) -> None:
        self._shown = done
        analyzed = done.analyzed
        measures = analyzed.measures
        self._result.show_state(
            LiveState(phase="ended", reps=measures.reps, summary=measures.summary), analyzed.unit
        )
        fatigue = wording.fatigue_sentences(measures.fatigue)
        against = analyzed.normalised
        normalised = against.sentences(analyzed.measures.summary.verdict) if against else []
        notes = [f"{kind.capitalize()}: {words}" for kind, words in self.visit.notes]
        screens = wording.hip_rotation_sentence(measures), wording.pelvic_drop_sentence(measures)
        said = [wording.swapped_sentence(measures), *fatigue, *screens, *normalised, *notes]
        if state.message:
            said.append(state.message)
        self._words.setText("\n".join(sentence for sentence in said if sentence))
        self._fill(measures.reps, is_one_leg(analyzed.meta.exercise))
        self._files.setText(f"Session: {analyzed.path}\nTables: {done.files[0].parent}")
        for part in (self._result, self._words, self._table, self._files):
            part.show()

    def _fill(self, reps: Sequence[RepMeasure], one_leg: bool) -> None:
        for column in _COMPARED:  # on one leg a repetition says nothing about the other side
            self._table.setColumnHidden(column, one_leg)
        self._table.setColumnHidden(_LEG, not one_leg)
        self._table.setRowCount(len(reps))
        for row, rep in enumerate(reps):
            cells = (
                str(rep.number),
                wording.time_text(rep.start_s),
                f"{wording.uv_text(rep.left.activation_uv)} µV",
                f"{wording.uv_text(rep.right.activation_uv)} µV",
                wording.larger_text(rep.symmetry_index_pct),
                wording.later_text(rep.lag_ms),
                wording.leg_text(rep),
                wording.quality_text(rep),
            )
            for column, words in enumerate(cells):
                item = QtWidgets.QTableWidgetItem(words)
                if column < len(cells) - 1:
                    item.setTextAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
                item.setToolTip(words)
                self._table.setItem(row, column, item)
        self._table.resizeRowsToContents()
        height = self._table.horizontalHeader().sizeHint().height() + sum(
            self._table.rowHeight(row) for row in range(min(len(reps), _ROWS_SEEN))
        )
        self._table.setFixedHeight(height + 8)
