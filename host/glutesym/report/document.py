"""The report as a PDF: by a library alone, so that it needs no browser and no system parts."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, TableCellFillMode, XPos, YPos
from fpdf.fonts import FontFace

from glutesym.plan import Plan
from glutesym.report.content import PURPOSE, VIRTUAL
from glutesym.report.figure_style import COLORS, ReportFigure
from glutesym.report.method import HEADING
from glutesym.report.model import Fact, Report, SetReport, Table, Tone
from glutesym.report.svg import svg_text

_FONT = "DejaVu"  # comes with matplotlib, under a free licence, and has µ, ±, − and Greek
_MARGIN_MM = 15.0
_GAP_MM = 6.0
_INK, _DIM, _LINE, _PALE = (27, 31, 36), (91, 101, 112), (213, 218, 222), (244, 246, 248)
_TONES: dict[Tone, str] = {**COLORS, "even": "#3D4650", "none": "#3D4650"}


def pdf_document(report: Report) -> bytes:
    """Return the document, A4."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells how it makes a subset
    document = _Document(report)
    if report.overview:
        document.write_title(report.title, "")
        document.write_table(report.overview)
        if report.plan:
            document.write_plan(report.plan)
    for of_set in report.sets:
        if report.overview:
            document.add_page()
        document.write_set(of_set)
    return bytes(document.output())


class _Document(FPDF):
    def __init__(self, report: Report) -> None:
        super().__init__(format="A4")
        folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        self.add_font(_FONT, "", folder / "DejaVuSans.ttf")
        self.add_font(_FONT, "B", folder / "DejaVuSans-Bold.ttf")
        font: Any = self.fonts[_FONT.lower()]
        self._known = set(font.cmap)  # what the font can draw
        self._foot = report.made
        self.set_title(self._drawable(f"{report.title} – glutesym"))
        self.set_creator("glutesym")
        self.set_lang("en")
        self.set_margins(_MARGIN_MM, _MARGIN_MM)
        self.set_auto_page_break(True, margin=22)
        self.alias_nb_pages()
        self.add_page()

    def footer(self) -> None:
        """Draw what stands at the foot of every page."""
        self.set_y(-19)
        self._style(7, bold=True)
        self._text(PURPOSE, 3.6, align="C")
        self._style(7, color=_DIM)
        self._text(f"{self._foot} · page {self.page_no()} of {{nb}}", 3.6, align="C")

    def write_set(self, of_set: SetReport) -> None:
        """Draw one session."""
        self.write_title(of_set.title, of_set.subtitle)
        if of_set.virtual:
            self._style(9, bold=True)
            self._text(VIRTUAL, 5)
        self._verdict(of_set)
        if of_set.plan:
            self.write_plan(of_set.plan)
        self._heading("What was done", 30)
        self._facts(of_set.facts)
        if of_set.review:
            self._heading("Review", 15)
            self._list(of_set.review)
        if of_set.figures:
            self._figures(of_set.figures)
        self._heading("How good the signal was", 40)
        self.write_table(of_set.signal, first=0.34)
        self._style(9)
        for sentence in of_set.signal_sentences:
            self.ln(1)
            self._text(sentence, 4.6)
        if of_set.reps:
            self._heading("Every repetition", 30)
            self.write_table(of_set.reps)
        self._heading(HEADING, 30)
        self._facts(of_set.method, 8)

    def write_title(self, title: str, subtitle: str) -> None:
        """Draw what a session is called, and when it was."""
        self._style(14, bold=True)
        self._text(title, 7)
        if subtitle:
            self._style(9, color=_DIM)
            self._text(subtitle, 5)

    def write_plan(self, plan: Plan) -> None:
        """Draw what to train."""
        self._heading("What to do", 30)
        self._list(plan.lines)
        self._style(8, color=_DIM)
        self._text(f"Source: {plan.source}", 4)
        self._style(9)
        self._text(plan.caution, 4.6)

    def write_table(self, table: Table, first: float | None = None) -> None:
        """Draw a table; ``first`` is the share of the first column."""
        self._style(8)
        self.set_draw_color(*_LINE)
        self.set_fill_color(255)
        n = len(table.headings)
        widths = _widths(table) if first is None else [first, *[(1 - first) / (n - 1)] * (n - 1)]
        aligns = ["LEFT" if i == 0 or i in table.words else "RIGHT" for i in range(n)]
        with self._open_table(widths, aligns) as drawn:
            head = drawn.row()
            for heading in table.headings:
                head.cell(self._drawable(heading))
            for row in table.rows:
                face = FontFace(color=_DIM) if row.muted else None
                cells = drawn.row(style=face)
                for cell in row.cells:
                    cells.cell(self._drawable(cell))
                if row.note:
                    note = drawn.row(style=FontFace(color=_DIM, size_pt=7))
                    note.cell("", border=0)
                    note.cell(self._drawable(row.note), colspan=n - 1, align="LEFT", border=0)

    def _open_table(self, widths: Sequence[float], aligns: Sequence[str]) -> Any:
        """Return fpdf's table in the report's style."""
        return self.table(
            col_widths=tuple(widths),
            text_align=tuple(aligns),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            cell_fill_mode=TableCellFillMode.NONE,
            headings_style=FontFace(emphasis="BOLD", color=_DIM),
            line_height=4.2,
            padding=(0.7, 2.2),
        )

    def _verdict(self, of_set: SetReport) -> None:
        self.ln(3)
        top, page = self.get_y(), self.page
        bar_mm, inside_mm = 2.0, 6.0
        color = _TONES[of_set.tone]

        def write() -> None:
            self.set_left_margin(_MARGIN_MM + inside_mm)
            self.set_y(top + 3)
            self._style(13 if of_set.tone == "none" else 19, bold=True)
            self.set_text_color(color)
            self._text(of_set.headline, 8.5)
            for i, sentence in enumerate(of_set.sentences):
                self._style(10.5 if i == 0 else 9)
                self.ln(0.8)
                self._text(sentence, 5 if i == 0 else 4.6)
            self.set_left_margin(_MARGIN_MM)

        with self.offset_rendering():
            write()
            height = self.get_y() - top + 3
        self.set_fill_color(*_PALE)
        self.rect(_MARGIN_MM, top, self.epw, height, style="F")
        self.set_fill_color(color)
        self.rect(_MARGIN_MM, top, bar_mm, height, style="F")
        write()
        assert self.page == page
        self.set_y(top + height)

    def _figures(self, figures: Sequence[ReportFigure]) -> None:
        self._heading("Figures", 60)
        half_mm = (self.epw - _GAP_MM) / 2
        waiting: list[ReportFigure] = []
        for figure in figures:
            if figure.wide:
                self._row_of_figures([figure], self.epw)
                continue
            waiting.append(figure)
            if len(waiting) == 2:
                self._row_of_figures(waiting, half_mm)
                waiting = []
        if waiting:
            self._row_of_figures(waiting, half_mm)

    def _row_of_figures(self, figures: Sequence[ReportFigure], width_mm: float) -> None:
        sizes = [figure.figure.get_size_inches() for figure in figures]
        height_mm = max(width_mm * size[1] / size[0] for size in sizes)
        if self.get_y() + height_mm + 20 > self.page_break_trigger:
            self.add_page()
        top, lowest = self.get_y(), 0.0
        for i, figure in enumerate(figures):
            x = _MARGIN_MM + i * (width_mm + _GAP_MM)
            self.set_xy(x, top)
            self._style(9, bold=True)
            self._text(figure.title, 5, width_mm)
            svg = io.BytesIO(svg_text(figure.figure).encode())
            self.image(svg, x=x, y=self.get_y(), w=width_mm, alt_text=figure.caption)
            self.set_xy(x, top + 5 + height_mm + 0.5)
            self._style(7.5, color=_DIM)
            self._text(figure.caption, 3.7, width_mm)
            lowest = max(lowest, self.get_y())
        self.set_xy(_MARGIN_MM, lowest + 4)

    def _facts(self, facts: Sequence[Fact], size_pt: float = 9) -> None:
        name_mm, line_mm = 40.0, size_pt * 0.51
        for name, text in facts:
            self._style(size_pt)
            words = self._drawable(text)
            width_mm = self.epw - name_mm
            lines: Any = self.multi_cell(width_mm, line_mm, words, dry_run=True, output="LINES")
            if self.get_y() + line_mm * len(lines) > self.page_break_trigger:
                self.add_page()
            y = self.get_y()
            self._style(size_pt, color=_DIM)
            self._text(name, line_mm, name_mm)
            below = self.get_y()
            self.set_xy(_MARGIN_MM + name_mm, y)
            self._style(size_pt)
            self._text(text, line_mm, width_mm)
            self.set_xy(_MARGIN_MM, max(below, self.get_y()) + 0.8)

    def _list(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._style(9)
            self.set_x(_MARGIN_MM + 1)
            self.cell(4, 4.8, "•")
            self._text(line, 4.8, self.epw - 5)
            self.set_x(_MARGIN_MM)

    def _heading(self, text: str, room_mm: float) -> None:
        """Draw a heading on a page where what follows has room, too."""
        self.ln(5)
        if self.get_y() + room_mm > self.page_break_trigger:
            self.add_page()
        self._style(11, bold=True)
        self._text(text, 6)
        self.set_draw_color(*_LINE)
        self.line(_MARGIN_MM, self.get_y(), _MARGIN_MM + self.epw, self.get_y())
        self.ln(2)

    def _style(
        self, size_pt: float, *, bold: bool = False, color: tuple[int, int, int] = _INK
    ) -> None:
        self.set_font(_FONT, "B" if bold else "", size_pt)
        self.set_text_color(*color)

    def _text(self, text: str, line_mm: float, width_mm: float = 0, align: str = "L") -> None:
        self.multi_cell(
            width_mm,
            line_mm,
            self._drawable(text),
            align=align,
            new_x=XPos.LEFT if width_mm else XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def _drawable(self, text: str) -> str:
        """Return a text with a sign in the place of what the font cannot draw."""
        return "".join(c if ord(c) in self._known else "□" for c in text)


def _widths(table: Table) -> list[float]:
    """Return the columns' shares by their longest words."""
    n = len(table.headings)
    longest = [
        max([len(table.headings[i]), *(len(row.cells[i]) for row in table.rows)]) + 3
        for i in range(n)
    ]
    return [float(min(length, 40)) for length in longest]
