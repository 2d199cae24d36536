"""Results as tables and sentences on a console without markup: what a file says is text."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from glutesym.exercises import NO_EXERCISE
from glutesym.measures import Estimate, RepMeasure
from glutesym.plan import Plan
from glutesym.session.answer import answer_sentences, corrective_plan, quality_sentences
from glutesym.wording import leg_text

if TYPE_CHECKING:
    from glutesym.session.analyze import AnalyzedSession
    from glutesym.session.history import History
    from glutesym.virtual.truth_check import TruthCheck


_NAMED = 3  # files, of many that have something in common
_WIDE = 72  # columns from which the table of repetitions has room for all it can hold


def print_result(out: Console, session: AnalyzedSession) -> None:
    """Print a session's answer: verdict, every repetition, what was received."""
    measures, recording = session.measures, session.recording
    out.print()
    if session.meta.subject:
        out.print(f"Subject {session.meta.subject}")
    judged = False
    if not recording.pods:
        told = ["No pod took part in this session: nothing was measured."]
    elif what := NO_EXERCISE.get(recording.exercise):
        told = [f"This session is {what}, no exercise: its sides are not judged."]
    else:
        told, judged = answer_sentences(measures, session.unit), True
    out.print(told[0], style="bold")
    for sentence in told[1:]:
        out.print(sentence)
    if judged:
        print_reps(out, measures.reps)
    for side, pod in recording.pods.items():
        out.print(
            f"{side}: {pod.samples_received} EMG samples received, {pod.samples_lost} lost, "
            f"gaps: {len(pod.gaps)}, bad frames: {pod.frames_bad}",
        )
        for reason in dict.fromkeys(gap.reason for gap in pod.gaps):
            missing = sum(gap.samples for gap in pod.gaps if gap.reason == reason)
            out.print(f"{side}: {missing} samples: {reason}")
        for problem in pod.problems:
            out.print(Text.assemble(f"{side} pod: ", (problem, "bold")))
    if session.sync_check:
        out.print(f"Sync check: {session.sync_check['sentence']}")
    if session.normalised:
        for sentence in session.normalised.sentences(measures.summary.verdict):
            out.print(sentence)
    if plan := corrective_plan([session]):
        print_plan(out, plan)
    if not session.meta.ended:
        out.print("The session was not ended cleanly; what was recorded until then is complete.")


def print_reps(out: Console, reps: Sequence[RepMeasure]) -> None:
    """Print a line a repetition, and what is wrong with those that are not good."""
    one_leg = any(rep.one_leg for rep in reps)
    edited = any(rep.edits for rep in reps)
    narrow = out.width < _WIDE
    with_start = not (narrow and edited)
    index = "Asym." if narrow else "Asymmetry"
    compared = ("Working",) if one_leg else (f"{index}\n(%)", "Lag\nL−R\n(ms)")
    table = Table()
    for heading in ("Rep", "Start\n(s)", "Left\n(µV)", "Right\n(µV)", *compared, "Quality"):
        if with_start or not heading.startswith("Start"):
            table.add_column(heading, no_wrap=True)
    if edited:
        table.add_column("Edited", min_width=8)
    for rep in reps:
        both = _number(rep.symmetry_index_pct, "+z.0f"), _number(rep.lag_ms, "+z.0f")
        table.add_row(
            str(rep.number),
            *([f"{rep.start_s:.1f}"] if with_start else []),
            _number(rep.left.activation_uv, ".0f"),
            _number(rep.right.activation_uv, ".0f"),
            *((leg_text(rep),) if one_leg else both),
            rep.quality,
            *([", ".join(rep.edits)] if edited else []),
        )
    out.print(table)
    for sentence in quality_sentences(reps):
        out.print(sentence)


def print_plan(out: Console, plan: Plan) -> None:
    """Print what to train."""
    out.print("\nWhat to do", style="bold")
    for line in plan.lines:
        out.print(f"- {line}")
    out.print(f"Source: {plan.source}", style="dim")
    out.print(plan.caution)


def print_truth(out: Console, check: TruthCheck) -> None:
    """Print truth and measurement side by side."""
    table = Table("", "Truth", "Measured", "Difference", title="Truth and measurement")
    table.add_row(
        "Repetitions",
        str(check.reps_true),
        str(check.reps_measured),
        f"{check.reps_matched} matched",
    )
    table.add_row(
        "Asymmetry, right larger + (%)",
        _number(check.symmetry_index_true_pct, "+z.1f"),
        _number(check.symmetry_index_pct, "+z.1f"),
        _number(check.symmetry_index_error_pct, "+z.1f"),
    )
    table.add_row(
        "Lag, left later + (ms)",
        _number(check.lag_true_ms, "+z.1f"),
        _number(check.lag_ms, "+z.1f"),
        _number(check.lag_error_ms, "+z.1f"),
    )
    for side, true_deg in check.pelvic_drop_true_deg.items():
        table.add_row(
            f"Pelvic drop on the {side} leg (°)",
            f"{true_deg:+.1f}",
            _number(check.pelvic_drop_deg.get(side), "+z.1f"),
            _number(check.pelvic_drop_error_deg(side), "+z.1f"),
        )
    for side, sent in check.samples_sent.items():
        table.add_row(
            f"EMG samples {side}",
            f"{sent} sent",
            f"{check.samples_received[side]} received",
            f"{check.samples_lost[side]} lost",
        )
    table.add_row(
        "Sync uncertainty (ms)",
        "",
        _plus_minus(check.sync_uncertainty_ms),
        f"{_number(check.sync_error_ms, '+.2f')} true error",
    )
    out.print(table)


def print_seeds(out: Console, checks: dict[int, TruthCheck]) -> None:
    """Print a line a simulated session, and the worst of each column."""
    table = Table(
        caption="Reps: found/true. Asym., Ratio, Lag: measured less true, for the set. "
        "Rep lag: mean absolute error. Sync: stated uncertainty, and the true error.",
    )
    for heading in (
        "Seed",
        "Reps",
        "Asym.\n(pp)",
        "Ratio\n(%)",
        "Lag\n(ms)",
        "Rep\nlag\n(ms)",
        "Samples",
        "Lost",
        "Sync\n(ms)",
        "Error\n(ms)",
    ):
        table.add_column(heading, no_wrap=True)
    for seed, check in checks.items():
        table.add_row(
            str(seed),
            f"{check.reps_matched}/{check.reps_true}",
            _number(check.symmetry_index_error_pct, "+z.1f"),
            _number(check.ratio_error_pct, "+z.1f"),
            _number(check.lag_error_ms, "+z.1f"),
            _number(check.lag_per_rep_mae_ms, ".1f"),
            str(sum(check.samples_received.values())),
            str(sum(check.samples_lost.values())),
            _plus_minus(check.sync_uncertainty_ms),
            _number(check.sync_error_ms, "+z.2f"),
        )
    if len(checks) > 1:
        table.add_section()
        table.add_row(
            "worst",
            "",
            _worst([check.symmetry_index_error_pct for check in checks.values()]),
            _worst([check.ratio_error_pct for check in checks.values()]),
            _worst([check.lag_error_ms for check in checks.values()]),
            _worst([check.lag_per_rep_mae_ms for check in checks.values()]),
            "",
            str(sum(sum(check.samples_lost.values()) for check in checks.values())),
            _plus_minus(max(check.sync_uncertainty_ms for check in checks.values())),
            _worst([check.sync_error_ms for check in checks.values()], ".2f"),
        )
    out.print(table)


def _worst(values: list[float | None], form: str = ".1f") -> str:
    known = [abs(value) for value in values if value is not None]
    return format(max(known), form) if known else "–"


def print_history(out: Console, history: History) -> None:
    """Print a history: every session, what was left out, and whether it is getting better."""
    out.print(str(history.of), style="bold")
    table = Table("Date", "Reps", "Asymmetry, right + (%)", "Lag, left later + (ms)")
    for one in history.sets:
        summary = one.summary
        table.add_row(
            f"{one.at:%Y-%m-%d}",
            f"{summary.n_used}/{summary.n_reps}",
            f"{_with_ends(summary.symmetry_index_pct)} {summary.verdict}",
            f"{_with_ends(summary.lag_ms)} {summary.lag_verdict}",
        )
    out.print(table)
    withheld: dict[str, list[str]] = {}
    for one in history.sets:
        summary = one.summary
        for what, estimate in (("Asymmetry", summary.symmetry_index_pct), ("Lag", summary.lag_ms)):
            if estimate.reason:
                withheld.setdefault(f"{what} withheld: {estimate.reason}", []).append(
                    one.path.name
                )
    for text, names in withheld.items():
        where = "all of them" if len(names) == len(history.sets) else _some(names)
        out.print(f"{text}: {where}", soft_wrap=not out.is_terminal)
    left_out: dict[str, list[str]] = {}
    for skipped in history.skipped:
        left_out.setdefault(skipped.reason, []).append(skipped.path.name)
    for reason, names in left_out.items():
        out.print(f"{len(names)} left out: {reason}", soft_wrap=not out.is_terminal)
        out.print(f"    {_some(names)}", style="dim", soft_wrap=True)
    if not history.of.subject:
        out.print("These sessions do not say whose they are: all are taken for one person's.")
    for found in (history.asymmetry, history.lag):
        out.print(found.sentence, style="bold")


def print_files(out: Console, files: list[Path]) -> None:
    """Print the names of the files that were written; a folder is one line."""
    out.print("Files:")
    for file in files:
        readme = next((path.name for path in file.glob("README*")), "") if file.is_dir() else ""
        more = f"{os.sep}  ({readme} in it explains its files)" if readme else ""
        out.print(f"  {file}{more}", soft_wrap=True)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _with_ends(estimate: Estimate) -> str:
    if estimate.value is None:
        return "–"
    if estimate.ci_low is None or estimate.ci_high is None:
        return f"{estimate.value:+z.0f}"
    return f"{estimate.value:+z.0f} ({estimate.ci_low:+z.0f}…{estimate.ci_high:+z.0f})"


def _plus_minus(value_ms: float) -> str:
    return "not known" if math.isnan(value_ms) else f"±{value_ms:.1f}"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
