"""A visit to the gym: the steps from the first scan to the last set, one session after the other.

Nothing here waits: whoever shows it polls. A step's session begins as soon as the one before it
has given the pods back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

from glutesym.analysis.baseline import Baseline, BaselineGuide
from glutesym.analysis.mvic_guide import MvicGuide
from glutesym.errors import GlutesymError
from glutesym.exercises import MVIC
from glutesym.live_state import LiveState
from glutesym.measures import Side
from glutesym.session.analyze import AnalyzedSession, export_session
from glutesym.session.calibrate import Calibration, calibrate_session, keep_calibration
from glutesym.session.choices import Choices
from glutesym.session.measured import measure_session
from glutesym.session.names import session_path
from glutesym.session.normalised import FOLDER
from glutesym.session.resume import Interrupted
from glutesym.session.run import Note, RunningSession
from glutesym.session.studio import Studio

SIGNAL_CHECK, CALIBRATION = "signal check", "calibration"  # kinds of event: what was done before
SKIPPED = "skipped"
T = TypeVar("T")


@dataclass(frozen=True)
class KeptCalibration:
    """A calibration and where it is kept."""

    calibration: Calibration
    session: Path
    path: Path | None  # None: it is not good enough to be kept


@dataclass(frozen=True)
class DoneSet:
    """A set, measured and exported."""

    analyzed: AnalyzedSession
    files: tuple[Path, ...]


class Job(Generic[T]):
    """Work in a thread of its own, that ends some time."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._result: T | None = None
        self._over = threading.Event()
        self.error: Exception | None = None
        threading.Thread(target=self._run, name="measuring").start()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._over.is_set()

    @property
    def result(self) -> T | None:
        """What it has given; None until then, and when it failed."""
        return self._result

    def wait(self) -> T | None:
        """Wait for its end."""
        self._over.wait()
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._work()
        except Exception as error:
            self.error = error
        finally:
            self._over.set()


class Visit:
    """One person, two pods, one session at a time.

    Parameters
    ----------
    studio : Studio
    choices : Choices

    Attributes
    ----------
    swapped : bool
        Each pod is worn on the other side than it was provisioned for.
    baseline : BaselineGuide
        Of the newest look at the signals.
    guide : MvicGuide or None
        Of the newest calibration.
    unmeasured : list of Path
        Sets that were recorded and are not measured yet.
    unkept : Path or None
        A calibration that was recorded and is not measured yet.
    """

    def __init__(self, studio: Studio, choices: Choices | None = None) -> None:
        self.studio = studio
        self.choices = choices or Choices()
        self.swapped = False
        self.baseline = BaselineGuide()
        self.guide: MvicGuide | None = None
        self.error: Exception | None = None  # what ended the newest session
        self.calibrating: Job[KeptCalibration] | None = None
        self.measuring: Job[DoneSet] | None = None
        self.unmeasured: list[Path] = []
        self.unkept: Path | None = None
        self._session: RunningSession | None = None
        self._next: Callable[[], RunningSession] | None = None
        self._notes: dict[str, str] = {}

    @property
    def notes(self) -> list[Note]:
        """What was done and what was skipped, as the next session will say it."""
        return list(self._notes.items())

    def note(self, kind: str, text: str) -> None:
        """Say about a step how it went; a later word takes an earlier one's place."""
        self._notes[kind] = text

    @property
    def busy(self) -> bool:
        """Whether a session runs, or is about to."""
        return self._next is not None or (self._session is not None and self._session.running)

    @property
    def path(self) -> Path | None:
        """The file of the newest session, if it has one."""
        return self._session.path if self._session else None

    # --- the steps

    def look(self) -> None:
        """Connect to the pods and look at their signals, without recording."""
        self.baseline = guide = BaselineGuide()
        try:
            self.studio.require_pods()
        except GlutesymError as error:
            self.stop()
            self.error = error
            return
        swapped = self.swapped

        def begin() -> RunningSession:
            return RunningSession(self.studio.look(swapped), None, "check", follower=guide)

        self._begin(begin)

    def swap(self) -> None:
        """Have each pod be worn on the other side from now on; looks anew if it looks."""
        self.swapped = not self.swapped
        if self._notes.get(CALIBRATION, SKIPPED) != SKIPPED:
            self.note(CALIBRATION, "made before the sides were swapped: do it again")
        if self.busy:
            self.look()

    def calibrate(self) -> None:
        """Record a guided calibration."""
        choices, swapped = self.choices, self.swapped
        subject = self.studio.subject(choices.subject)
        place, guide = self.studio.calibration(
            self.studio.guide, subject, choices.placement, swapped
        )
        self.guide, self.calibrating, self.unkept = guide, None, None

        def begin() -> RunningSession:
            path = session_path(choices.folder, datetime.now().astimezone(), MVIC)
            self.unkept = path
            return RunningSession(place, path, MVIC, follower=guide, notes=self.notes)

        self._begin(begin)

    def train(self) -> None:
        """Record a set."""
        choices, swapped = self.choices, self.swapped
        place = self.studio.training(choices.exercise, choices.subject, choices.placement, swapped)
        self.measuring = None

        def begin() -> RunningSession:
            path = session_path(choices.folder, datetime.now().astimezone(), choices.exercise)
            self.unmeasured.append(path)
            return RunningSession(
                place, path, choices.exercise, notes=self.notes, mains_hz=choices.mains_hz
            )

        self._begin(begin)

    def resume(self, before: Interrupted) -> None:
        """Go on with a session that was interrupted."""
        place = self.studio.resumption(before)
        self.measuring = None

        def begin() -> RunningSession:
            self.unmeasured.append(before.path)
            return RunningSession(
                place,
                before.path,
                before.exercise,
                [*before.pods],
                before.pods,
                mains_hz=before.mains_hz,
            )

        self._begin(begin)

    def stop(self) -> None:
        """End the session; it takes what the pods still hold."""
        self._next = None
        if self._session is not None:
            self._session.stop()

    def dismiss(self) -> None:
        """Forget how the newest session ended: somebody has been told."""
        self.error = None
        if self._session is not None and not self._session.running:
            self._session = None

    # --- what is shown

    def poll(self) -> LiveState:
        """Begin what is due, and return the newest snapshot."""
        session = self._session
        if session is not None and not session.running and self.error is None:
            self.error = _error_of(session)
        if self._next is not None and (session is None or not session.running):
            begin, self._next = self._next, None
            self._session = session = begin()
            self.error = None
            session.start()
        if self._next is not None or session is None:
            return LiveState()
        return session.poll()

    def identify(self, side: Side) -> None:
        """Let a pod blink."""
        if self._session is not None:
            self._session.identify(side)

    def marker(self, text: str) -> None:
        """Put a marker into the session."""
        if self._session is not None:
            self._session.marker(text)

    def keep_calibration(self) -> None:
        """Measure the calibration that has just been recorded, and keep it if it is good."""
        path, choices = self.path, self.choices
        assert path is not None
        subject = self.studio.subject(choices.subject)

        def work() -> KeptCalibration:
            analyzed = measure_session(path, choices.placement)
            found = calibrate_session(analyzed)
            self.unkept = None
            if found.problem:
                return KeptCalibration(found, path, None)
            folder = path.parent / FOLDER
            kept = keep_calibration(folder, analyzed, found, subject, choices.placement)
            return KeptCalibration(found, path, kept)

        self.calibrating = Job(work)

    def measure(self) -> None:
        """Measure the newest set as its file is now, and write its tables."""
        path, choices = self.path, self.choices
        assert path is not None

        def work() -> DoneSet:
            analyzed = measure_session(path, choices.placement, choices.mains_hz)
            files = tuple(export_session(analyzed, path.parent))
            if path in self.unmeasured:  # not for the second time, after a review
                self.unmeasured.remove(path)
            return DoneSet(analyzed, files)

        self.measuring = Job(work)

    @property
    def recorded(self) -> bool:
        """Whether the newest session has left a file."""
        return self.path is not None and self.path.exists()

    def end(self, timeout_s: float | None = None) -> bool:
        """End everything and wait for it; True when nothing runs any more."""
        self.stop()
        session = self._session
        if session is not None and session.running:
            try:
                if not session.join(timeout_s):
                    return False
            except Exception as error:
                self.error = error
        for job in (self.calibrating, self.measuring):
            if job is not None:
                job.wait()
        self.unmeasured = [path for path in self.unmeasured if path.exists()]
        if self.unkept is not None and not (self.unkept.exists() and self._has_trials()):
            self.unkept = None
        return True

    def _has_trials(self) -> bool:
        return self.guide is not None and any(one.trials for one in self.guide.measured)

    def _begin(self, begin: Callable[[], RunningSession]) -> None:
        self.stop()
        self.error = None
        self._next = begin


def baseline_note(baseline: Baseline | None) -> str:
    """Return what a session says about the look at the signals before it."""
    return "done, without a quiet baseline" if baseline is None else baseline.text


def _error_of(session: RunningSession) -> Exception | None:
    try:
        session.join(0)
    except Exception as error:
        return error
    return None
