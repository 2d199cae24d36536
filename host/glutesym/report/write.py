"""Write a report: the files appear all at once, when they are complete."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from glutesym.errors import SessionError, reason_of
from glutesym.report.content import make_report
from glutesym.report.document import pdf_document
from glutesym.report.figure_style import ReportFigure, figure_style
from glutesym.report.figures import draw_figures
from glutesym.report.page import html_page
from glutesym.report.svg import svg_text

if TYPE_CHECKING:
    from glutesym.session.analyze import AnalyzedSession

_PNG_DPI = 200


def write_report(
    sessions: Sequence[AnalyzedSession],
    folder: Path,
    *,
    with_figures: bool = False,
    made: datetime | None = None,
) -> list[Path]:
    """Write ``<stem>_report.html`` and ``.pdf``, named after the first session.

    An earlier report of the same name is replaced.

    Parameters
    ----------
    sessions : sequence of AnalyzedSession
        At least one.
    folder : Path
        Where the files go; created when missing.
    with_figures : bool
        Also write every figure as PNG and SVG.
    made : datetime, optional
        With its time zone; now, when not given.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    SessionError
        A file cannot be written. No file is left incomplete.
    """
    figures = [draw_figures(session) for session in sessions]
    report = make_report(sessions, figures, made or datetime.now(UTC))
    stem = sessions[0].path.stem
    if len(sessions) > 1:
        stem += f"_and_{len(sessions) - 1}_more"
    content: dict[str, bytes] = {
        f"{stem}_report.html": html_page(report).encode(),
        f"{stem}_report.pdf": pdf_document(report),
    }
    if with_figures:
        for number, (session, drawn) in enumerate(zip(sessions, figures, strict=True)):
            of = session.path.stem
            if of in [other.path.stem for other in sessions[:number]]:
                of += f"_{number + 1}"
            content |= _figure_files(of, drawn)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".report-", dir=folder) as name:
            temporary = Path(name)
            for file, data in content.items():
                (temporary / file).write_bytes(data)
            return [(temporary / file).replace(folder / file) for file in content]
    except OSError as error:
        raise SessionError(
            folder,
            f"cannot write the report ({reason_of(error)}). Check that the disk has space, that "
            "you may write to this folder, and that no other program has the old report open.",
        ) from error


def _figure_files(stem: str, figures: Sequence[ReportFigure]) -> dict[str, bytes]:
    import io

    made: dict[str, bytes] = {}
    with figure_style():
        for figure in figures:
            png = io.BytesIO()
            figure.figure.savefig(png, format="png", dpi=_PNG_DPI, metadata={"Software": None})
            made[f"{stem}_{figure.name}.png"] = png.getvalue()
            made[f"{stem}_{figure.name}.svg"] = svg_text(figure.figure).encode()
    return made
