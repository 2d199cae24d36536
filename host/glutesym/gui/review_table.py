"""A row a repetition: its numbers with units, how far they can be trusted, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from glutesym import wording
from glutesym.analysis.rep_intervals import asymmetry_interval_pct, lag_interval_ms
from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.measures import GRADES, RepMeasure

_HEADS = (
    "Rep",
    "Start, s",
    "Length, s",
    "Left, µV",
    "Right, µV",
    "Larger, % (95 % CI)",
    "Later, ms (95 % CI)",
    "Leg",
    "Quality",
    "Edited",
    "Reasons",
)
_COMPARED, _LEG, _EDITED = (5, 6), 7, 9
_MOVES = {
    QtCore.Qt.Key.Key_Up,
    QtCore.Qt.Key.Key_Down,
    QtCore.Qt.Key.Key_PageUp,
    QtCore.Qt.Key.Key_PageDown,
    QtCore.Qt.Key.Key_Home,
    QtCore.Qt.Key.Key_End,
}


@dataclass(frozen=True)
class _Value:
    """What a cell says, and what it is sorted by."""

    words: str
    by: float | str | None = None  # None: last


class RepTable(QtWidgets.QTableWidget):
    """All repetitions, sortable.

    Attributes
    ----------
    picked : signal (int)
        Another one was selected; its number.
    """

    picked = QtCore.Signal(int)

    def __init__(self) -> None:
        super().__init__(0, len(_HEADS))
        self.setObjectName("review_reps")
        self.setHorizontalHeaderLabels(_HEADS)
        self.verticalHeader().hide()
        self.setWordWrap(False)
        self.setMinimumHeight(140)
        self.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.SingleSelection)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        header.setSortIndicator(0, QtCore.Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self._filling = False
        self.itemSelectionChanged.connect(self._tell)

    def show_reps(self, reps: tuple[RepMeasure, ...]) -> None:
        """Show repetitions in the order that was chosen."""
        self._filling = True
        one_leg = any(rep.one_leg for rep in reps)
        for column in _COMPARED:  # on one leg a repetition says nothing about the other side
            self.setColumnHidden(column, one_leg)
        self.setColumnHidden(_LEG, not one_leg)
        self.setColumnHidden(_EDITED, not any(rep.edits for rep in reps))
        self.setSortingEnabled(False)
        self.setRowCount(len(reps))
        for row, rep in enumerate(reps):
            for column, value in enumerate(_values(rep)):
                item = _Item(value)
                if column < len(_HEADS) - 1:
                    item.setTextAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
                if rep.excluded:
                    font = item.font()
                    font.setItalic(True)
                    item.setFont(font)
                item.setToolTip(value.words)
                self.setItem(row, column, item)
        self.setSortingEnabled(True)
        self._filling = False

    def restyle(self, unit: float) -> None:
        """Give the rows the height of their type."""
        line = theme.size_px("small", unit)
        self.verticalHeader().setDefaultSectionSize(round(2.1 * line))

    def select(self, number: int | None) -> None:
        """Select a repetition, wherever it is."""
        self._filling = True
        row = next((row for row in range(self.rowCount()) if self._number(row) == number), None)
        if row is None:
            self.clearSelection()
        else:
            self.selectRow(row)
        self._filling = False

    def numbers(self) -> list[int]:
        """Return the repetitions as they are sorted."""
        return [self._number(row) for row in range(self.rowCount())]

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Move the selection; all other keys are the page's."""
        if event.key() in _MOVES and not event.modifiers():
            super().keyPressEvent(event)
        else:
            event.ignore()

    def _number(self, row: int) -> int:
        item: Any = self.item(row, 0)
        return int(item.text())

    def _tell(self) -> None:
        rows = self.selectionModel().selectedRows()
        if rows and not self._filling:
            self.picked.emit(self._number(rows[0].row()))


class _Item(QtWidgets.QTableWidgetItem):
    """A cell that is sorted by its number; what is withheld comes last."""

    def __init__(self, value: _Value) -> None:
        super().__init__(value.words)
        self.by = value.by

    def __lt__(self, other: QtWidgets.QTableWidgetItem) -> bool:
        theirs = other.by if isinstance(other, _Item) else None
        if isinstance(self.by, str) and isinstance(theirs, str):
            return self.by < theirs
        if isinstance(self.by, str) or self.by is None:
            return False
        return theirs is None or isinstance(theirs, str) or self.by < theirs


def _values(rep: RepMeasure) -> tuple[_Value, ...]:
    left, right = rep.left.activation_uv, rep.right.activation_uv
    return (
        _Value(str(rep.number), rep.number),
        _Value(f"{rep.start_s:.2f}", rep.start_s),
        _Value(f"{rep.end_s - rep.start_s:.2f}", rep.end_s - rep.start_s),
        _Value(wording.uv_text(left), left),
        _Value(wording.uv_text(right), right),
        _signed(rep.symmetry_index_pct, asymmetry_interval_pct(rep), "right", "left", "equal"),
        _signed(rep.lag_ms, lag_interval_ms(rep), "left", "right", "together"),
        _Value(rep.working or "not clear", rep.working or "~"),
        _Value(rep.quality, list(GRADES).index(rep.quality)),
        _Value(", ".join(rep.edits), ", ".join(rep.edits)),
        _Value(rep.reason, rep.reason),
    )


def _signed(
    value: float | None,
    interval: tuple[float, float] | None,
    positive: str,
    negative: str,
    zero: str,
) -> _Value:
    """Return e.g. "right 12 (3…21)": the interval in the direction of the words."""
    if value is None:
        return _Value("withheld")
    size = round(abs(value))
    words = f"{positive if value > 0 else negative} {size}" if size else zero
    if interval is not None:
        low, high = interval if value >= 0 else (-interval[1], -interval[0])
        words += f" ({round(low)}…{round(high)})".replace("-", "−")
    return _Value(words, value)
