"""The views of one session: they show the same state, and the same repetition is selected."""

from __future__ import annotations

from glutesym.gui.actions import Key
from glutesym.gui.qt import QtCore
from glutesym.gui.review_curves import CurvesView
from glutesym.gui.review_differences import DifferencesView
from glutesym.gui.review_fatigue import FatigueView
from glutesym.gui.review_layout import ReviewLayout
from glutesym.gui.review_notes import NotesView
from glutesym.gui.review_table import RepTable
from glutesym.gui.review_timeline import Timeline
from glutesym.gui.review_trend import TrendView
from glutesym.session.review import Reviewed

EARLIER, NOTES = "Earlier sets", "Notes"  # titles


class ReviewViews(ReviewLayout):
    """All of them, arranged for the room there is.

    Attributes
    ----------
    picked : signal (int)
        A repetition was selected in a view, or by an arrow key; its number.
    """

    picked = QtCore.Signal(int)

    def __init__(self) -> None:
        self.timeline, self.table = Timeline(), RepTable()
        self.curves, self.differences = CurvesView(), DifferencesView()
        self.fatigue, self.trend, self.notes = FatigueView(), TrendView(), NotesView()
        super().__init__(
            {
                "Timeline": self.timeline,
                "Repetitions": self.table,
                "Curves": self.curves,
                "Left and right": self.differences,
                "Fatigue": self.fatigue,
                EARLIER: self.trend,
                NOTES: self.notes,
            }
        )
        self._selected: int | None = None
        for view in (self.timeline, self.table, self.differences):
            view.picked.connect(self.picked)

    def show_reviewed(self, reviewed: Reviewed) -> None:
        """Show a state of the session; the earlier ones are `EarlierSets`' business."""
        self.table.show_reps(reviewed.reps)
        for view in (self.timeline, self.curves, self.differences, self.fatigue, self.notes):
            view.show_reviewed(reviewed)

    def select(self, number: int | None) -> None:
        """Highlight a repetition in all of them."""
        self._selected = number
        for view in (self.timeline, self.table, self.curves, self.differences):
            view.select(number)

    def restyle(self, unit: float) -> None:
        """Take the theme in use and a size."""
        for view in (
            self.timeline,
            self.table,
            self.curves,
            self.differences,
            self.fatigue,
            self.trend,
        ):
            view.restyle(unit)

    def handle(self, key: int) -> bool:
        """Move selection, timeline and tabs; False: the key is none of these."""
        if key in (Key.Key_Down, Key.Key_Up):
            self._step(1 if key == Key.Key_Down else -1)
        elif key in (Key.Key_Left, Key.Key_Right):
            self.timeline.go(1 if key == Key.Key_Right else -1)
        elif key in (Key.Key_Plus, Key.Key_Equal, Key.Key_Minus):
            self.timeline.zoom(key != Key.Key_Minus)
        elif key == Key.Key_0:
            self.timeline.see_all()
        elif Key.Key_1 <= key <= Key.Key_9:
            self.show_number(int(key) - int(Key.Key_0))
        else:
            return False
        return True

    def _step(self, way: int) -> None:
        """Pick the next one, in the order of the table."""
        numbers = self.table.numbers()
        if not numbers:
            return
        at = numbers.index(self._selected) + way if self._selected in numbers else 0
        self.picked.emit(numbers[min(max(at, 0), len(numbers) - 1)])
