"""The report as one HTML file: no network, no script; what comes from a session is escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from glutesym.report.content import PURPOSE, VIRTUAL
from glutesym.report.figure_style import ReportFigure
from glutesym.report.method import HEADING
from glutesym.report.model import Report
from glutesym.report.svg import inline_svg


def html_page(report: Report) -> str:
    """Return the page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html").render(
        report=report, purpose=PURPOSE, virtual=VIRTUAL, method=HEADING, svg=_svg
    )


def _svg(figure: ReportFigure, prefix: str) -> Markup:
    return Markup(inline_svg(figure.figure, prefix))
