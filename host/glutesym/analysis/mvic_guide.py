"""The guide through a calibration: what to do now, what arrives, and whether it counts.

It goes by session time and by its timetable alone, so that whoever follows it, a person or a
virtual one, follows the same clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from glutesym.analysis.calibration import POSITIONS, Trial
from glutesym.analysis.mvic_timetable import GuideSettings, Slot, timetable
from glutesym.analysis.mvic_trial import MvicTrial, TrialState
from glutesym.measures import SIDES, Side
from glutesym.recording import EmgRecord, Recording

TRIAL_START, TRIAL_END = "mvic trial start", "mvic trial end"  # kinds of event
SKIPPED, AGAIN, ENDED = "mvic trial skipped", "mvic trial again", "mvic ended early"
COUNT_IN_S = 3.0
_SLACK_S = 0.5  # of the end of what is measured: it is let go by then

Word = Literal["relax", "get ready", "squeeze", "hold", "let go", "finished"]
Note = tuple[float, str, str]  # session time, kind, text
Wish = Literal["skip", "again", "end"]


@dataclass(frozen=True)
class Prompt:
    """What to tell a person now."""

    word: Word
    left_s: float  # of it; 0: until the next word comes
    slot: Slot | None  # None: finished
    levels: Mapping[Side, TrialState]  # of the measured sides, as far as known


@dataclass(frozen=True)
class Measured:
    """One squeeze and what it gave."""

    slot: Slot
    trials: tuple[Trial, ...]  # one for each side of the slot; none: it was skipped


class MvicGuide:
    """Guides a session; see `glutesym.session.follower.Follower`.

    Parameters
    ----------
    settings : GuideSettings
    on_shift : callable, optional
        Gets by how many seconds all that follows comes later, or sooner if negative, when somebody
        skips or repeats a squeeze; called in `follow`.
    """

    def __init__(
        self, settings: GuideSettings, on_shift: Callable[[float], None] = lambda _seconds: None
    ) -> None:
        self._settings = settings
        self._on_shift = on_shift
        self._wish: Wish | None = None
        self._ended = False
        self._slots = timetable(settings)
        self._refused: dict[int, list[Side]] = {}
        self._start_s: float | None = None
        self._started = False  # the slot is being measured
        self._seen: Recording | None = None
        self._now: tuple[Slot | None, Mapping[Side, TrialState]] = (self._slots[0], {})
        self.measured: list[Measured] = []

    @property
    def done(self) -> bool:
        """Whether all is measured, or somebody has ended it."""
        return self._ended or len(self.measured) == len(self._slots)

    def wish(self, wish: Wish) -> None:
        """Skip the squeeze that is next or under way, do the last one again, or end it all.

        Carried out with the next `follow`; callable from any thread.
        """
        self._wish = wish

    def begin(self, start_s: float) -> None:
        """Begin at a session time."""
        self._start_s = start_s

    def follow(self, time_s: float, recording: Recording) -> list[Note]:
        """Look at what has been recorded until now and return what is to be noted.

        Parameters
        ----------
        time_s : float
            Session time.
        recording : Recording
            The newest stretch, at least a minute.
        """
        if self._start_s is None or self.done:
            return []
        if self._wish is not None:
            wish, self._wish = self._wish, None
            return [self._grant(wish, time_s, self._start_s)]
        index = len(self.measured)
        slot = self._slots[index]
        from_s, to_s = (self._start_s + t for t in slot.watch_s)
        notes: list[Note] = []
        if time_s >= from_s and not self._started:
            self._started = True
            notes.append((from_s, TRIAL_START, slot_text(slot)))
        if self._started and recording is not self._seen:
            self._seen = recording
            self._now = slot, {side: _state(slot, side, recording, from_s) for side in slot.sides}
        if time_s >= self._start_s + slot.end_s:
            trials = measure_squeeze(slot, recording, from_s, to_s)
            self.measured.append(Measured(slot, trials))
            self._refused[index] = [trial.side for trial in trials if trial.mvic_uv is None]
            self._slots = timetable(self._settings, self._refused)
            self._started = False
            self._now = (None if self.done else self._slots[index + 1]), {}
            notes.append((to_s, TRIAL_END, slot_text(slot)))
        return notes

    def _grant(self, wish: Wish, time_s: float, start_s: float) -> Note:
        """Change the course of things; the timetable stays, and the time on it is moved."""
        now_s = time_s - start_s
        index = len(self.measured)
        slot = self._slots[index]
        self._started = False
        if wish == "end":
            self._ended = True
            self._now = None, {}
            return time_s, ENDED, slot_text(slot)
        if wish == "skip":
            self.measured.append(Measured(slot, ()))
            kind, to_s, following = SKIPPED, slot.end_s, index + 1
        else:
            if now_s < slot.squeeze_s and index > 0:  # it has not begun: the one before is meant
                index -= 1
                self.measured.pop()
                self._refused.pop(index, None)
                self._slots = timetable(self._settings, self._refused)
                slot = self._slots[index]
            kind, to_s, following = AGAIN, slot.start_s, index
        self._start_s = start_s + now_s - to_s
        self._on_shift(now_s - to_s)
        self._now = (None if self.done else self._slots[following]), {}
        return time_s, kind, slot_text(slot)

    def prompt(self, time_s: float) -> Prompt | None:
        """Return what to tell at a session time; None: it has not begun."""
        slot, levels = self._now
        if self._start_s is None:
            return None
        if slot is None:
            return Prompt("finished", 0.0, None, {})
        now_s = time_s - self._start_s
        if now_s < slot.squeeze_s:
            left_s = slot.squeeze_s - now_s
            return Prompt("get ready" if left_s <= COUNT_IN_S else "relax", left_s, slot, levels)
        if now_s >= slot.release_s:
            return Prompt("let go", 0.0, slot, levels)
        seen = any(state.phase in ("hold", "done") for state in levels.values())
        return Prompt("hold" if seen else "squeeze", slot.release_s - now_s, slot, levels)


def measure_squeeze(
    slot: Slot, recording: Recording, start_s: float, end_s: float
) -> tuple[Trial, ...]:
    """Measure the sides of a squeeze in a stretch of session time."""
    trials: list[Trial] = []
    for side in slot.sides:
        fed, reason = _fed(slot, side, recording, start_s, end_s), f"there is no {side} pod"
        if fed is not None:
            newest_s = float(np.max(recording.pods[side].emg.time_s, initial=0.0))
            if newest_s >= end_s - _SLACK_S:
                trials.append(fed.finish())
                continue
            reason = "its samples have not arrived: stay near the computer and repeat the trial"
        trials.append(Trial(side, slot.position, None, float("nan"), 0.0, reason))
    return tuple(trials)


def slot_text(slot: Slot) -> str:
    """Return a squeeze as the text of an event; `slot_of_text` reads it."""
    return f"{slot.position} | {' '.join(slot.sides)} | trial {slot.trial} | repeat {slot.repeat}"


def slot_of_text(text: str, start_s: float, end_s: float) -> Slot:
    """Return a squeeze from the text of its event, with its times of measuring.

    Raises
    ------
    ValueError
        It is no such text.
    """
    name, sides, trial, repeat = text.split(" | ")
    position = POSITIONS[[str(known) for known in POSITIONS].index(name)]
    measured: tuple[Side, ...] = tuple(side for side in SIDES if side in sides.split())
    if not measured:
        raise ValueError(f"{text!r} names no side")
    number, attempt = int(trial.removeprefix("trial ")), int(repeat.removeprefix("repeat "))
    return Slot(position, measured, number, attempt, start_s, start_s, end_s)


def _fed(
    slot: Slot, side: Side, recording: Recording, start_s: float, end_s: float
) -> MvicTrial | None:
    """Return a trial that has seen a stretch of time; None: the side has no pod."""
    pod = recording.pods.get(side)
    if pod is None:
        return None
    emg: EmgRecord = pod.emg
    part = slice(*np.searchsorted(emg.time_s, (start_s, end_s)))
    trial = MvicTrial(side, slot.position, emg.fs_hz)
    trial.process(emg.uv[part], emg.lead_off[part], emg.clipped[part])
    return trial


def _state(slot: Slot, side: Side, recording: Recording, start_s: float) -> TrialState:
    trial = _fed(slot, side, recording, start_s, float("inf"))
    nan = float("nan")
    return trial.state if trial else TrialState("rest", 0.0, nan, nan)
