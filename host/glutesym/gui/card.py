"""The plain rounded panel that holds one view."""

from __future__ import annotations

from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets

_RADIUS_PX = 8.0


class Card(QtWidgets.QWidget):
    """A panel with a margin; views put their parts on its layout.

    Parameters
    ----------
    layout : QLayout
        The layout of the parts.
    """

    def __init__(self, layout: QtWidgets.QLayout) -> None:
        super().__init__()
        policy = QtWidgets.QSizePolicy.Policy.Ignored  # the window shares out the room
        self.setSizePolicy(policy, policy)
        self.setLayout(layout)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        margin = round(10 * unit)
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(margin, margin * 2 // 3, margin, margin * 2 // 3)
        layout.setSpacing(round(5 * unit))

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Draw the panel."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("card"))
        painter.drawRoundedRect(self.rect(), _RADIUS_PX, _RADIUS_PX)
