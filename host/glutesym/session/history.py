"""Earlier sessions of the same person and exercise, each measured again from its file.

A set of a minute is measured in a fraction of a second, so nothing is kept: what is shown is
always what today's code finds in the raw frames.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from glutesym.analysis.trend import ASYMMETRY, LAG, SetResult, Trend, trend
from glutesym.edits import reviewed_exercise
from glutesym.errors import SessionError
from glutesym.exercises import NO_EXERCISE, plain_name
from glutesym.measures import SetSummary
from glutesym.pipeline import Settings
from glutesym.session.analyze import WORLD_CLOCK, Progress, analyze_session
from glutesym.session.edit_log import stored_edits
from glutesym.session.names import original_first, sessions_in
from glutesym.session.store import StoredSession, open_session


@dataclass(frozen=True)
class Comparable:
    """What sessions must have in common to be compared."""

    subject: str  # a code; "": they do not say
    exercise: str
    placement: str  # of the electrodes
    virtual: bool = False  # their pods

    def __str__(self) -> str:
        subject = f"subject {self.subject}" if self.subject else "no subject"
        pods = ", virtual pods" if self.virtual else ""
        return f"{subject}, {self.exercise}, {self.placement}{pods}"


@dataclass(frozen=True)
class MeasuredSet:
    """One session of a history."""

    path: Path
    at: datetime  # when it began, local time
    summary: SetSummary


@dataclass(frozen=True)
class Skipped:
    """A session of the folder that does not count."""

    path: Path
    reason: str


@dataclass(frozen=True)
class History:
    """Sessions that can be compared, in order of time."""

    of: Comparable
    sets: tuple[MeasuredSet, ...]
    skipped: tuple[Skipped, ...]

    @property
    def asymmetry(self) -> Trend:
        """What has become of the symmetry index."""
        results = [SetResult(one.at, one.summary.symmetry_index_pct) for one in self.sets]
        return trend(ASYMMETRY, results)

    @property
    def lag(self) -> Trend:
        """What has become of the lag."""
        return trend(LAG, [SetResult(one.at, one.summary.lag_ms) for one in self.sets])


def load_history(
    folder: Path,
    subject: str | None = None,
    exercise: str | None = None,
    placement: str | None = None,
    settings: Settings | None = None,
    progress: Progress = lambda _fraction: None,
) -> History:
    """Measure all sessions of a folder that can be compared with each other.

    Parameters
    ----------
    folder : Path
        Of session files; folders in it are not searched.
    subject, exercise, placement : str or None
        Of the sessions that are meant; None: whatever they all have in common. The exercise is
        the one that a reviewer names, if one does. Upper and lower case are the same, but not in
        subjects' codes.
    settings : Settings, optional
        Of the measurement; those that each session was recorded with, when not given.
    progress : callable
        Called with the fraction done, 0 to 1.

    Returns
    -------
    History
        Sessions that cannot be read, that are of somebody or something else or of no exercise, or
        that are copies of another one are in ``skipped``, with the reason.

    Raises
    ------
    SessionError
        The folder has no such session, or what is meant is not clear; the message names what
        there is.
    """
    started: dict[Path, datetime] = {}
    kinds: dict[Path, Comparable] = {}
    skipped: list[Skipped] = []
    for path in sessions_in(folder):
        try:
            with open_session(path) as session:
                kinds[path] = kind_of(session)
                started[path] = session.meta.started_utc
        except SessionError as error:
            skipped.append(Skipped(path, error.reason))
    others = {path: NO_EXERCISE.get(kind.exercise) for path, kind in kinds.items()}
    meant = plain_name(exercise or "") in map(plain_name, NO_EXERCISE)
    if not meant and any(others.values()):
        skipped += [Skipped(path, f"it is {what}") for path, what in others.items() if what]
        kinds = {path: kind for path, kind in kinds.items() if not others[path]}
        started = {path: started[path] for path in kinds}
        if not kinds:
            what = "; ".join(f"{one.path.name}: {one.reason}" for one in skipped)
            raise SessionError(folder, f"it holds no session of an exercise. {what}.")
    wanted = {"subject": subject, "exercise": exercise, "placement": placement}
    chosen = _choose(folder, list(kinds.values()), wanted)
    for path, kind in kinds.items():
        if folded(kind) != folded(chosen):
            skipped.append(Skipped(path, f"it is of {kind}"))
            del started[path]
    return compare(chosen, started, skipped, settings, progress)


def compare(
    of: Comparable,
    started: Mapping[Path, datetime],
    skipped: Sequence[Skipped] = (),
    settings: Settings | None = None,
    progress: Progress = lambda _fraction: None,
) -> History:
    """Measure sessions of one kind, given when they began, as `load_history` does."""
    left_out = [*skipped]
    sets: list[MeasuredSet] = []
    seen: dict[datetime, Path] = {}
    in_order = sorted(started, key=lambda one: (started[one], *original_first(one)))
    for done, path in enumerate(in_order):
        progress(done / len(started))
        if first := seen.get(started[path]):
            left_out.append(Skipped(path, f"it is a copy or replay of {first.name}"))
            continue
        try:
            measures = analyze_session(path, settings).measures
        except SessionError as error:
            left_out.append(Skipped(path, error.reason))
            continue
        seen[started[path]] = path
        sets.append(MeasuredSet(path, started[path].astimezone(), measures.summary))
    progress(1.0)
    return History(of, tuple(sets), tuple(sorted(left_out, key=lambda one: one.path)))


def kind_of(session: StoredSession) -> Comparable:
    """Return what a session is of, its exercise as a reviewer names it."""
    meta = session.meta
    exercise = reviewed_exercise(meta.exercise, stored_edits(session))
    return Comparable(
        meta.subject, exercise, meta.placement, virtual=meta.host_clock == WORLD_CLOCK
    )


def folded(of: Comparable) -> Comparable:
    """Return it as it is compared: exercises by their plain names, subjects as they are."""
    return replace(of, exercise=plain_name(of.exercise), placement=of.placement.casefold())


def _choose(folder: Path, there: list[Comparable], wanted: dict[str, str | None]) -> Comparable:
    """Return the one kind of session that is meant."""
    counts = Counter(folded(of) for of in there)
    kinds = {folded(of): of for of in reversed(there)}  # as the first of them is written
    asked_for = {name: text for name, text in wanted.items() if text is not None}
    meant = [of for key, of in kinds.items() if key == folded(replace(of, **asked_for))]
    if len(meant) > 1 and any(not of.virtual for of in meant):
        meant = [of for of in meant if not of.virtual]
    if len(meant) == 1:
        return meant[0]
    listed = "; ".join(f"{of} ({counts[folded(of)]})" for of in meant or kinds.values())
    if meant:
        raise SessionError(
            folder,
            f"it holds sessions that cannot be compared: {listed}. Choose by --subject, "
            "--exercise and --placement.",
        )
    if not there:
        raise SessionError(folder, "none of its session files can be read.")
    asked = ", ".join(f"{name} {text!r}" for name, text in asked_for.items())
    raise SessionError(folder, f"there is no session of {asked}; there are: {listed}.")
