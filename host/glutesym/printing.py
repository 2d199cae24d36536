"""Results as tables and sentences on a console."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from glutesym.analysis.quality import duration_text
from glutesym.exercises import is_one_leg
from glutesym.plan import Plan, make_plan
from glutesym.wording import (
    excluded_sentence,
    fatigue_sentence,
    hip_rotation_sentence,
    lag_sentence,
    leg_text,
    pelvic_drop_sentence,
    quality_text,
    swapped_sentence,
    verdict_sentence,
)

if TYPE_CHECKING:
    from glutesym.session.analyze import AnalyzedSession
    from glutesym.virtual.truth_check import TruthCheck


def print_result(out: Console, session: AnalyzedSession) -> None:
    """Print a session's answer: verdict, every repetition, what was received."""
    measures, recording = session.measures, session.recording
    out.print()
    if session.meta.subject:
        out.print(f"Subject {session.meta.subject}", highlight=False)
    out.print(f"[bold]{verdict_sentence(measures.summary)}[/]", highlight=False)
    out.print(lag_sentence(measures.summary), highlight=False)
    if excluded := excluded_sentence(measures.summary):
        out.print(excluded, highlight=False)
    sentences = [fatigue_sentence(side, trend) for side, trend in measures.fatigue.items()]
    sentences += [hip_rotation_sentence(measures), pelvic_drop_sentence(measures)]
    for sentence in (swapped_sentence(measures), *sentences):
        if sentence:
            out.print(sentence, highlight=False)
    if measures.motion_lost_s:
        lost = duration_text(measures.motion_lost_s)
        out.print(f"Motion was lost for {lost}: no repetition is counted there", highlight=False)
    one_leg = is_one_leg(recording.exercise)
    compared = ("Working",) if one_leg else ("Asymmetry (%)", "Lag L−R (ms)")
    table = Table("Rep", "Start (s)", "Left (µV)", "Right (µV)", *compared, "Quality")
    for rep in measures.reps:
        both = _number(rep.symmetry_index_pct, "+.0f"), _number(rep.lag_ms, "+.0f")
        table.add_row(
            str(rep.number),
            f"{rep.start_s:.1f}",
            _number(rep.left.activation_uv, ".0f"),
            _number(rep.right.activation_uv, ".0f"),
            *((leg_text(rep),) if one_leg else both),
            rep.quality,
        )
    out.print(table)
    for rep in measures.reps:
        if rep.reason:
            out.print(f"Repetition {rep.number} is {quality_text(rep)}", highlight=False)
    for side, pod in recording.pods.items():
        out.print(
            f"{side}: {pod.samples_received} EMG samples received, {pod.samples_lost} lost, "
            f"gaps: {len(pod.gaps)}, bad frames: {pod.frames_bad}",
            highlight=False,
        )
        for reason in dict.fromkeys(gap.reason for gap in pod.gaps):
            missing = sum(gap.samples for gap in pod.gaps if gap.reason == reason)
            out.print(f"{side}: {missing} samples: {reason}", highlight=False)
        for problem in pod.problems:
            out.print(f"{side} pod: [bold]{problem}[/]", highlight=False)
    if session.sync_check:
        out.print(f"Sync check: {session.sync_check['sentence']}", highlight=False)
    if session.normalised:
        for sentence in session.normalised.sentences:
            out.print(sentence, highlight=False)
    print_plan(out, make_plan(measures.summary))
    if not session.meta.ended:
        out.print("The session was not ended cleanly; what was recorded until then is complete.")


def print_plan(out: Console, plan: Plan) -> None:
    """Print what to train, only where there is a weaker side to train it for."""
    if plan.weaker is None:
        return
    out.print("\n[bold]What to do[/]")
    for line in plan.lines:
        out.print(f"- {line}", highlight=False)
    out.print(f"Source: {plan.source}", highlight=False, style="dim")
    out.print(plan.caution, highlight=False)


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
        _number(check.symmetry_index_true_pct, "+.1f"),
        _number(check.symmetry_index_pct, "+.1f"),
        _number(check.symmetry_index_error_pct, "+.1f"),
    )
    table.add_row(
        "Lag, left later + (ms)",
        _number(check.lag_true_ms, "+.1f"),
        _number(check.lag_ms, "+.1f"),
        _number(check.lag_error_ms, "+.1f"),
    )
    for side, true_deg in check.pelvic_drop_true_deg.items():
        table.add_row(
            f"Pelvic drop on the {side} leg (°)",
            f"{true_deg:+.1f}",
            _number(check.pelvic_drop_deg.get(side), "+.1f"),
            _number(check.pelvic_drop_error_deg(side), "+.1f"),
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
        f"±{check.sync_uncertainty_ms:.1f}",
        f"{_number(check.sync_error_ms, '+.2f')} true error",
    )
    out.print(table)


def print_seeds(out: Console, checks: dict[int, TruthCheck]) -> None:
    """Print a line a simulated session, and the worst of each column."""
    table = Table(
        "Seed",
        "Reps",
        "Asym. (pp)",
        "Ratio (%)",
        "Lag (ms)",
        "Rep lag (ms)",
        "Samples",
        "Lost",
        "Sync (ms)",
        "Its error",
        caption="Reps: found/true. Asym., Ratio, Lag: measured less true, for the set. "
        "Rep lag: mean absolute error. Sync: stated uncertainty; its error: the true one, ms.",
    )
    for seed, check in checks.items():
        table.add_row(
            str(seed),
            f"{check.reps_matched}/{check.reps_true}",
            _number(check.symmetry_index_error_pct, "+.1f"),
            _number(check.ratio_error_pct, "+.1f"),
            _number(check.lag_error_ms, "+.1f"),
            _number(check.lag_per_rep_mae_ms, ".1f"),
            str(sum(check.samples_received.values())),
            str(sum(check.samples_lost.values())),
            f"±{check.sync_uncertainty_ms:.1f}",
            _number(check.sync_error_ms, "+.2f"),
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
            f"±{max(check.sync_uncertainty_ms for check in checks.values()):.1f}",
            _worst([check.sync_error_ms for check in checks.values()], ".2f"),
        )
    out.print(table)


def _worst(values: list[float | None], form: str = ".1f") -> str:
    known = [abs(value) for value in values if value is not None]
    return format(max(known), form) if known else "–"


def print_files(out: Console, files: list[Path]) -> None:
    """Print the names of the files that were written."""
    out.print("\nFiles:")
    for file in files:
        out.print(f"  {file}", highlight=False, soft_wrap=True)


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
