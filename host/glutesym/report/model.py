"""The shape of a report: plain text and tables that a page and a document lay out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from glutesym.plan import Plan
from glutesym.report.figure_style import ReportFigure

Tone = Literal["left", "right", "even", "none"]  # which side is lower
Fact = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """One row of a table."""

    cells: tuple[str, ...]
    note: str = ""  # over the whole width, below the cells
    muted: bool = False  # it does not count


@dataclass(frozen=True)
class Table:
    """Headings and rows; every column but the first is of numbers unless it is in ``words``."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    words: tuple[int, ...] = ()  # columns


@dataclass(frozen=True)
class SetReport:
    """One session."""

    title: str
    subtitle: str
    tone: Tone
    headline: str
    sentences: tuple[str, ...]
    facts: tuple[Fact, ...]
    signal: Table
    signal_sentences: tuple[str, ...]
    reps: Table | None
    review: tuple[str, ...]  # what a reviewer changed and noted
    method: tuple[Fact, ...]
    plan: Plan | None
    virtual: bool
    figures: tuple[ReportFigure, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Report:
    """All of it."""

    title: str
    made: str
    sets: tuple[SetReport, ...]
    overview: Table | None  # of several sessions
    plan: Plan | None  # for all of them together
