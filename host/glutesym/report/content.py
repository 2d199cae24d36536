"""What a report says, as plain text and tables: the page and the document only lay it out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from glutesym import __version__
from glutesym.edits import Note, describe, in_force
from glutesym.measures import SIDES, RepMeasure, SetSummary
from glutesym.report.figure_style import ReportFigure
from glutesym.report.method import method_facts
from glutesym.report.model import Fact, Report, Row, SetReport, Table, Tone
from glutesym.report.signal_quality import signal_sentences, signal_table
from glutesym.session.answer import answer_sentences, corrective_plan
from glutesym.wording import (
    count_text,
    headline,
    lag_sentence,
    larger_text,
    later_text,
    time_text,
    uv_text,
    verdict_sentence,
)

if TYPE_CHECKING:
    from glutesym.session.analyze import AnalyzedSession

PURPOSE = (
    "A training and research aid, not a medical device: no diagnosis can be made from it. An "
    "uneven signal may also come from how the electrodes sit."
)
VIRTUAL = "Virtual pods: this session was simulated. It says nothing about a person."


def make_report(
    sessions: Sequence[AnalyzedSession],
    figures: Sequence[Sequence[ReportFigure]],
    made: datetime,
) -> Report:
    """Return what there is to say about some sessions.

    Parameters
    ----------
    sessions : sequence of AnalyzedSession
        At least one.
    figures : sequence of sequences of ReportFigure
        Of each session.
    made : datetime
        Now, with its time zone.

    Returns
    -------
    Report
        Several sessions with one subject code have one plan together, others one each.
    """
    subjects = {session.meta.subject for session in sessions}
    together = len(sessions) > 1 and len(subjects) == 1 and "" not in subjects
    sets = tuple(
        _set_report(session, tuple(drawn), with_plan=not together)
        for session, drawn in zip(sessions, figures, strict=True)
    )
    return Report(
        title=sets[0].title if len(sets) == 1 else f"{len(sets)} sessions",
        made=f"Made {_local(made)} with glutesym {__version__}",
        sets=sets,
        overview=_overview(sessions) if len(sets) > 1 else None,
        plan=corrective_plan(sessions) if together else None,
    )


def _set_report(
    session: AnalyzedSession,
    figures: tuple[ReportFigure, ...],
    with_plan: bool,
) -> SetReport:
    measures, recording = session.measures, session.recording
    summary = measures.summary
    parts = [_local(session.meta.started_utc), _subject(session), time_text(recording.duration_s)]
    return SetReport(
        title=_title(session),
        subtitle=" · ".join(parts),
        tone=_tone(summary),
        headline=_headline(session),
        sentences=tuple(_sentences(session)),
        facts=tuple(_facts(session)),
        signal=signal_table(session),
        signal_sentences=tuple(signal_sentences(session)),
        reps=_reps(measures.reps) if measures.reps else None,
        review=tuple(_review(session)),
        method=tuple(method_facts(session)),
        plan=corrective_plan([session]) if with_plan else None,
        virtual=session.virtual,
        figures=figures,
    )


def _headline(session: AnalyzedSession) -> str:
    measures = session.measures
    said = headline(measures.summary, "leg" if _one_leg(measures.reps) else "side")
    return f"In µV: {said[:1].lower()}{said[1:]}" if session.unit.mvic_uv else said


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
    """Return what the set says below the headline, which holds the reason of a missing verdict."""
    measures = session.measures
    summary = measures.summary
    said = answer_sentences(measures, session.unit)
    if summary.verdict == "not measurable":
        said.remove(verdict_sentence(summary))
        if not summary.n_reps:
            said.remove(lag_sentence(summary))
    if summary.detectable_pct is not None:
        points = round(summary.detectable_pct)
        change = f"{points} percentage {'point' if points == 1 else 'points'}"
        if summary.detectable_ms is not None:
            change += f" in amount or by {summary.detectable_ms:.0f} ms in timing"
        said.append(f"Another such set must differ from this one by {change} to differ in earnest")
    return [f"{sentence}." for sentence in said]


def _facts(session: AnalyzedSession) -> list[Fact]:
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
        ("Electrodes", f"{meta.placement}, {' and '.join(sides) if sides else 'no pod'}"),
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
    sentences = normalised.sentences(session.measures.summary.verdict)
    said = ". ".join(text.rstrip(".") for text in sentences)
    return [f"{said.replace('`', '')}."]


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
    said: list[str] = []
    for edit in in_force(session.edits):
        who = f" by {edit.by}" if edit.by else ""
        did = "noted" if isinstance(edit.step, Note) else "edited"
        said.append(f"{_capital(describe(edit.step))} ({did} {_local(edit.made_utc)}{who})")
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
