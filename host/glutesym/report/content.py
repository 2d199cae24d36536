"""What a report says, as plain text and tables: the page and the document only lay it out."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from glutesym import __version__
from glutesym.analysis.quality import duration_text
from glutesym.edits import describe, in_force, notes
from glutesym.measures import GRADES, SIDES, RepMeasure, SetSummary, Side
from glutesym.plan import Plan, make_plan
from glutesym.report.figures import ReportFigure
from glutesym.report.method import method_facts
from glutesym.wording import (
    count_text,
    excluded_sentence,
    fatigue_sentence,
    headline,
    hip_rotation_sentence,
    lag_sentence,
    larger_text,
    later_text,
    loss_words,
    time_text,
    uv_text,
    verdict_sentence,
)

if TYPE_CHECKING:
    from glutesym.recording import PodRecord
    from glutesym.session.analyze import AnalyzedSession

PURPOSE = (
    "A training and research aid, not a medical device: no diagnosis can be made from it. An "
    "uneven signal may also come from how the electrodes sit."
)
VIRTUAL = "Virtual pods: this session was simulated. It says nothing about a person."

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


def make_report(
    sessions: Sequence[AnalyzedSession],
    figures: Sequence[Sequence[ReportFigure]],
    placement: str,
    made: datetime,
) -> Report:
    """Return what there is to say about some sessions.

    Parameters
    ----------
    sessions : sequence of AnalyzedSession
        At least one.
    figures : sequence of sequences of ReportFigure
        Of each session.
    placement : str
        Where the electrodes were.
    made : datetime
        Now, with its time zone.

    Returns
    -------
    Report
        Several sessions of one person have one plan together, others one each.
    """
    together = len(sessions) > 1 and len({session.meta.subject for session in sessions}) == 1
    sets = tuple(
        _set_report(session, tuple(drawn), placement, with_plan=not together)
        for session, drawn in zip(sessions, figures, strict=True)
    )
    plan = make_plan([session.measures.summary for session in sessions]) if together else None
    return Report(
        title=sets[0].title if len(sets) == 1 else f"{len(sets)} sessions",
        made=f"Made {_local(made)} with glutesym {__version__}",
        sets=sets,
        overview=_overview(sessions) if len(sets) > 1 else None,
        plan=plan if plan and plan.weaker else None,
    )


def _set_report(
    session: AnalyzedSession,
    figures: tuple[ReportFigure, ...],
    placement: str,
    with_plan: bool,
) -> SetReport:
    measures, recording = session.measures, session.recording
    summary = measures.summary
    plan = make_plan(summary) if with_plan else None
    parts = [_local(session.meta.started_utc), _subject(session), time_text(recording.duration_s)]
    return SetReport(
        title=_title(session),
        subtitle=" · ".join(parts),
        tone=_tone(summary),
        headline=headline(summary, "leg" if _one_leg(measures.reps) else "side"),
        sentences=tuple(_sentences(session)),
        facts=tuple(_facts(session, placement)),
        signal=_signal(session),
        signal_sentences=tuple(_signal_sentences(session)),
        reps=_reps(measures.reps) if measures.reps else None,
        review=tuple(_review(session)),
        method=tuple(method_facts(session, placement)),
        plan=plan if plan and plan.weaker else None,
        virtual=session.virtual,
        figures=figures,
    )


def _title(session: AnalyzedSession) -> str:
    exercise = session.recording.exercise.strip() or "Session"
    return exercise[:1].upper() + exercise[1:]


def _subject(session: AnalyzedSession) -> str:
    return f"subject {session.meta.subject}" if session.meta.subject else "no subject code"


def _local(moment: datetime) -> str:
    here = moment.astimezone()
    offset = f"{here:%z}"
    return f"{here:%Y-%m-%d %H:%M} (UTC{offset[:3]}:{offset[3:5]})"


def _tone(summary: SetSummary) -> Tone:
    tones: dict[str, Tone] = {"left lower": "left", "right lower": "right", "within noise": "even"}
    return tones.get(summary.verdict, "none")


def _one_leg(reps: Sequence[RepMeasure]) -> bool:
    return any(rep.one_leg for rep in reps)


def _sentences(session: AnalyzedSession) -> list[str]:
    measures = session.measures
    summary = measures.summary
    said: list[str] = []
    if summary.verdict != "not measurable":
        said.append(verdict_sentence(summary))
    if summary.n_reps and not _one_leg(measures.reps):
        said.append(lag_sentence(summary))
    if summary.detectable_pct is not None:
        change = f"{summary.detectable_pct:.0f} percentage points"
        if summary.detectable_ms is not None:
            change += f" in amount or by {summary.detectable_ms:.0f} ms in timing"
        said.append(f"Another such set must differ from this one by {change} to differ in earnest")
    said.append(excluded_sentence(summary))
    said += [fatigue_sentence(side, trend) for side, trend in measures.fatigue.items()]
    said.append(hip_rotation_sentence(measures))
    return [f"{sentence}." for sentence in said if sentence]


def _facts(session: AnalyzedSession, placement: str) -> list[Fact]:
    measures, meta = session.measures, session.meta
    summary = measures.summary
    exercise = session.recording.exercise or "not given"
    if session.recording.exercise != meta.exercise:
        exercise += f" (recorded as {meta.exercise or 'nothing'})"
    sides = [side for side in SIDES if side in session.recording.pods]
    counted = f"{count_text(summary.n_reps, summary.n_excluded)}, {summary.n_used} used"
    facts = [
        ("Exercise", exercise),
        ("Subject", meta.subject or "no code given"),
        ("Recorded", _local(meta.started_utc)),
        ("Duration", f"{time_text(session.recording.duration_s)} (min:s)"),
        ("Electrodes", f"{placement}, {' and '.join(sides) if sides else 'no pod'}"),
        ("Repetitions", counted),
    ]
    facts += [("Excluded", f"{cause} ({n})") for cause, n in summary.excluded]
    facts += [("Calibration", text) for text in _calibration(session)]
    if not meta.ended:
        facts.append(("Recording", "not ended cleanly; complete until then"))
    facts.append(("File", session.path.name))
    return facts


def _calibration(session: AnalyzedSession) -> list[str]:
    normalised = session.normalised
    if normalised is None:
        return ["none: there is nothing to set against it"]
    return [f"{'. '.join(text.rstrip('.') for text in normalised.sentences)}."]


def _signal(session: AnalyzedSession) -> Table:
    measures = session.measures
    found: list[tuple[str, list[str]]] = [
        ("Repetitions by quality", [_grades(measures.reps, side) for side in SIDES]),
        ("Signal-to-noise ratio, median (dB)", [_snr(measures.reps, side) for side in SIDES]),
        (
            "Resting level (µV RMS)",
            [uv_text(measures.resting_uv.get(side)) for side in SIDES],
        ),
    ]
    pods = [session.recording.pods.get(side) for side in SIDES]
    found += [
        ("EMG samples received", [_received(pod) for pod in pods]),
        ("EMG samples lost", [_lost(pod) for pod in pods]),
        ("Gaps in the EMG", [_gaps(pod) for pod in pods]),
        ("Sampling rate, measured (Hz)", [f"{pod.emg.fs_hz:.1f}" if pod else "–" for pod in pods]),
        ("Starts of the pod", [str(pod.boots) if pod else "–" for pod in pods]),
    ]
    rows = tuple(Row((name, *cells)) for name, cells in found)
    return Table(("", "Left", "Right"), rows, words=(1, 2))


def _grades(reps: Sequence[RepMeasure], side: Side) -> str:
    count = Counter(rep.side(side).quality for rep in reps)
    return ", ".join(f"{count[grade]} {grade}" for grade in GRADES if count[grade]) or "–"


def _snr(reps: Sequence[RepMeasure], side: Side) -> str:
    values = [
        rep.side(side).snr_db
        for rep in reps
        if not rep.excluded and (not rep.one_leg or rep.working == side)
    ]
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.0f}" if known else "–"


def _received(pod: PodRecord | None) -> str:
    return "no pod" if pod is None else f"{pod.samples_received:,}".replace(",", " ")


def _lost(pod: PodRecord | None) -> str:
    return "–" if pod is None else loss_words(pod.samples_received, 0, pod.samples_lost)


def _gaps(pod: PodRecord | None) -> str:
    if pod is None:
        return "–"
    if not pod.gaps:
        return "none"
    longest_s = max(gap.end_s - gap.start_s for gap in pod.gaps)
    reasons = ", ".join(dict.fromkeys(gap.reason for gap in pod.gaps))
    return f"{len(pod.gaps)}, the longest {duration_text(longest_s)}: {reasons}"


def _signal_sentences(session: AnalyzedSession) -> list[str]:
    recording = session.recording
    said: list[str] = []
    if len(recording.pods) == 2:
        sync_ms = recording.sync_uncertainty_ms
        said.append(
            "How well the pods' clocks agree is not known, so lags are withheld."
            if math.isnan(sync_ms)
            else f"Left–right times are known to ±{sync_ms:.1f} ms (95 %) at the worst moment."
        )
    if session.sync_check:
        said.append(f"Sync check: {session.sync_check['sentence']}")
    if session.measures.motion_lost_s:
        lost = duration_text(session.measures.motion_lost_s)
        said.append(f"Motion was lost for {lost}: no repetition is counted there.")
    for side, pod in recording.pods.items():
        said += [f"{side.capitalize()} pod: {problem}" for problem in pod.problems]
    return said


def _reps(reps: Sequence[RepMeasure]) -> Table:
    one_leg = _one_leg(reps)
    compared = ("Leg",) if one_leg else ("Asymmetry", "Timing")
    rows: list[Row] = []
    for rep in reps:
        middle = (
            (rep.working or "not clear",)
            if one_leg
            else (larger_text(rep.symmetry_index_pct), later_text(rep.lag_ms))
        )
        cells = (
            str(rep.number),
            f"{rep.start_s:.1f}–{rep.end_s:.1f}",
            uv_text(rep.left.activation_uv),
            uv_text(rep.right.activation_uv),
            *middle,
            "excluded" if rep.excluded else rep.quality,
        )
        edited = f"Edited: {', '.join(rep.edits)}" if rep.edits else ""
        note = ". ".join(part for part in (_capital(rep.reason), edited) if part)
        rows.append(Row(cells, note, rep.excluded))
    headings = ("Rep", "Time (s)", "Left (µV)", "Right (µV)", *compared, "Quality")
    words = (4, 5) if one_leg else (4, 5, 6)
    return Table(headings, tuple(rows), words)


def _review(session: AnalyzedSession) -> list[str]:
    noted = {id(edit) for edit in notes(session.edits)}
    said: list[str] = []
    for edit in in_force(session.edits):
        who = f" by {edit.by}" if edit.by else ""
        text = _capital(describe(edit.step))
        said.append(
            f"{text} ({'noted' if id(edit) in noted else 'edited'} {_local(edit.made_utc)}{who})"
        )
    return said


def _overview(sessions: Sequence[AnalyzedSession]) -> Table:
    rows = [
        Row(
            (
                f"{_title(session)}, {session.meta.started_utc.astimezone():%Y-%m-%d %H:%M}",
                str(session.measures.summary.n_used),
                larger_text(session.measures.summary.symmetry_index_pct.value),
                later_text(session.measures.summary.lag_ms.value),
                session.measures.summary.verdict,
            )
        )
        for session in sessions
    ]
    headings = ("Session", "Reps used", "Asymmetry", "Timing", "Verdict")
    return Table(headings, tuple(rows), words=(2, 3, 4))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
