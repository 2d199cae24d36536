"""Where the parts of the live window are: wide as a screen, or upright as a phone."""

from __future__ import annotations

from itertools import pairwise

from glutesym.gui import theme
from glutesym.gui.qt import QtCore

# Rows from top to bottom: share of the height, and parts from left to right with their widths.
_Rows = tuple[tuple[float, tuple[tuple[str, float], ...]], ...]
_GAP_PX = 10.0
_BANNER: _Rows = ((7, (("banner", 1),)),)
_LOW_BANNER: _Rows = ((10, (("banner", 1),)),)

_WIDE_TOP: _Rows = ((7, (("header", 1),)),)
_WIDE_BOTTOM: _Rows = (
    (17, (("plot", 1),)),
    (14, (("left_pod", 30), ("middle", 40), ("right_pod", 30))),
)
_UPRIGHT_TOP: _Rows = ((9, (("header", 1),)),)
_PHONE: _Rows = (
    (41, (("bars", 1),)),
    (25, (("result", 1),)),
    (16, (("left_pod", 1), ("right_pod", 1))),
    (9, (("middle", 1),)),
)
_TABLET: _Rows = (
    (36, (("bars", 1),)),
    (21, (("result", 1),)),
    (12, (("asymmetry", 1),)),
    (11, (("plot", 1),)),
    (9, (("left_pod", 1), ("right_pod", 1))),
    (8, (("middle", 1),)),
)
_LOW: _Rows = (
    (9, (("header", 1),)),
    (67, (("bars", 50), ("result", 50))),
    (24, (("left_pod", 30), ("middle", 40), ("right_pod", 30))),
)
_LOW_PX = 480  # a phone on its side
_WIDE_MIDDLE = 62.0  # share of the height that bars and answer have


def places(
    size: QtCore.QSize, unit: float, upright: bool, banner: bool, traces: bool
) -> dict[str, QtCore.QRect]:
    """Return the rectangle of every part that is shown.

    Parameters
    ----------
    size : QSize
        Of the window.
    unit : float
        Its factor, see `glutesym.gui.theme.unit_for`.
    upright, banner, traces : bool
        Whether it is higher than wide; whether there is a banner to show, and traces, for which
        a phone has room only in the answer's place.
    """
    gap = max(4, round(_GAP_PX * unit))
    area = QtCore.QRect(gap, gap, size.width() - 2 * gap, size.height() - 2 * gap)
    shown = _BANNER if banner else ()
    if upright:
        body = _TABLET if size.width() >= theme.TABLET_WIDTH_PX else _PHONE
        return _with_traces(_stacked((*_UPRIGHT_TOP, *shown, *body), area, gap), traces)
    if size.height() < _LOW_PX:
        low = (_LOW[0], *_LOW_BANNER, *_LOW[1:]) if banner else _LOW
        return _with_traces(_stacked(low, area, gap), traces)
    middle: _Rows = ((_WIDE_MIDDLE - (7 if banner else 0), (("bars", 50), ("answer", 50))),)
    found = _stacked((*_WIDE_TOP, *shown, *middle, *_WIDE_BOTTOM), area, gap)
    answer = found.pop("answer")
    return found | _stacked(((62, (("result", 1),)), (38, (("asymmetry", 1),))), answer, gap)


def _with_traces(found: dict[str, QtCore.QRect], traces: bool) -> dict[str, QtCore.QRect]:
    """Put traces into the answer's place, where they have none of their own."""
    if traces and "plot" not in found:
        found["plot"] = found.pop("result")
    return found


def _stacked(rows: _Rows, area: QtCore.QRect, gap: int) -> dict[str, QtCore.QRect]:
    found: dict[str, QtCore.QRect] = {}
    for (top, height), (_, parts) in zip(
        _spans([share for share, _ in rows], area.top(), area.height(), gap), rows, strict=True
    ):
        for (left, width), (name, _) in zip(
            _spans([share for _, share in parts], area.left(), area.width(), gap),
            parts,
            strict=True,
        ):
            found[name] = QtCore.QRect(left, top, width, height)
    return found


def _spans(shares: list[float], start: int, length: int, gap: int) -> list[tuple[int, int]]:
    """Share out a length, less the gaps between: (start, length) of each part."""
    free = length - gap * (len(shares) - 1)
    edges = [0.0]
    for share in shares:
        edges.append(edges[-1] + free * share / sum(shares))
    return [
        (start + round(a) + i * gap, round(b) - round(a))
        for i, (a, b) in enumerate(pairwise(edges))
    ]
