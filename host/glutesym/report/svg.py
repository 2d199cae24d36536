"""A figure as SVG that can stand in a page beside others."""

from __future__ import annotations

import io
import re

from matplotlib.figure import Figure

from glutesym.report.figure_style import figure_style

_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)
_SIZE = re.compile(r'(<svg\b[^>]*?) width="[^"]*"', re.DOTALL)
_HEIGHT = re.compile(r'(<svg\b[^>]*?) height="[^"]*"', re.DOTALL)
_ID = re.compile(r'((?:\bid=")|(?:href="#)|(?:url\(#))')


def svg_text(figure: Figure) -> str:
    """Return a figure as an SVG document without a date: equal figures give equal text."""
    file = io.StringIO()
    with figure_style():
        figure.savefig(file, format="svg", metadata={"Date": None})
    return _METADATA.sub("", file.getvalue(), count=1)


def inline_svg(figure: Figure, prefix: str) -> str:
    """Return a figure as an SVG element for HTML; its ids begin with a prefix of its own."""
    text = svg_text(figure)
    element = text[text.index("<svg") :]
    element = _HEIGHT.sub(r"\1", _SIZE.sub(r"\1", element, count=1), count=1)
    return _ID.sub(rf"\1{prefix}-", element).replace("<svg", '<svg aria-hidden="true"', 1)
