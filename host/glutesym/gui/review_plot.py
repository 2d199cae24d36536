"""What the plots of a review share: colours, type, axes; no view zooms by accident."""

from __future__ import annotations

from typing import Any

import numpy as np

from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets, pg
from glutesym.measures import Side

POLICY = QtWidgets.QSizePolicy.Policy
_LEAST_PX = 130  # of the height
DASHED = QtCore.Qt.PenStyle.DashLine


class ReviewPlot(pg.PlotWidget):
    """A plot that follows the theme and the window's size.

    Parameters
    ----------
    name : str
        Of the widget.
    bottom, left : str
        What the axes show, with the unit.
    view_box : pg.ViewBox, optional
        That deals with the mouse.
    """

    def __init__(
        self, name: str, bottom: str = "", left: str = "", view_box: Any = None, **options: Any
    ) -> None:
        box = view_box or pg.ViewBox(enableMouse=False, enableMenu=False)
        super().__init__(viewBox=box, enableMenu=False, **options)
        self.setObjectName(name)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)  # keys belong to the page
        self.setSizePolicy(POLICY.Expanding, POLICY.Expanding)
        self.words = {"bottom": bottom, "left": left}
        self.unit = 1.0
        self._has_wheel = view_box is not None
        self.item: Any = self.getPlotItem()
        scene: Any = self.scene()
        self.clicks: Any = scene.sigMouseClicked
        self.item.hideButtons()
        for axis in ("bottom", "left"):
            self.item.getAxis(axis).setStyle(tickLength=0)
            self.item.getAxis(axis).enableAutoSIPrefix(False)

    def sizeHint(self) -> QtCore.QSize:
        """Want little: a plot takes the room that there is."""
        return QtCore.QSize(200, 150)

    def name_axis(self, axis: str, words: str) -> None:
        """Say what an axis shows."""
        self.words[axis] = words
        self.restyle(self.unit)

    def restyle(self, unit: float) -> None:
        """Take the colours of the theme in use, and sizes for the window's."""
        self.unit = unit
        self.setMinimumHeight(round(_LEAST_PX * unit))
        self.setBackground(theme.CARD)
        font = theme.font(theme.size_px("small", unit))
        for name, words in self.words.items():
            axis = self.item.getAxis(name)
            axis.setTickFont(font)
            axis.setPen(pg.mkPen(theme.LINE))
            axis.setTextPen(pg.mkPen(theme.DIM))
            px = f"{theme.size_px('small', unit):.0f}px"
            axis.setLabel(words or None, color=theme.DIM, **{"font-size": px})
            axis.showLabel(bool(words))
        metrics = QtGui.QFontMetricsF(font)
        self.item.layout.setContentsMargins(0, metrics.height() / 2, metrics.height() / 2, 0)
        self.item.getAxis("bottom").setHeight(
            round(metrics.height() * (1.9 if self.words["bottom"] else 1.3) + 6 * unit)
        )
        self.item.getAxis("left").setWidth(
            round(metrics.horizontalAdvance("−888") + 10 * unit)
            + (round(metrics.height()) if self.words["left"] else 0)
        )
        for name in self.words:  # it places its label for the type size of before
            self.item.getAxis(name).resizeEvent()

    def wheelEvent(self, ev: QtGui.QWheelEvent) -> None:
        """Leave the wheel to whatever scrolls the page, unless the plot has a use for it."""
        if self._has_wheel:
            super().wheelEvent(ev)
        else:
            ev.ignore()


def side_pen(side: Side, width: float, alpha: float = 1.0) -> QtGui.QPen:
    """Return how a side's lines are drawn."""
    return pg.mkPen(theme.side_color(side, alpha), width=width)


def text_color(alpha: float = 1.0) -> QtGui.QColor:
    """Return the theme's ink, optionally translucent."""
    color = QtGui.QColor(theme.TEXT)
    color.setAlphaF(alpha)
    return color


def joined(parts: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """Return several lines as one, with gaps in between."""
    if not parts:
        return np.empty(0), np.empty(0)
    gap = np.array([np.nan])
    x = np.concatenate([values for of_x, _ in parts for values in (of_x, gap)])
    return x, np.concatenate([values for _, of_y in parts for values in (of_y, gap)])


def round_top(largest: float) -> float:
    """Return the next of 1, 1.5, 2, 3, 5, 8 × 10ⁿ: the top of a scale."""
    if not largest > 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(largest))
    return float(next(x for x in (1, 1.5, 2, 3, 5, 8, 10) if x * power >= largest) * power)
