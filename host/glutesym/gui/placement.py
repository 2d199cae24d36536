"""Where the electrodes go: the pelvis from behind, drawn for this project.

Landmarks as SENIAM names them (http://www.seniam.org, gluteus maximus and medius): maximus halfway
between the sacral vertebrae and the greater trochanter; medius halfway between the iliac crest and
the greater trochanter. The pair stands 20 mm apart along the fibres; the reference is on bone.
"""

from __future__ import annotations

from dataclasses import dataclass

from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.measures import SIDES, Side

Point = tuple[float, float]

# Units of the drawing: 100 wide on either side of the spine, 7 units are about 16 mm.
_WIDTH, _HEIGHT = 200.0, 190.0
_SACRUM: Point = (7.0, 74.0)
_TROCHANTER: Point = (64.0, 116.0)
_CREST: Point = (47.0, 43.0)
_REFERENCE: Point = (31.0, 43.0)
_HALF_PAIR = 5.2
_PAD_RADIUS = 4.6
_WAIST: Point = (46.0, -3.0)
_BODY: tuple[tuple[Point, Point, Point], ...] = (  # right half, from there down: cubic Béziers
    ((44.0, 26.0), (60.0, 46.0), (70.0, 84.0)),
    ((77.0, 112.0), (74.0, 138.0), (68.0, 164.0)),
    ((66.0, 174.0), (65.0, 182.0), (64.0, 193.0)),
)
_INNER: tuple[Point, ...] = ((12.0, 193.0), (11.0, 178.0), (8.0, 168.0), (1.5, 157.0))


@dataclass(frozen=True)
class Spot:
    """Where one muscle's electrodes go."""

    muscle: str
    middle: Point
    along: Point  # direction of the fibres, of length 1
    words: str


def spot_for(placement: str) -> Spot:
    """Return the spot that a placement names; that of the gluteus maximus unless it is another."""
    if "med" in placement.lower():
        return Spot(
            "gluteus medius",
            _between(_CREST, _TROCHANTER),
            (0.24, 0.97),
            "halfway between the iliac crest (C) and the bony point of the hip (B), the greater "
            "trochanter",
        )
    return Spot(
        "gluteus maximus",
        _between(_SACRUM, _TROCHANTER),
        (0.8, 0.6),
        "halfway between the sacrum (A) and the bony point of the hip (B), the greater "
        "trochanter, where the buttock is most prominent",
    )


def placement_words(placement: str) -> str:
    """Say where the electrodes go."""
    spot = spot_for(placement)
    return (
        f"1  Two electrodes for the {spot.muscle}: {spot.words}; 20 mm apart, along the fibres.\n"
        "2  Reference on bone: the iliac crest of the same side.\n"
        "Shave, clean with alcohol, let it dry. Make both sides mirror images: measure the "
        "distances on one and use them on the other."
    )


class PlacementPicture(QtWidgets.QWidget):
    """The picture; seen from behind, so left is on the left."""

    def __init__(self) -> None:
        super().__init__()
        self._spot = spot_for("")
        self.setMinimumSize(150, 145)
        self.setAccessibleName("The pelvis from behind, with the places of the electrodes")

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        self.setMinimumHeight(round(210 * unit))

    def show_placement(self, placement: str) -> None:
        """Show where the electrodes of a placement go."""
        self._spot = spot_for(placement)
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Draw it as large as fits."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        scale = min(self.width() / _WIDTH, self.height() / _HEIGHT)
        painter.translate(self.width() / 2, (self.height() - scale * _HEIGHT) / 2)
        painter.scale(scale, scale)
        painter.setClipRect(QtCore.QRectF(-_WIDTH / 2, 0, _WIDTH, _HEIGHT))
        self._draw_body(painter)
        for side in SIDES:
            sign = -1.0 if side == "left" else 1.0
            self._draw_bones(painter, sign)
            self._draw_electrodes(painter, side, sign)
        self._draw_letters(painter)

    def _draw_body(self, painter: QtGui.QPainter) -> None:
        path = QtGui.QPainterPath(_at(_WAIST, 1.0))
        for first, second, end in _BODY:
            path.cubicTo(_at(first, 1.0), _at(second, 1.0), _at(end, 1.0))
        path.lineTo(_at(_INNER[0], 1.0))
        path.cubicTo(*(_at(point, 1.0) for point in _INNER[1:]))
        path.lineTo(_at(_INNER[3], -1.0))
        path.cubicTo(*(_at(point, -1.0) for point in (_INNER[2], _INNER[1], _INNER[0])))
        path.lineTo(_at(_BODY[-1][2], -1.0))
        starts = [_WAIST, *(end for _, _, end in _BODY[:-1])]
        for (first, second, _), end in zip(reversed(_BODY), reversed(starts), strict=True):
            path.cubicTo(_at(second, -1.0), _at(first, -1.0), _at(end, -1.0))
        painter.setPen(QtGui.QPen(QtGui.QColor(theme.DIM), 1.2))
        painter.setBrush(QtGui.QColor(theme.TRACK))
        painter.drawPath(path)
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        crease = QtGui.QPainterPath(QtCore.QPointF(0, 98))
        crease.cubicTo(1.5, 118, 1.5, 138, 0, 158)
        for sign in (1.0, -1.0):  # the folds below the buttocks
            crease.moveTo(_at((3, 155), sign))
            crease.cubicTo(_at((18, 166), sign), _at((36, 162), sign), _at((50, 150), sign))
        painter.drawPath(crease)

    def _draw_bones(self, painter: QtGui.QPainter, sign: float) -> None:
        bone = QtGui.QColor(theme.LINE)
        painter.setPen(QtGui.QPen(QtGui.QColor(theme.DIM), 0.7, QtCore.Qt.PenStyle.DashLine))
        painter.setBrush(bone)
        wing = QtGui.QPainterPath(_at((13, 66), sign))
        wing.cubicTo(_at((14, 48), sign), _at((30, 36), sign), _at((46, 42), sign))
        wing.cubicTo(_at((58, 47), sign), _at((63, 60), sign), _at((61, 74), sign))
        wing.cubicTo(_at((50, 80), sign), _at((30, 86), sign), _at((17, 92), sign))
        wing.closeSubpath()
        painter.drawPath(wing)
        sacrum = QtGui.QPainterPath(_at((0, 62), sign))
        sacrum.lineTo(_at((12, 64), sign))
        sacrum.cubicTo(_at((11, 80), sign), _at((6, 96), sign), _at((0, 108), sign))
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.drawPath(sacrum)
        painter.drawEllipse(_at(_TROCHANTER, sign), 6.0, 7.5)

    def _draw_electrodes(self, painter: QtGui.QPainter, side: Side, sign: float) -> None:
        spot, color = self._spot, QtGui.QColor(theme.SIDE_COLORS[side])
        start = _CREST if spot.muscle == "gluteus medius" else _SACRUM
        pen = QtGui.QPen(color, 0.9, QtCore.Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawLine(_at(start, sign), _at(_TROCHANTER, sign))
        painter.setPen(QtGui.QPen(QtGui.QColor(theme.WINDOW), 0.6))
        for point in (start, _TROCHANTER):
            painter.setBrush(QtGui.QColor(theme.TEXT))
            painter.drawEllipse(_at(point, sign), 1.9, 1.9)
        painter.setBrush(color)
        (x, y), (dx, dy) = spot.middle, spot.along
        for way in (-_HALF_PAIR, _HALF_PAIR):
            centre = _at((x + way * dx, y + way * dy), sign)
            painter.setBrush(color)
            painter.drawEllipse(centre, _PAD_RADIUS, _PAD_RADIUS)
            painter.setBrush(QtGui.QColor(theme.WINDOW))
            painter.drawEllipse(centre, 1.5, 1.5)
        painter.setBrush(QtGui.QColor(theme.CARD))
        painter.setPen(QtGui.QPen(color, 1.4))
        painter.drawEllipse(_at(_REFERENCE, sign), _PAD_RADIUS, _PAD_RADIUS)

    def _draw_letters(self, painter: QtGui.QPainter) -> None:
        painter.setFont(theme.font(9, bold=True))
        painter.setPen(QtGui.QColor(theme.TEXT))
        (x, y), medius = self._spot.middle, self._spot.muscle == "gluteus medius"
        letters: list[tuple[str, Point]] = [
            ("1", (x - 14, y + 7) if not medius else (x - 12, y)),
            ("2", (_REFERENCE[0] - 10, _REFERENCE[1])),
            ("B", (_TROCHANTER[0] - 9, _TROCHANTER[1] + 9)),
            ("C", (_CREST[0] + 8, _CREST[1] - 6)) if medius else ("A", (0.0, 82.0)),
        ]
        for letter, place in letters:
            for sign in (1.0,) if place[0] == 0 else (1.0, -1.0):
                box = QtCore.QRectF(0, 0, 14, 12)
                box.moveCenter(_at(place, sign))
                painter.drawText(box, int(QtCore.Qt.AlignmentFlag.AlignCenter), letter)
        for side in SIDES:
            painter.setPen(QtGui.QColor(theme.SIDE_COLORS[side]))
            box = QtCore.QRectF(-98 if side == "left" else 58, 2, 40, 14)
            painter.drawText(box, int(QtCore.Qt.AlignmentFlag.AlignCenter), side.upper())


def _between(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _at(point: Point, sign: float) -> QtCore.QPointF:
    return QtCore.QPointF(sign * point[0], point[1])
