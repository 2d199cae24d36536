"""From a session file to all that is said about it: measured, and against a calibration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from glutesym.pipeline import Settings
from glutesym.session.analyze import AnalyzedSession, analyze_session
from glutesym.session.normalised import FOLDER, normalise_session


def measure_session(path: Path, placement: str, mains_hz: int | None = None) -> AnalyzedSession:
    """Measure a session file, against the calibration that lies beside it, if there is one.

    Parameters
    ----------
    path : Path
    placement : str
        Of the electrodes: which calibration belongs to them.
    mains_hz : int, optional
        50 or 60: take hum out first.

    Raises
    ------
    SessionError
        It is not a session file, or it is damaged.
    """
    analyzed = analyze_session(path, Settings(mains_hz=mains_hz))
    normalised = normalise_session(analyzed, path.parent / FOLDER, placement)
    return replace(analyzed, normalised=normalised)
