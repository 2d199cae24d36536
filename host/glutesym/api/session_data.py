"""A recorded session in a program: arrays, tables, and the answer."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from glutesym.api.numbers import require_mains
from glutesym.errors import GlutesymError
from glutesym.measures import Estimate, SetMeasures, Side
from glutesym.recording import EmgRecord, ImuRecord, PodRecord, Recording
from glutesym.session.analyze import AnalyzedSession, export_session
from glutesym.session.measured import measure_session
from glutesym.wording import lag_sentence, verdict_sentence

if TYPE_CHECKING:
    import polars as pl


class Session:
    """A session, decoded and measured; made by `glutesym.load`.

    Attributes
    ----------
    path : Path
    analyzed : AnalyzedSession
        All that the commands and windows of glutesym know about it.
    """

    def __init__(self, analyzed: AnalyzedSession) -> None:
        self.path = analyzed.path
        self.analyzed = analyzed

    def __repr__(self) -> str:
        return f"<Session {self.path.name}: {self.sentence}>"

    @property
    def exercise(self) -> str:
        """What was done."""
        return self.recording.exercise

    @property
    def subject(self) -> str:
        """Whose session it is, as a code; may be empty."""
        return self.analyzed.meta.subject

    @property
    def started(self) -> datetime:
        """When it began, UTC."""
        return self.analyzed.meta.started_utc

    @property
    def recording(self) -> Recording:
        """Every sample of both sides on one time line."""
        return self.analyzed.recording

    @property
    def measures(self) -> SetMeasures:
        """Every repetition and what they say together, as objects."""
        return self.analyzed.measures

    @property
    def asymmetry_pct(self) -> Estimate:
        """Symmetry index of the set, positive: right larger; or the reason why it is withheld."""
        return self.measures.summary.symmetry_index_pct

    @property
    def lag_ms(self) -> Estimate:
        """Onset left − right of the set, positive: left later; or the reason."""
        return self.measures.summary.lag_ms

    @property
    def sentence(self) -> str:
        """The answer in words: amount, then timing."""
        summary = self.measures.summary
        return f"{verdict_sentence(summary)}. {lag_sentence(summary)}."

    def emg(self, side: Side) -> EmgRecord:
        """Return one side's EMG: ``time_s`` (n,) s, ``uv`` (n,) µV, flags; NaN where lost.

        Raises
        ------
        GlutesymError
            The session has no pod on that side.
        """
        return self._pod(side).emg

    def imu(self, side: Side) -> ImuRecord:
        """Return one side's motion: ``accel_g`` (n, 3), ``gyro_dps`` (n, 3), ``time_s`` (n,).

        Raises
        ------
        GlutesymError
            The session has no pod on that side.
        """
        return self._pod(side).imu

    @cached_property
    def tables(self) -> dict[str, pl.DataFrame]:
        """``reps``, ``summary``, ``events``, ``gaps``, ``emg``, ``imu`` as polars data frames.

        Columns as in docs/csv.md, numbers not rounded; ``.to_pandas()`` gives pandas'.
        """
        import polars as pl

        from glutesym.session.tables import session_tables

        analyzed = self.analyzed
        whose = {
            "session": self.path.stem,
            "started_utc": self.started.isoformat(),
            "subject": self.subject or None,
        }
        parts = session_tables(
            analyzed.recording, analyzed.measures, analyzed.events, whose, analyzed.normalised
        )
        return {name: pl.concat(of_table) for name, of_table in parts.items()}

    @property
    def reps(self) -> pl.DataFrame:
        """A row a repetition."""
        return self.tables["reps"]

    @property
    def summary(self) -> pl.DataFrame:
        """The set, one row."""
        return self.tables["summary"]

    def export(self, folder: str | Path | None = None) -> list[Path]:
        """Write the folder of CSVs, beside the session file unless told otherwise.

        Raises
        ------
        GlutesymError
            A file cannot be written.
        """
        return export_session(self.analyzed, self.path.parent if folder is None else Path(folder))

    def _pod(self, side: Side) -> PodRecord:
        pods = self.recording.pods
        if side not in pods:
            there = " and ".join(pods) or "none"
            raise GlutesymError(f"{self.path}: no pod on the side {side!r}; there is: {there}.")
        return pods[side]


def load(
    path: str | Path, *, placement: str | None = None, mains_hz: int | None = None
) -> Session:
    """Read and measure a session file.

    Parameters
    ----------
    path : path
        A ``.glutesym`` file; one that is still being written will do.
    placement : str, optional
        Where the electrodes were: which calibration belongs to them; as recorded by default.
    mains_hz : {50, 60}, optional
        Take mains hum out first; 0: leave it in; as the session was recorded by default.

    Raises
    ------
    GlutesymError
        It is not a session file, it is damaged, or ``mains_hz`` is something else.
    """
    require_mains(mains_hz)
    return Session(measure_session(Path(path), placement, mains_hz))
