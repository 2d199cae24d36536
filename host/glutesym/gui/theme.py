"""Colours and type sizes: dark, high contrast, and distinguishable without seeing red or green."""

from __future__ import annotations

from typing import Literal

from glutesym.gui.qt import QtCore, QtGui
from glutesym.measures import Side

# Okabe & Ito, Color Universal Design (2008), https://jfly.uni-koeln.de/color/: sky blue, orange
# and yellow stay apart in every kind of colour vision. A warning also has a shape and words.
SIDE_COLORS: dict[Side, str] = {"left": "#56B4E9", "right": "#E69F00"}
WARNING = "#F0E442"
WINDOW = "#0E1116"
CARD = "#181D25"
TRACK = "#262D38"
LINE = "#3A4453"
DIM = "#9BA7B8"
TEXT = "#F2F5F9"

Role = Literal["small", "body", "title", "large", "huge", "giant"]

# Pixels in a window of 1280 x 800; a size in proportion to the window in others.
REFERENCE_SIZE_PX = (1280, 800)
_SIZES_PX: dict[Role, float] = {
    "small": 14,
    "body": 16,
    "title": 22,
    "large": 30,
    "huge": 104,
    "giant": 120,
}
_SMALLEST_PX = 10.0


def unit_for(size: QtCore.QSize) -> float:
    """Return the factor from the reference window to one of this size, in steps of 1 %."""
    unit = min(size.width() / REFERENCE_SIZE_PX[0], size.height() / REFERENCE_SIZE_PX[1])
    return round(min(max(unit, 0.5), 4.0), 2)


def size_px(role: Role, unit: float) -> float:
    """Return the type size of a role."""
    return max(_SIZES_PX[role] * unit, _SMALLEST_PX)


def font(px: float, *, bold: bool = False) -> QtGui.QFont:
    """Return the user's interface font, with digits of equal width so that numbers stay put."""
    result = QtGui.QFont()
    result.setPixelSize(max(round(px), 1))
    result.setBold(bold)
    result.setFeature(QtGui.QFont.Tag("tnum"), 1)
    return result


def side_color(side: Side, alpha: float = 1.0) -> QtGui.QColor:
    """Return the colour of a side, optionally translucent."""
    color = QtGui.QColor(SIDE_COLORS[side])
    color.setAlphaF(alpha)
    return color
