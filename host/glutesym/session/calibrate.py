"""From a session of guided maximal contractions to a calibration, or to why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from glutesym.analysis.calibration import Mvic, best_mvic
from glutesym.analysis.mvic_guide import (
    TRIAL_END,
    TRIAL_START,
    Measured,
    measure_squeeze,
    slot_of_text,
)
from glutesym.errors import SessionError
from glutesym.measures import SIDES, Side
from glutesym.session.analyze import AnalyzedSession
from glutesym.session.calibration_store import StoredCalibration, save_calibration

MIN_GOOD_TRIALS = 2  # of a position: a single one cannot be told from a mishap


@dataclass(frozen=True)
class Calibration:
    """What a session of maximal contractions gave."""

    measured: tuple[Measured, ...]
    mvic: dict[Side, Mvic]  # of the sides that have enough good trials

    @property
    def problem(self) -> str:
        """Why it does not count, and what to do; empty when it does."""
        missing = [side for side in SIDES if side not in self.mvic]
        if not missing:
            return ""
        return (
            f"Not saved: there are fewer than {MIN_GOOD_TRIALS} good trials of any position on "
            f"the {' and the '.join(missing)} side. See to what the refused ones say and "
            "calibrate again."
        )

    @property
    def raw_ratio_pct(self) -> float | None:
        """Right MVIC over left MVIC; the electrodes confound it."""
        if self.problem:
            return None
        return 100 * self.mvic["right"].mvic_uv / self.mvic["left"].mvic_uv


def calibrate_session(session: AnalyzedSession) -> Calibration:
    """Measure the contractions that a session's events mark.

    Raises
    ------
    SessionError
        There is none.
    """
    measured: dict[str, Measured] = {}  # what was done again takes the place of the first attempt
    starts_s: dict[str, float] = {}
    for event in session.events:
        if event.kind == TRIAL_START:
            starts_s[event.text] = event.time_s
        elif event.kind == TRIAL_END and event.text in starts_s:
            span_s = starts_s.pop(event.text), event.time_s
            try:
                slot = slot_of_text(event.text, *span_s)
            except ValueError as error:
                raise SessionError(session.path, f"{error}. Update glutesym.") from error
            trials = measure_squeeze(slot, session.recording, *span_s)
            measured[event.text] = Measured(slot, trials)
    if not measured:
        raise SessionError(
            session.path,
            "there is no complete guided contraction in it. Record one with `glutesym calibrate`.",
        )
    found = tuple(measured.values())
    return Calibration(found, enough_mvic(found))


def enough_mvic(measured: Sequence[Measured]) -> dict[Side, Mvic]:
    """Return the MVIC of every side, from positions with enough good trials."""
    trials = [trial for one in measured for trial in one.trials]
    good = Counter((t.side, t.position) for t in trials if t.mvic_uv is not None)
    counted = [
        trial
        if good[trial.side, trial.position] >= MIN_GOOD_TRIALS
        else replace(trial, mvic_uv=None)
        for trial in trials
    ]
    return best_mvic(counted)


def keep_calibration(
    folder: Path, session: AnalyzedSession, calibration: Calibration, subject: str, placement: str
) -> Path:
    """Save a calibration without a problem; returns its file.

    Parameters
    ----------
    folder : Path
        Of the calibrations.
    session : AnalyzedSession
        Says when it was made.
    calibration : Calibration
    subject : str
        As a code; must be the session's, if that has one.
    placement : str
        Of the electrodes, in the user's words.

    Raises
    ------
    SessionError
        The session is another subject's.
    CalibrationError
        The file cannot be written, or another subject's or placement's is in its place.
    """
    of = session.meta.subject
    if of and subject != of:
        raise SessionError(session.path, f"it is of subject {of}: leave --subject out.")
    made = session.meta.started_utc
    return save_calibration(folder, StoredCalibration(subject, placement, made, calibration.mvic))
