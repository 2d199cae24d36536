"""The audit of a session's clocks by a motion that both pods feel, kept in the session."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from glutesym.analysis.common_motion import CommonMotion, common_motion
from glutesym.exercises import is_on_a_body
from glutesym.measures import SIDES
from glutesym.recording import ImuRecord, Recording
from glutesym.session.store import StoredSession, add_result

KIND = "sync check"
_WITHIN_MS = 500.0  # clocks that are further apart than this have not been fitted at all
_MOST_DPS = 1990.0  # the gyroscope's range is 2000
_SATURATED = "a gyroscope was at the end of its range: shake more gently"
_LEAST_DPS = 30.0  # pods on a body hardly turn so fast, nor quite at one time
_TOO_SLOW = "the pods were turned by {:.0f} °/s only: hold both in one hand and shake them briskly"
_WORN = (
    "the pods were worn (exercise: {}), and each moved with the tissue below it, milliseconds "
    "apart. Record both in one hand: glutesym sync-check"
)


@dataclass(frozen=True)
class SyncCheck:
    """What the pods' common motion says about the clocks, beside what these say of themselves."""

    motion: CommonMotion
    stated_ms: float  # 95 % uncertainty of a left–right time difference; NaN: not known

    @property
    def agrees(self) -> bool | None:
        """Whether the clocks are as good as they state; None: nothing can be said."""
        offset_ms, width_ms = self.motion.offset_ms, self.motion.offset_half_width_ms
        if offset_ms is None or width_ms is None or math.isnan(self.stated_ms):
            return None
        return abs(offset_ms) <= self.stated_ms + width_ms

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        motion = self.motion
        if motion.offset_ms is None or motion.offset_half_width_ms is None:
            return f"Nothing can be said: {motion.reason}."
        found = f"{motion.offset_ms:+.2f} ± {motion.offset_half_width_ms:.2f} ms"
        if self.agrees is None:
            return f"The clocks are {found} apart; they do not state how well they agree."
        stated = f"{self.stated_ms:.2f} ms"
        if self.agrees:
            return f"The clocks agree: {found} apart, and they state no more than ±{stated}."
        return (
            f"The clocks do not agree: {found} apart, but they state ±{stated}. Repeat the check; "
            "if it stays, do not trust lags of this size, and report it."
        )


def check_sync(recording: Recording) -> SyncCheck:
    """Compare the rates of turn of both pods, which one hand has held together.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    SyncCheck
        With the reason when nothing can be said.
    """
    if is_on_a_body(recording.exercise):
        return SyncCheck(_nothing(_WORN.format(recording.exercise)), float("nan"))
    motions = [recording.pods[side].imu for side in SIDES if side in recording.pods]
    if len(motions) < 2:
        missing = [side for side in SIDES if side not in recording.pods]
        return SyncCheck(_nothing(f"there is no {' and no '.join(missing)} pod"), float("nan"))
    (left_s, left), (right_s, right) = (_turn(imu) for imu in motions)
    if max(np.nanmax(left, initial=0.0), np.nanmax(right, initial=0.0)) >= _MOST_DPS:
        return SyncCheck(_nothing(_SATURATED), recording.sync_uncertainty_ms)
    motion = common_motion(left_s, left, right_s, right, _WITHIN_MS)
    if motion.strength < _LEAST_DPS:
        reason = _TOO_SLOW.format(motion.strength)
        motion = replace(_nothing(reason), correlation=motion.correlation)
    stated_ms = recording.sync.at_ms(motion.at_s)
    return SyncCheck(motion, recording.sync_uncertainty_ms if math.isnan(stated_ms) else stated_ms)


def keep_sync_check(path: Path, check: SyncCheck) -> None:
    """Put the result into the session file.

    Raises
    ------
    SessionError
        The file cannot be written.
    """
    content: dict[str, Any] = {**asdict(check.motion), "stated_ms": check.stated_ms}
    plain = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in content.items()
    }
    plain |= {"agrees": check.agrees, "sentence": check.sentence}
    add_result(path, KIND, plain, datetime.now(UTC))


def kept_sync_check(session: StoredSession) -> dict[str, Any] | None:
    """Return the newest result that `keep_sync_check` put into a session, and when; or None.

    None also if nothing could be said.
    """
    kept = session.results(KIND)
    if not kept or kept[-1][1]["offset_ms"] is None:
        return None
    checked_utc, result = kept[-1]
    return {"checked_utc": checked_utc.isoformat(), **result}


def _nothing(reason: str) -> CommonMotion:
    nan = float("nan")
    return CommonMotion(None, None, None, None, nan, nan, 0, reason=reason)


def _turn(imu: ImuRecord) -> tuple[np.ndarray, np.ndarray]:
    return imu.time_s, np.linalg.norm(imu.gyro_dps, axis=1)
