"""What a report says about the signal: how strong, how whole, how well timed."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from glutesym.analysis.quality import duration_text
from glutesym.measures import GRADES, SIDES, RepMeasure, Side
from glutesym.report.model import Row, Table
from glutesym.wording import loss_words, uv_text

if TYPE_CHECKING:
    from glutesym.recording import PodRecord
    from glutesym.session.analyze import AnalyzedSession


def signal_table(session: AnalyzedSession) -> Table:
    """Return what each side's signal was like."""
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
        ("Loss", [_lost(pod) for pod in pods]),
        ("Gaps in the EMG", [_gaps(pod) for pod in pods]),
        ("Sampling rate, measured (Hz)", [f"{pod.emg.fs_hz:.1f}" if pod else "–" for pod in pods]),
        ("Starts of the pod", [str(pod.boots) if pod else "–" for pod in pods]),
    ]
    rows = tuple(Row((name, *cells)) for name, cells in found)
    return Table(("", "Left", "Right"), rows, words=(1, 2))


def _grades(reps: Sequence[RepMeasure], side: Side) -> str:
    count = Counter(rep.side(side).quality for rep in reps if rep.working in (None, side))
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


def signal_sentences(session: AnalyzedSession) -> list[str]:
    """Say what concerns both pods, and what they complained of."""
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
    for side, pod in recording.pods.items():
        said += [f"{side.capitalize()} pod: {problem}" for problem in pod.problems]
    return said
