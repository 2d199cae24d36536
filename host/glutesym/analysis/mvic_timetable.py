"""When to relax and when to squeeze in a guided calibration: one function for guide and scenario.

Prone, one leg works at a time: the legs take turns, so each rests while the other one works.
Standing, both glutes are squeezed together. What is refused is repeated at once, twice at most.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from glutesym.analysis.calibration import (
    MAX_HOLD_S,
    MIN_HOLD_S,
    POSITIONS,
    TRIALS_PER_POSITION,
    Position,
)
from glutesym.measures import SIDES, Side

MOST_REPEATS = 2  # of one trial
_TAKES_TURNS: Position = "prone bent-leg hip extension"
_BEFORE_S = 4.0  # looked at before a squeeze: 2 s of rest are needed
_AFTER_S = 1.0  # looked at after it: nobody lets go at once
_ARRIVE_S = 2.5  # after it; by then the samples have arrived, and it can be judged


@dataclass(frozen=True)
class GuideSettings:
    """What is asked of a person."""

    positions: tuple[Position, ...] = POSITIONS
    trials: int = TRIALS_PER_POSITION  # of every position and leg
    rest_s: float = 30.0  # before every squeeze: a tired muscle does less
    change_s: float = 20.0  # at least, before the first one in a new position
    hold_s: float = MAX_HOLD_S

    def __post_init__(self) -> None:
        if not self.positions or self.trials < 1:
            raise ValueError("there must be a position and a trial")
        if min(self.rest_s, self.change_s) < _BEFORE_S or not MIN_HOLD_S < self.hold_s:
            raise ValueError(f"rests last {_BEFORE_S:g} s or longer, holds over {MIN_HOLD_S:g} s")


@dataclass(frozen=True)
class Slot:
    """One squeeze. Times are seconds since the guide began."""

    position: Position
    sides: tuple[Side, ...]  # that are measured
    trial: int  # from 1, of this position and these sides
    repeat: int  # 0: the first attempt
    start_s: float  # relax from here on
    squeeze_s: float
    release_s: float

    @property
    def watch_s(self) -> tuple[float, float]:
        """The stretch of time that is measured."""
        return self.squeeze_s - _BEFORE_S, self.release_s + _AFTER_S

    @property
    def end_s(self) -> float:
        """When it is judged, and the next one begins."""
        return self.release_s + _ARRIVE_S


def timetable(
    settings: GuideSettings, refused: Mapping[int, Collection[Side]] | None = None
) -> list[Slot]:
    """Return all squeezes in order.

    Parameters
    ----------
    settings : GuideSettings
    refused : mapping of int to sides, optional
        Which sides of the squeezes with these indices did not count. Only what follows a squeeze
        depends on it.
    """
    refused = refused or {}
    slots: list[Slot] = []
    previous: Position | None = None
    for position, asked, trial in _planned(settings):
        sides: tuple[Side, ...] = asked
        for repeat in range(MOST_REPEATS + 1):
            start_s = slots[-1].end_s if slots else 0.0
            rest_s = settings.rest_s
            if position != previous:
                rest_s = max(rest_s, settings.change_s)
            squeeze_s = start_s + rest_s
            release_s = squeeze_s + settings.hold_s
            slots.append(Slot(position, sides, trial, repeat, start_s, squeeze_s, release_s))
            previous = position
            sides = tuple(side for side in sides if side in refused.get(len(slots) - 1, ()))
            if not sides:
                break
    return slots


def contracting(slot: Slot) -> tuple[Side, ...]:
    """Return the sides that squeeze, measured or not."""
    return slot.sides if slot.position == _TAKES_TURNS else SIDES


def _planned(settings: GuideSettings) -> Iterator[tuple[Position, tuple[Side, ...], int]]:
    for position in settings.positions:
        for trial in range(1, settings.trials + 1):
            if position == _TAKES_TURNS:
                for side in SIDES:
                    yield position, (side,), trial
            else:
                yield position, SIDES, trial
