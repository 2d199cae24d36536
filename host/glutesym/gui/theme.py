"""Colours and type sizes: high contrast, dark or light, distinguishable without red and green."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.measures import Side
from glutesym.view_options import ThemeChoice

Ink = Literal[
    "window", "card", "track", "line", "dim", "text", "warning", "on_warning", "left", "right",
    "left_ink", "right_ink", "green", "yellow", "red",
]  # fmt: skip


@dataclass(frozen=True)
class Theme:
    """One set of colours. A side's fill is the same in both; its ink can be read as text."""

    window: str
    card: str
    track: str
    line: str
    dim: str
    text: str
    left_ink: str
    right_ink: str
    # Okabe & Ito, Color Universal Design (2008), https://jfly.uni-koeln.de/color/: sky blue,
    # orange and yellow stay apart in every kind of colour vision. A warning also has a shape and
    # words, a traffic light its shape and a word.
    left: str = "#56B4E9"
    right: str = "#E69F00"
    warning: str = "#F0E442"
    on_warning: str = "#0E1116"
    green: str = "#1FC28B"
    yellow: str = "#F0E442"
    red: str = "#FF5A3C"


DARK = Theme(
    window="#0E1116",
    card="#181D25",
    track="#262D38",
    line="#3A4453",
    dim="#9BA7B8",
    text="#F2F5F9",
    left_ink="#56B4E9",
    right_ink="#E69F00",
)
LIGHT = Theme(
    window="#E4E8EE",
    card="#FFFFFF",
    track="#E9EDF2",
    line="#B9C2CE",
    dim="#566273",
    text="#10151C",
    left_ink="#0067A3",
    right_ink="#A85A00",
    green="#00996B",
    yellow="#EBC400",
    red="#D5360F",
)
# What does not depend on the theme.
SIDE_COLORS: dict[Side, str] = {"left": DARK.left, "right": DARK.right}
SIDE_INKS: dict[Side, Ink] = {"left": "left_ink", "right": "right_ink"}
WARNING = DARK.warning

_now = DARK
_chosen = ThemeChoice.AUTO

Role = Literal["small", "body", "title", "large", "huge", "giant"]

# Pixels in a window of one of these sizes; in proportion to the window in others.
REFERENCE_SIZE_PX = (1280, 800)
_PHONE_SIZE_PX, _TABLET_SIZE_PX = (400, 711), (720, 1152)
TABLET_WIDTH_PX = 560  # upright, from here on it is no phone
_SIZES_PX: dict[Role, float] = {
    "small": 14,
    "body": 17,
    "title": 24,
    "large": 34,
    "huge": 120,
    "giant": 150,
}
_SMALLEST_PX = 10.0


def use(choice: ThemeChoice) -> None:
    """Draw everything in one theme from now on; AUTO leaves an earlier choice as it is.

    Who shows something draws it anew on an ``ApplicationPaletteChange``, which every window gets.
    """
    global _now, _chosen
    _chosen = _chosen if choice is ThemeChoice.AUTO else choice
    wanted = system_theme() if _chosen is ThemeChoice.AUTO else _chosen
    _now = LIGHT if wanted is ThemeChoice.LIGHT else DARK


def tell_windows() -> None:
    """Let every window draw itself in the theme in use."""
    for window in QtWidgets.QApplication.topLevelWidgets():
        changed = QtCore.QEvent(QtCore.QEvent.Type.ApplicationPaletteChange)
        QtWidgets.QApplication.postEvent(window, changed)


def __getattr__(name: str) -> str:
    """Return a colour of the theme in use: ``theme.CARD`` is ``theme.now().card``."""
    if name in ("WINDOW", "CARD", "TRACK", "LINE", "DIM", "TEXT"):
        return getattr(_now, name.lower())
    raise AttributeError(name)


def system_theme() -> ThemeChoice:
    """Return what the system prefers; dark when it does not say."""
    app = QtWidgets.QApplication.instance()
    if isinstance(app, QtWidgets.QApplication):
        scheme = app.styleHints().colorScheme()
        if scheme == QtCore.Qt.ColorScheme.Light:
            return ThemeChoice.LIGHT
    return ThemeChoice.DARK


def now() -> Theme:
    """Return the theme in use."""
    return _now


def color(ink: Ink | str, alpha: float = 1.0) -> QtGui.QColor:
    """Return a colour of the theme in use by its name, or any other one by its code."""
    found = QtGui.QColor(getattr(_now, ink, ink))
    found.setAlphaF(alpha)
    return found


def side_color(side: Side, alpha: float = 1.0) -> QtGui.QColor:
    """Return the colour of a side, optionally translucent."""
    return color(side, alpha)


def is_upright(size: QtCore.QSize) -> bool:
    """Whether a window is higher than wide, as a phone is held."""
    return size.height() > 1.1 * size.width()


def unit_for(size: QtCore.QSize) -> float:
    """Return the factor from the reference window to one of this size, in steps of 1 %."""
    width, height = REFERENCE_SIZE_PX
    if is_upright(size):
        width, height = _PHONE_SIZE_PX if size.width() < TABLET_WIDTH_PX else _TABLET_SIZE_PX
    unit = min(size.width() / width, size.height() / height)
    return round(min(max(unit, 0.4), 4.0), 2)


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
