"""Text that always fits its place: it shrinks before it is cut and never moves its neighbours."""

from __future__ import annotations

import re

from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets

_SUFFIX_SIZE = 0.36  # of a unit behind large digits
_LEAST_PX = 8.0
# Quantities and intervals are not broken across lines.
_JOINED = str.maketrans({" ": "\N{NO-BREAK SPACE}", "…": "\N{WORD JOINER}…\N{WORD JOINER}"})
_UNBROKEN = re.compile(r"\(95 % CI [^)]*\)|\d (?=%|ms|µV)")
Align = QtCore.Qt.AlignmentFlag
LEFT = Align.AlignLeft | Align.AlignVCenter
RIGHT = Align.AlignRight | Align.AlignVCenter
CENTER = Align.AlignCenter


class FitText(QtWidgets.QWidget):
    """A label in one role of the type scale.

    Parameters
    ----------
    role : str
        The size it has when there is room.
    color : str
        Its colour: a name of the theme, or a code.
    align : Qt.AlignmentFlag
        Where it stands in its place.
    bold, wrap : bool
        Its weight; whether it may take several lines.
    elide : bool
        Keep the size and lose the middle of a line that is too long, as of a path.
    sample : str
        A text that must fit as well, so that changing numbers keep one size.
    suffix : str
        A unit set in smaller type behind the text.
    """

    def __init__(
        self,
        role: theme.Role,
        *,
        color: str = "text",
        align: Align = LEFT,
        bold: bool = False,
        wrap: bool = False,
        elide: bool = False,
        sample: str = "",
        suffix: str = "",
    ) -> None:
        super().__init__()
        self._role: theme.Role = role
        self._color = color
        self._align = align
        self._bold = bold
        self._wrap = wrap
        self._elide = elide
        self._sample = sample
        self._suffix = suffix
        self._unit = 1.0
        self._text = ""
        self._px = 0.0  # of the text shown; 0: not known
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)

    def text(self) -> str:
        """Return what is shown."""
        return self._text

    def set_text(self, text: str) -> None:
        """Show another text."""
        if text != self._text:
            self._text = text
            self._px = 0.0
            self.setAccessibleName(text)  # for screen readers
            self.update()

    def set_sample(self, sample: str) -> None:
        """Leave room for another sample."""
        if sample != self._sample:
            self._sample = sample
            self._px = 0.0
            self.update()

    def set_color(self, color: str) -> None:
        """Show the text in another colour."""
        if self._color != color:
            self._color = color
            self.update()

    def set_suffix(self, suffix: str) -> None:
        """Set another unit behind the text."""
        if self._suffix != suffix:
            self._suffix = suffix
            self._px = 0.0
            self.update()

    def set_role(self, role: theme.Role) -> None:
        """Take another size."""
        if self._role != role:
            self._role = role
            self._px = 0.0
            self.update()

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        self._unit = unit
        self._px = 0.0
        self.update()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Fit anew."""
        self._px = 0.0

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Draw the text."""
        if not self._text:
            return
        if not self._px:
            self._px = self._fitting_px()
        painter = QtGui.QPainter(self)
        painter.setPen(theme.color(self._color))
        font = theme.font(self._px, bold=self._bold)
        painter.setFont(font)
        rect = QtCore.QRectF(self.rect())
        if self._suffix:
            self._draw_with_suffix(painter, rect)
        elif self._wrap:
            painter.drawText(rect, int(self._align) | _wrap_flag(), _unbroken(self._text))
        else:
            middle = QtCore.Qt.TextElideMode.ElideMiddle
            text = QtGui.QFontMetricsF(font).elidedText(self._text, middle, rect.width() + 1)
            painter.drawText(rect, int(self._align), text)

    def _draw_with_suffix(self, painter: QtGui.QPainter, rect: QtCore.QRectF) -> None:
        big = QtGui.QFontMetricsF(painter.font())
        small_font = theme.font(self._px * _SUFFIX_SIZE)
        gap = self._px * 0.12
        text_width = big.horizontalAdvance(self._text)
        width = text_width + gap + QtGui.QFontMetricsF(small_font).horizontalAdvance(self._suffix)
        if self._align & Align.AlignHCenter:
            left = rect.center().x() - width / 2
        else:
            left = rect.right() - width if self._align & Align.AlignRight else rect.left()
        baseline = rect.center().y() + big.capHeight() / 2
        painter.drawText(QtCore.QPointF(left, baseline), self._text)
        painter.setFont(small_font)
        painter.drawText(QtCore.QPointF(left + text_width + gap, baseline), self._suffix)

    def fits(self) -> bool:
        """Whether all of the text has room, though it may have had to shrink."""
        if not self._text or self._elide:
            return True
        return self._fits(self._text, self._px or self._fitting_px())

    def _fitting_px(self) -> float:
        """Return the largest size, up to the role's, at which text and sample fit."""
        px = theme.size_px(self._role, self._unit)
        if self._elide:
            return px
        while px > _LEAST_PX and not all(self._fits(t, px) for t in (self._text, self._sample)):
            px = max(px * 0.95, _LEAST_PX)
        return px

    def _fits(self, text: str, px: float) -> bool:
        font = theme.font(px, bold=self._bold)
        metrics = QtGui.QFontMetricsF(font)
        if self._wrap:
            room = QtCore.QRectF(0, 0, self.width(), 1e6)
            box = metrics.boundingRect(room, int(self._align) | _wrap_flag(), _unbroken(text))
            return box.height() <= self.height() and box.width() <= self.width()
        width = metrics.horizontalAdvance(text)
        height = metrics.height()
        if self._suffix:
            small = QtGui.QFontMetricsF(theme.font(px * _SUFFIX_SIZE))
            width += px * 0.12 + small.horizontalAdvance(self._suffix)
            below = small.tightBoundingRect(self._suffix).bottom()  # digits have no descenders
            height = metrics.capHeight() + 2 * max(0.05 * metrics.capHeight(), below)
        return width <= self.width() and height <= self.height()


def _unbroken(text: str) -> str:
    return _UNBROKEN.sub(lambda match: match[0].translate(_JOINED), text)


def _wrap_flag() -> int:
    return int(QtCore.Qt.TextFlag.TextWordWrap)
