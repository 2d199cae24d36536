"""A set against what both glutes can do at most, or else against its own peak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from glutesym.analysis.calibration import Mvic, NormalisedRatio, dynamic_mvic, normalise
from glutesym.exercises import NO_EXERCISE
from glutesym.measures import SIDES, Side, Verdict
from glutesym.scale import MICROVOLTS, Unit
from glutesym.session.calibration_store import (
    CalibrationError,
    StoredCalibration,
    load_calibration,
)

if TYPE_CHECKING:
    from glutesym.session.analyze import AnalyzedSession

FOLDER = "calibrations"  # beside the sessions
VIRTUAL = "virtual"  # the subject of virtual pods: no person's calibration is theirs

_NOTHING: Mapping[Side, Mvic] = {}


@dataclass(frozen=True)
class Normalised:
    """The sides of a set, each against its own reference."""

    ratio: NormalisedRatio | None = None  # None: there is none, for a reason
    mvic: Mapping[Side, Mvic] = field(default_factory=lambda: _NOTHING)
    placement: str = ""  # of the calibration; "": against the peak of the set
    made: datetime | None = None  # the calibration
    made_after: bool = False  # the session began
    caution: str = ""
    reason: str = ""

    @property
    def unit(self) -> Unit:
        """What the set's amounts are told in: per cent of a calibration's maximum, or else µV."""
        if self.ratio is None or not self.placement:
            return MICROVOLTS
        return Unit({side: self.mvic[side].mvic_uv for side in SIDES}, self.caution)

    def doubts(self, verdict: Verdict) -> str:
        """Say that a side called lower is not lower against its own maximum; else empty."""
        if (
            self.ratio is None
            or not self.placement
            or self.caution
            or verdict not in ("left lower", "right lower")
        ):
            return ""
        lower_pct = (self.ratio.task_ratio_pct - 100) * (1 if verdict == "left lower" else -1)
        if lower_pct > (self.ratio.spread_pct or 0.0):
            return ""
        return (
            f"Against its own maximum the {verdict.split()[0]} side does not work less: the "
            "difference in µV may be the electrodes', so that nothing is advised. "
            "`glutesym swap-test` tells body from pods"
        )

    def sentences(self, verdict: Verdict) -> list[str]:
        """Return what it says, for a user, given what the set's amounts say."""
        if self.ratio is None:
            return [f"Not normalised: {self.reason}"]
        ratio, to = self.ratio, "MVIC" if self.placement else "its own peak"
        what = "trials" if self.placement else "repetitions"
        spread = (
            "" if ratio.spread_pct is None else f" ({what} scatter by {ratio.spread_pct:.0f} %)"
        )
        said = [
            f"Left {ratio.pct_mvic['left']:.0f} % of {to}, right {ratio.pct_mvic['right']:.0f} %: "
            f"right / left {ratio.task_ratio_pct:.0f} %{spread}"
        ]
        if self.placement:
            said.append(
                f"Raw MVIC, right / left: {ratio.mvic_ratio_pct:.0f} %, {ratio.mvic_caution}"
            )
        if self.made and self.made_after and not self.caution:
            said.append(
                f"The calibration was made after this set, at {self.made.astimezone():%H:%M}"
            )
        return [text for text in (*said, self.caution, self.doubts(verdict)) if text]


def normalise_session(session: AnalyzedSession, folder: Path, placement: str) -> Normalised | None:
    """Set a session against its subject's calibration; without one against the set's own peak.

    Parameters
    ----------
    session : AnalyzedSession
    folder : Path
        Of the calibrations.
    placement : str
        Where the electrodes were.

    Returns
    -------
    Normalised or None
        None when the session has no repetition, or is no exercise.
    """
    summary = session.measures.summary
    if not summary.n_used or session.recording.exercise in NO_EXERCISE:
        return None
    subject = session.meta.subject or (VIRTUAL if session.virtual else "")
    task_uv: dict[Side, float] = {
        side: estimate.value
        for side, estimate in summary.activation_uv.items()
        if estimate.value is not None and estimate.value > 0
    }
    for side in SIDES:
        if side not in task_uv:
            why = summary.activation_uv[side].reason or "it is not above rest"
            return Normalised(reason=f"the {side} side's activation is not known: {why}")
    try:
        calibration = load_calibration(folder, subject, placement)
    except CalibrationError as error:
        return Normalised(reason=str(error))
    if calibration is None:
        return _against_own_peak(session, task_uv)
    for side in SIDES:
        if side not in calibration.mvic:
            return Normalised(reason=f"the calibration knows no {side} side: calibrate again")
    caution = _caution(calibration, session.meta.started_utc)
    return Normalised(
        normalise(task_uv, calibration.mvic),
        calibration.mvic,
        placement,
        calibration.made,
        calibration.made > session.meta.started_utc,
        caution,
    )


def live_unit(folder: Path, subject: str, placement: str, now: datetime | None = None) -> Unit:
    """Return what a live view tells amplitudes in: per cent of the subject's MVIC, or else µV.

    Parameters
    ----------
    folder : Path
        Where sessions are kept, and calibrations in `FOLDER` there.
    subject, placement : str
        Whose it must be, and where the electrodes are.
    now : datetime, optional
        With time zone; the present if not given.

    Returns
    -------
    Unit
        Its note says what speaks against the calibration, or why it cannot be used.

    Raises
    ------
    SubjectError
        The subject is no code.
    """
    try:
        calibration = load_calibration(folder / FOLDER, subject, placement)
    except CalibrationError as error:
        return Unit(note=f"Not in % MVIC: {error}")
    if calibration is None:
        return MICROVOLTS
    missing = [side for side in SIDES if side not in calibration.mvic]
    if missing:
        return Unit(note=f"Not in % MVIC: the calibration knows no {missing[0]} side")
    mvic_uv: dict[Side, float] = {side: calibration.mvic[side].mvic_uv for side in SIDES}
    return Unit(mvic_uv, _caution(calibration, now or datetime.now(UTC)))


def _caution(calibration: StoredCalibration, at: datetime) -> str:
    """Return what speaks against a calibration for a session of another time; else empty."""
    if calibration.holds_at(at):
        return ""
    return (
        f"The calibration is of {calibration.made.astimezone():%Y-%m-%d}: electrodes that "
        "were put on anew since then read differently"
    )


def normalised_row(normalised: Normalised | None) -> dict[str, object]:
    """Return cells; headings as in :data:`glutesym.session.columns.NORMALISED`."""
    found = normalised or Normalised(reason="there is no repetition to set against a maximum")
    ratio = found.ratio
    row: dict[str, object] = {}
    for side in SIDES:
        mvic = found.mvic.get(side)
        row |= {
            f"{side}_mvic_uv": mvic and mvic.mvic_uv,
            f"{side}_mvic_spread_pct": mvic and mvic.cv_pct,
            f"{side}_mvic_source": mvic and mvic.source,
            f"{side}_of_mvic_pct": ratio and ratio.pct_mvic[side],
        }
    calibrated = ratio if found.placement else None
    return row | {
        "right_over_left_of_mvic_pct": ratio and ratio.task_ratio_pct,
        "right_over_left_raw_mvic_pct": calibrated and calibrated.mvic_ratio_pct,
        "mvic_placement": found.placement or None,
        "mvic_made": found.made and found.made.isoformat(),
        "mvic_reason": found.reason or found.caution or None,
    }


def _against_own_peak(session: AnalyzedSession, task_uv: Mapping[Side, float]) -> Normalised:
    mvic: dict[Side, Mvic] = {}
    for side in SIDES:
        rest_uv = session.measures.resting_uv.get(side)
        emg = session.recording.pods[side].emg
        found = None
        if rest_uv is not None:
            reps = [rep for rep in session.measures.reps if rep.working in (None, side)]
            found = dynamic_mvic(side, emg, reps, rest_uv, session.settings.mains_hz)
        if found is None or found.mvic_uv <= 0:
            return Normalised(
                reason=f"there is no calibration, and too little of the {side} side to see its "
                "peak. Calibrate: `glutesym calibrate`"
            )
        mvic[side] = found
    caution = (
        "There is no calibration: each side is set against the peak of this set, with which a "
        "weak side looks like the other one. Calibrate: `glutesym calibrate`"
    )
    ratio = normalise(task_uv, mvic)
    if max(ratio.pct_mvic.values()) > 100:
        return Normalised(
            reason="bursts are shorter than the half second over which a peak is measured. "
            "Calibrate: `glutesym calibrate`"
        )
    return Normalised(ratio, mvic, caution=caution)
