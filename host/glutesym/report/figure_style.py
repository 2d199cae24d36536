"""How all figures of a report look: small, for white paper, and legible without colour."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from glutesym.measures import RepMeasure, Side

# Okabe & Ito, Color Universal Design (2008): their blue; their orange, darker for white paper.
COLORS: dict[Side, str] = {"left": "#0072B2", "right": "#C77C00"}
LINES: dict[Side, str] = {"left": "-", "right": "--"}
MARKS: dict[Side, str] = {"left": "o", "right": "s"}
INK, DIM = "#1B1F24", "#5B6570"

NARROW_IN = (4.3, 2.9)  # legible on a telephone, two beside each other on paper
WIDE_IN = 9.0
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.labelsize": 9,
    "axes.edgecolor": DIM,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E9ECEF",
    "grid.linewidth": 0.7,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": DIM,
    "ytick.color": DIM,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "svg.fonttype": "path",  # looks the same everywhere
    "svg.hashsalt": "glutesym",  # the same session gives the same file
    "pdf.fonttype": 42,
    "figure.facecolor": "white",
    "figure.constrained_layout.w_pad": 0.08,
}


@dataclass(frozen=True)
class ReportFigure:
    """One figure."""

    name: str  # of its file, e.g. "asymmetry"
    title: str
    caption: str  # what is drawn, for whoever cannot ask
    figure: Figure
    wide: bool = False


@contextmanager
def figure_style() -> Generator[None]:
    """Draw and save within this."""
    with rc_context(_STYLE):
        yield


def count_axis(ax: Any, reps: Sequence[RepMeasure]) -> None:
    """Let an axis count repetitions."""
    ax.set_xlim(0.4, len(reps) + 0.6)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12, min_n_ticks=1))
    ax.grid(visible=False, axis="x")


def legend(ax: Any) -> None:
    """Name the sides, each once."""
    handles, labels = ax.get_legend_handles_labels()
    by_label = dict(zip(labels, handles, strict=True))
    ax.legend(by_label.values(), by_label.keys(), loc="upper right", ncols=2, handlelength=2.2)


def how_many(count: int) -> str:
    """Return a count of repetitions in words."""
    return f"{count} repetition{'' if count == 1 else 's'}"
