"""The report's figures: small, for white paper, and legible without colour.

Left is blue and solid, right is orange and dashed, and left is on the left. The figures draw what
was measured; they measure nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from glutesym.analysis.fatigue import RepSpectrum, SetFatigue, set_fatigue
from glutesym.analysis.rep_curves import (
    SHARES_PCT,
    SideCurves,
    envelope_uv,
    normalised_curves,
    rep_curves,
)
from glutesym.analysis.rep_intervals import asymmetry_interval_pct, lag_interval_ms
from glutesym.dsp.muscle_power import MusclePower
from glutesym.measures import SIDES, Estimate, RepMeasure, Side
from glutesym.report.figure_style import (
    COLORS,
    DIM,
    INK,
    LINES,
    MARKS,
    NARROW_IN,
    WIDE_IN,
    ReportFigure,
    count_axis,
    figure_style,
    how_many,
    legend,
)

if TYPE_CHECKING:
    from glutesym.session.analyze import AnalyzedSession

_MOST_POINTS = 1600  # of a line: more than the paper shows


def draw_figures(session: AnalyzedSession) -> list[ReportFigure]:
    """Return the figures that a session supports, in the order of reading."""
    reps = session.measures.reps
    with figure_style():
        made: list[ReportFigure | None] = [_envelopes(session)]
        if reps:
            curves = rep_curves(session.recording, reps, session.settings.mains_hz)
            tired = set_fatigue(session.recording, reps, mains_hz=session.settings.mains_hz)
            made += [
                _overlay(curves),
                _means(session, curves),
                _asymmetry(session) or _amounts(session),
                _lags(session),
                _fatigue(tired, session),
            ]
    return [figure for figure in made if figure is not None]


def _envelopes(session: AnalyzedSession) -> ReportFigure | None:
    pods = session.recording.pods
    sides: list[Side] = [side for side in SIDES if side in pods and len(pods[side].emg.time_s)]
    if not sides:
        return None
    figure = Figure((WIDE_IN, 0.7 + 1.3 * len(sides)), layout="constrained")
    axes: list[Any] = list(
        figure.subplots(len(sides), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    )
    for ax, side in zip(axes, sides, strict=True):
        power = MusclePower(pods[side].emg, session.settings.mains_hz)
        rows = power.between(-np.inf, np.inf)
        time_s, level_uv = _thinned(rows.time_s, envelope_uv(rows, power.row_s))
        for rep in session.measures.reps:
            if rep.excluded:
                ax.axvspan(rep.start_s, rep.end_s, fc="none", ec=DIM, lw=0.8, ls=":")
            else:
                ax.axvspan(rep.start_s, rep.end_s, color="#EEF1F4", lw=0)
        ax.plot(time_s, level_uv, color=COLORS[side], lw=0.8)
        ax.set_ylabel(f"{side} (µV)")
        ax.grid(visible=False)
    axes[0].set_ylim(bottom=0)  # of both: they share it
    axes[-1].set_xlabel("session time (s)")
    axes[-1].set_xlim(0, session.recording.duration_s)
    top = axes[0].get_xaxis_transform()
    width_s = session.recording.duration_s
    last_s = -np.inf
    for rep in session.measures.reps:
        middle_s = (rep.start_s + rep.end_s) / 2
        if middle_s - last_s > 0.018 * width_s:
            axes[0].text(
                middle_s,
                1.02,
                f"({rep.number})" if rep.excluded else str(rep.number),
                transform=top,
                ha="center",
                va="bottom",
                fontsize=7.5,
                color=DIM,
            )
            last_s = middle_s
    caption = "RMS in 100 ms over the whole session."
    if session.measures.reps:
        caption += " Grey: repetitions with their numbers."
    if any(rep.excluded for rep in session.measures.reps):
        caption += " Dotted frames, numbers in brackets: excluded ones."
    return ReportFigure("envelopes", "The whole session", caption, figure, wide=True)


def _overlay(curves: dict[Side, SideCurves]) -> ReportFigure | None:
    shown: dict[Side, SideCurves] = {
        side: of_side for side, of_side in curves.items() if of_side.reps
    }
    if not shown:
        return None
    figure = Figure(NARROW_IN, layout="constrained")
    axes: list[Any] = list(figure.subplots(1, len(shown), sharey=True, squeeze=False)[0])
    for ax, (side, of_side) in zip(axes, shown.items(), strict=True):
        for rep in of_side.reps:
            color, style = (COLORS[side], "-") if rep.counts else ("#9AA3AC", ":")
            ax.plot(SHARES_PCT, rep.level, style, color=color, lw=0.8, alpha=0.5)
        ax.plot(SHARES_PCT, of_side.mean, color=INK, lw=1.6)
        ax.set_title(f"{side.capitalize()}, {how_many(of_side.n_counted)}", color=COLORS[side])
        ax.set_xlim(0, 100)
        ax.set_xticks([0, 25, 50, 75, 100])
    axes[0].set_ylabel("activation (µV)")
    axes[0].set_ylim(bottom=0)
    figure.supxlabel("share of the repetition (%)", fontsize=9)
    caption = "Every repetition, laid on one length; black: their mean."
    if any(not rep.counts for of_side in shown.values() for rep in of_side.reps):
        caption += " Dotted grey: repetitions that do not count."
    return ReportFigure("repetitions", "All repetitions", caption, figure)


def _means(session: AnalyzedSession, curves: dict[Side, SideCurves]) -> ReportFigure | None:
    normalised, against = session.normalised, ""
    if normalised and normalised.ratio and normalised.placement:
        mvic_uv: dict[Side, float] = {side: mvic.mvic_uv for side, mvic in normalised.mvic.items()}
        curves = normalised_curves(curves, mvic_uv)
        against = " in per cent of each side's maximal contraction"
    shown: dict[Side, SideCurves] = {
        side: of_side for side, of_side in curves.items() if of_side.n_counted > 1
    }
    if not shown:
        return None
    figure = Figure(NARROW_IN, layout="constrained")
    ax: Any = figure.subplots()
    for side, of_side in shown.items():
        low, high = of_side.mean - of_side.sd, of_side.mean + of_side.sd
        ax.fill_between(SHARES_PCT, np.maximum(low, 0), high, color=COLORS[side], alpha=0.18, lw=0)
        ax.plot(SHARES_PCT, of_side.mean, LINES[side], color=COLORS[side], lw=1.8, label=side)
    unit = next(iter(shown.values())).unit
    ax.set(xlabel="share of the repetition (%)", ylabel=f"activation ({unit})", xlim=(0, 100))
    ax.set_ylim(bottom=0)
    legend(ax)
    caption = f"Mean of the repetitions{against}; shaded: ± 1 standard deviation between them."
    return ReportFigure("means", "Mean repetition", caption, figure)


def _asymmetry(session: AnalyzedSession) -> ReportFigure | None:
    summary = session.measures.summary
    if all(rep.symmetry_index_pct is None for rep in session.measures.reps):
        return None
    figure = _per_rep(
        session.measures.reps,
        lambda rep: rep.symmetry_index_pct,
        asymmetry_interval_pct,
        summary.symmetry_index_pct,
        "asymmetry (%)",
        ("left larger", "right larger"),
    )
    caption = (
        "Difference of the activations in per cent of their mean. Bars: 95 % of what the "
        "randomness of EMG alone does to one repetition. Band: the set, 95 % interval. It "
        "differs from zero where the band leaves the line."
    )
    return ReportFigure("asymmetry", "Asymmetry of every repetition", caption, figure)


def _lags(session: AnalyzedSession) -> ReportFigure | None:
    if all(rep.lag_ms is None for rep in session.measures.reps):
        return None
    figure = _per_rep(
        session.measures.reps,
        lambda rep: rep.lag_ms,
        lag_interval_ms,
        session.measures.summary.lag_ms,
        "lag (ms)",
        ("right later", "left later"),
    )
    caption = (
        "Onset left minus onset right. Bars: 95 % interval of one repetition, with the clocks' "
        "uncertainty. Band: the set, 95 % interval."
    )
    return ReportFigure("lag", "Timing of every repetition", caption, figure)


_Value = Callable[[RepMeasure], float | None]
_Interval = Callable[[RepMeasure], tuple[float, float] | None]


def _per_rep(
    reps: Sequence[RepMeasure],
    value_of: _Value,
    interval_of: _Interval,
    of_set: Estimate,
    label: str,
    directions: tuple[str, str],
) -> Figure:
    figure = Figure(NARROW_IN, layout="constrained")
    ax: Any = figure.subplots()
    if of_set.value is not None and of_set.ci_low is not None and of_set.ci_high is not None:
        ax.axhspan(of_set.ci_low, of_set.ci_high, color="#DDE3E9", lw=0)
        ax.axhline(of_set.value, color=DIM, lw=1.2)
    ax.axhline(0, color=INK, lw=0.9)
    reach = 1.0
    for rep in reps:
        value = value_of(rep)
        if value is None:
            continue
        interval = interval_of(rep) or (value, value)
        face = "white" if rep.excluded else INK
        color = "#9AA3AC" if rep.excluded else INK
        ax.plot([rep.number] * 2, interval, color=color, lw=1.1)
        ax.plot([rep.number], [value], "o", ms=4.5, mec=color, mfc=face)
        reach = max(reach, abs(interval[0]), abs(interval[1]))
    reach *= 1.18
    ax.set_ylim(-reach, reach)
    ax.set(xlabel="repetition", ylabel=label)
    count_axis(ax, reps)
    for y, text, va, side in ((0.02, directions[0], "bottom", 0), (0.98, directions[1], "top", 1)):
        named: Side = "left" if "left" in text else "right"
        ax.text(
            0.99, y, f"{'↑↓'[1 - side]} {text}", transform=ax.transAxes, ha="right", va=va,
            fontsize=8, fontweight="bold", color=COLORS[named],
        )  # fmt: skip
    return figure


def _amounts(session: AnalyzedSession) -> ReportFigure | None:
    """Draw each side's amounts, where the two are not compared within a repetition."""
    summary = session.measures.summary
    figure = Figure(NARROW_IN, layout="constrained")
    ax: Any = figure.subplots()
    drawn = False
    for side in SIDES:
        reps = [
            rep
            for rep in session.measures.reps
            if rep.side(side).activation_uv is not None
            and (not rep.one_leg or rep.working == side)
        ]
        if not reps:
            continue
        drawn = True
        estimate = summary.activation_uv[side]
        if estimate.value is not None and estimate.ci_low is not None:
            ax.axhspan(estimate.ci_low, estimate.ci_high, color=COLORS[side], alpha=0.15, lw=0)
            ax.axhline(estimate.value, color=COLORS[side], ls=LINES[side], lw=1)
        for excluded in (False, True):
            some = [rep for rep in reps if rep.excluded == excluded]
            ax.plot(
                [rep.number for rep in some],
                [rep.side(side).activation_uv for rep in some],
                MARKS[side],
                ms=5,
                color=COLORS[side],
                mfc="white" if excluded else COLORS[side],
                label=None if excluded else side,
            )
    if not drawn:
        return None
    ax.set(xlabel="repetition", ylabel="activation (µV)")
    ax.set_ylim(bottom=0, top=1.15 * ax.get_ylim()[1])
    count_axis(ax, session.measures.reps)
    legend(ax)
    one_leg = any(rep.one_leg for rep in session.measures.reps)
    which = "The leg that works in each repetition. " if one_leg else ""
    caption = f"{which}Bands: mean of a side over the set, 95 % interval. Hollow: excluded."
    return ReportFigure("activation", "Activation of every repetition", caption, figure)


def _fatigue(tired: SetFatigue, session: AnalyzedSession) -> ReportFigure | None:
    shown: dict[Side, list[RepSpectrum]] = {}
    for side, reps in tired.reps.items():
        known = [rep for rep in reps if np.isfinite(rep.median_hz)]
        if len(known) > 1:
            shown[side] = known
    if not shown:
        return None
    figure = Figure(NARROW_IN, layout="constrained")
    ax: Any = figure.subplots()
    for side, reps in shown.items():
        numbers = np.array([rep.number for rep in reps], float)
        median_hz = np.array([rep.median_hz for rep in reps])
        ax.plot(numbers, median_hz, MARKS[side], ms=4.5, color=COLORS[side], label=side)
        change = tired.trend[side].median_frequency_pct.value
        if change is not None:  # Theil–Sen: on the logarithm, through the median
            slope = np.log1p(change / 100) / (numbers[-1] - numbers[0])
            middle = np.median(np.log(median_hz) - slope * numbers)
            ends = numbers[[0, -1]]
            ax.plot(ends, np.exp(middle + slope * ends), LINES[side], color=COLORS[side], lw=1.4)
    low, high = ax.get_ylim()
    centre, half = (low + high) / 2, max(0.62 * (high - low), 12.0)
    ax.set_ylim(centre - half, centre + half)
    ax.set(xlabel="repetition", ylabel="median frequency (Hz)")
    count_axis(ax, session.measures.reps)
    legend(ax)
    caption = (
        "A median frequency that falls over the set is a sign of fatigue. Lines: the trend, "
        "where it is known well enough."
    )
    return ReportFigure("fatigue", "Fatigue of each side", caption, figure)


def _thinned(
    time_s: NDArray[np.float64], level: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the highest of every few values; a gap stays one."""
    step = max(1, -(-len(level) // _MOST_POINTS))
    whole = len(level) // step * step
    if step == 1 or not whole:
        return time_s, level
    blocks = level[:whole].reshape(-1, step)
    return time_s[:whole].reshape(-1, step).mean(axis=1), blocks.max(axis=1)
