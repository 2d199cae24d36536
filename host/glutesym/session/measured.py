"""From a session file to all that is said about it: measured, and against a calibration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from glutesym.session.analyze import AnalyzedSession, analyze_session, chosen_settings
from glutesym.session.normalised import FOLDER, normalise_session


def measure_session(
    path: Path, placement: str | None = None, mains_hz: int | None = None
) -> AnalyzedSession:
    """Measure a session file, against the calibration that lies beside it, if there is one.

    Parameters
    ----------
    path : Path
    placement : str, optional
        Of the electrodes: which calibration belongs to them; as the file says, when not given.
    mains_hz : int, optional
        50 or 60: take hum out first; 0: leave it in; as the session was recorded, when not given.

    Raises
    ------
    SessionError
        It is not a session file, or it is damaged.
    """
    return against_calibration(analyze_session(path, chosen_settings(mains_hz)), placement)


def against_calibration(session: AnalyzedSession, placement: str | None = None) -> AnalyzedSession:
    """Return a session set against the calibration that lies beside it, as `measure_session`."""
    folder = session.path.parent / FOLDER
    found = normalise_session(
        session, folder, session.meta.placement if placement is None else placement
    )
    return replace(session, normalised=found)
