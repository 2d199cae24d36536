"""The report as one HTML file: no network, no script; what comes from a session is escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from glutesym.report.content import PURPOSE, VIRTUAL, Report
from glutesym.report.figures import ReportFigure
from glutesym.report.method import HEADING
from glutesym.report.svg import inline_svg


def html_page(report: Report) -> str:
    """Return the page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["svg"] = _svg
    return environment.get_template("page.html").render(
        report=report, purpose=PURPOSE, virtual=VIRTUAL, method=HEADING
    )


def _svg(figure: ReportFigure, prefix: str) -> Markup:
    return Markup(inline_svg(figure.figure, prefix))
