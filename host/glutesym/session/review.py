"""A session under review: measured, changed by one edit after the other, exported, compared.

Nothing here knows a window. Whoever shows a review calls its methods from one thread at a time and
shows the immutable `Reviewed` that they return.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.rep_curves import SideCurves, envelope_uv, normalised_curves, rep_curves
from glutesym.dsp.muscle_power import MusclePower
from glutesym.edits import Span, Step
from glutesym.errors import EditError
from glutesym.measures import SIDES, RepMeasure, Side
from glutesym.session.analyze import AnalyzedSession, Progress, export_session, with_edits
from glutesym.session.edit_log import add_edit
from glutesym.session.history import History, load_history
from glutesym.session.measured import against_calibration, measure_session

_SPAN = re.compile(r"\s*(\d+(?:\.\d*)?)\s*[-–…]\s*(\d+(?:\.\d*)?)\s*(?:s)?\s*")


@dataclass(frozen=True, eq=False)
class Envelope:
    """The RMS of one side over the whole session, rest included."""

    time_s: NDArray[np.float64]  # (m,)
    uv: NDArray[np.float64]  # (m,) NaN: samples are missing


@dataclass(frozen=True, eq=False)
class Reviewed:
    """All that is shown of a session with its edits so far."""

    analyzed: AnalyzedSession
    envelopes: dict[Side, Envelope]  # of the sides that have a pod
    curves: tuple[dict[Side, SideCurves], ...] = ()  # by scale, the one to begin with first

    @property
    def reps(self) -> tuple[RepMeasure, ...]:
        """The repetitions, in order of time."""
        return self.analyzed.measures.reps

    @property
    def duration_s(self) -> float:
        """Of the session."""
        return self.analyzed.recording.duration_s


@dataclass
class Review:
    """One session file and what a reviewer does to it.

    Parameters
    ----------
    path : Path
    placement : str or None
        Where the electrodes were, for the calibration; None: as the file says.
    by : str
        The reviewer's code, never a name; "": not given.
    mains_hz : int or None
        50 or 60: take hum out first.
    """

    path: Path
    placement: str | None = None
    by: str = ""
    mains_hz: int | None = None
    _now: Reviewed | None = field(default=None, init=False)

    def open(self) -> Reviewed:
        """Measure the session as its file is now.

        Raises
        ------
        SessionError
            It is not a session file, or it is damaged.
        """
        analyzed = measure_session(self.path, self.placement, self.mains_hz)
        envelopes: dict[Side, Envelope] = {
            side: _envelope(analyzed, side) for side in SIDES if side in analyzed.recording.pods
        }
        self._now = Reviewed(analyzed, envelopes, _curves(analyzed))
        return self._now

    def apply(self, step: Step) -> Reviewed:
        """Add an edit to the file, and measure the session with it.

        Raises
        ------
        EditError
            It would do nothing, or makes no sense.
        SessionError
            The file cannot be written, or was edited by somebody else meanwhile.
        """
        now = self._now or self.open()
        edit = add_edit(now.analyzed, step, self.by, datetime.now(UTC))
        edited = with_edits(now.analyzed, [*now.analyzed.edits, edit])
        analyzed = against_calibration(edited, self.placement)
        self._now = Reviewed(analyzed, now.envelopes, _curves(analyzed))
        return self._now

    def export(self, progress: Progress = lambda _fraction: None) -> list[Path]:
        """Write the CSVs beside the session; returns the files. Raises SessionError."""
        now = self._now or self.open()
        return export_session(now.analyzed, self.path.parent, progress)

    def compare(self, progress: Progress = lambda _fraction: None) -> History:
        """Measure the sessions beside this one that are of the same subject and exercise.

        Raises
        ------
        SessionError
            The folder cannot be read, or this session is damaged.
        """
        analyzed = (self._now or self.open()).analyzed
        return load_history(
            self.path.parent,
            analyzed.meta.subject,
            analyzed.recording.exercise,
            analyzed.meta.placement,
            progress=progress,
        )


def parse_span(text: str) -> Span:
    """Return what somebody wrote as "12.5-15.0".

    Raises
    ------
    EditError
        It is no start and end.
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise EditError(f"{text or 'nothing'} is no start and end: write seconds, e.g. 12.5-15.0")
    return Span(float(found[1]), float(found[2]))


def with_newest(history: History, reviewed: Reviewed) -> History:
    """Return a history in which a session counts as it has been edited since."""
    summary = reviewed.analyzed.measures.summary
    here = reviewed.analyzed.path.resolve()
    return replace(
        history,
        sets=tuple(
            replace(one, summary=summary) if one.path.resolve() == here else one
            for one in history.sets
        ),
    )


def _envelope(analyzed: AnalyzedSession, side: Side) -> Envelope:
    recording = analyzed.recording
    power = MusclePower(recording.pods[side].emg, analyzed.settings.mains_hz)
    rows = power.between(0.0, recording.duration_s)
    return Envelope(rows.time_s, envelope_uv(rows, power.row_s))


def _curves(analyzed: AnalyzedSession) -> tuple[dict[Side, SideCurves], ...]:
    """Return the repetitions' curves in every scale that there is."""
    reps = analyzed.measures.reps
    in_uv = rep_curves(analyzed.recording, reps, analyzed.settings.mains_hz)
    scales = [normalised_curves(in_uv), in_uv]
    normalised = analyzed.normalised
    if normalised is not None and normalised.placement and normalised.mvic:
        mvic_uv: dict[Side, float] = {side: mvic.mvic_uv for side, mvic in normalised.mvic.items()}
        scales.insert(0, normalised_curves(in_uv, mvic_uv))
    return tuple(scale for scale in scales if scale)
