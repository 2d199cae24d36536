"""How each side tires over the set: changes from the first to the last repetition."""

from __future__ import annotations

from glutesym import wording
from glutesym.gui import style
from glutesym.gui.qt import QtCore, QtWidgets
from glutesym.measures import SIDES, Estimate, FatigueTrend, Side
from glutesym.session.review import Reviewed

_ROWS = (
    ("median_frequency_pct", "Median frequency", "falls with fatigue"),
    ("fi_nsm5_pct", "Index FInsm5", "rises with fatigue"),
    ("rms_pct", "Amplitude", "rises with fatigue, or with effort"),
)
_TOP = QtCore.Qt.AlignmentFlag.AlignTop


class FatigueView(QtWidgets.QWidget):
    """A column a side."""

    def __init__(self) -> None:
        super().__init__()
        grid = QtWidgets.QGridLayout(self)
        self._grid = grid
        grid.addWidget(style.label("Change over the set, % (95 % CI)", "small"), 0, 0)
        for column, side in enumerate(SIDES, start=1):
            grid.addWidget(style.label(side.capitalize(), f"{side}_end"), 0, column)
            grid.setColumnStretch(column, 3)
        grid.setColumnStretch(0, 2)
        self._cells: dict[tuple[str, Side], QtWidgets.QLabel] = {}
        for row, (name, words, means) in enumerate(_ROWS, start=1):
            grid.addWidget(style.label(f"{words}: {means}", "small"), row, 0, _TOP)
            for column, side in enumerate(SIDES, start=1):
                cell = style.label("", "small", f"fatigue_{side}_{name}")
                self._cells[name, side] = cell
                grid.addWidget(cell, row, column, _TOP)
        self._words = style.label("", "small", "fatigue_words")
        grid.addWidget(self._words, len(_ROWS) + 1, 0, 1, 3)
        grid.setRowStretch(len(_ROWS) + 2, 1)

    def show_reviewed(self, reviewed: Reviewed) -> None:
        """Show a session with its edits."""
        unknown = Estimate(None, reason="no pod on this side")
        nothing = FatigueTrend(unknown, unknown, unknown)
        fatigue = reviewed.analyzed.measures.fatigue
        for (name, side), cell in self._cells.items():
            cell.setText(_text(getattr(fatigue.get(side, nothing), name)))
        said = wording.fatigue_sentences(fatigue)
        self._words.setText("\n".join(f"{words}." for words in said))

    def restyle(self, unit: float) -> None:
        """Take sizes for the window's."""
        self._grid.setSpacing(round(10 * unit))


def _text(estimate: Estimate) -> str:
    if estimate.value is None:
        return f"withheld: {estimate.reason or 'no reason given'}"
    words = f"{round(estimate.value):+d} %"
    if estimate.ci_low is not None and estimate.ci_high is not None:
        words += f" ({estimate.ci_low:.0f}…{estimate.ci_high:.0f})"
    return words.replace("-", "−")
