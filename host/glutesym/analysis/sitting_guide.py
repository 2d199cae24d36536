"""The guide through a day of sitting: stand, bend forward twice, then go about your work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from glutesym.analysis.pelvis import reference
from glutesym.analysis.sitting import SittingMonitor, SittingSettings, SittingState
from glutesym.measures import Side
from glutesym.recording import ImuRecord, Recording

STAND_S = 6.0  # the first second is for settling
_SETTLE_S = 1.0
BEND_S = 8.0
_ARRIVE_S = 1.5  # by then all that was asked for has arrived

_EVEN_DEG = 5.0  # leans below are within the error of one IMU

Word = Literal["stand", "bend", "watch"]


@dataclass(frozen=True)
class SittingPrompt:
    """What to tell a person now."""

    word: Word
    left_s: float  # of standing or bending
    state: SittingState | None = None  # while it is watched
    problem: str = ""  # why standing is asked for again


class SittingGuide:
    """Guides and watches; see `glutesym.session.follower.Follower`. Whoever sits ends it.

    Parameters
    ----------
    settings : SittingSettings, optional

    Raises
    ------
    ValueError
        The break is not above 0 minutes.
    """

    done = False

    def __init__(self, settings: SittingSettings | None = None) -> None:
        self._settings = settings or SittingSettings()
        SittingMonitor({}, self._settings)  # says at once what is wrong with them
        self._start_s: float | None = None
        self._monitor: SittingMonitor | None = None
        self._state: SittingState | None = None
        self._problem = ""
        self._seen: Recording | None = None

    def begin(self, start_s: float) -> None:
        """Begin at a session time."""
        self._start_s = start_s

    def follow(self, time_s: float, recording: Recording) -> list[tuple[float, str, str]]:
        """Look at what has been recorded until now; there is nothing to note."""
        if self._start_s is None or recording is self._seen:
            return []
        self._seen = recording
        imu: dict[Side, ImuRecord] = {side: pod.imu for side, pod in recording.pods.items()}
        bend_s = self._start_s + STAND_S
        if self._monitor is None and time_s >= bend_s + BEND_S + _ARRIVE_S:
            stance_s = self._start_s + _SETTLE_S, bend_s
            references = reference(imu, stance_s, (bend_s, bend_s + BEND_S))
            if references:
                self._monitor = SittingMonitor(references, self._settings)
            else:
                self._problem = "You moved, or no motion was seen. Once more:"
                self._start_s = time_s
        if self._monitor is not None:
            self._state = self._monitor.process(imu)
        return []

    def finish(self) -> SittingState | None:
        """Return what was seen in all; None: it ended before anything could be watched."""
        return self._monitor.finish() if self._monitor else None

    def prompt(self, time_s: float) -> SittingPrompt | None:
        """Return what to tell at a session time; None: it has not begun."""
        start_s, state = self._start_s, self._state
        if start_s is None:
            return None
        if state is not None:
            return SittingPrompt("watch", 0.0, state)
        now_s = time_s - start_s
        if now_s < STAND_S:
            return SittingPrompt("stand", STAND_S - now_s, problem=self._problem)
        return SittingPrompt("bend", max(STAND_S + BEND_S - now_s, 0.0))


def break_tip(state: SittingState) -> str:
    """Return what to do in a break that is due."""
    tip = "Stand up, walk a little and squeeze both glutes ten times, or do ten bodyweight squats."
    lean_deg = state.lean_deg.value
    if lean_deg is None or abs(lean_deg) < _EVEN_DEG:
        return tip
    side = "right" if lean_deg > 0 else "left"
    return f"{tip} You lean to the {side}: then sit down with both sides loaded alike."
