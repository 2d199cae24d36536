"""Pods' clocks for the live view: fitted anew as they become better known, not at every look."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from glutesym import wire
from glutesym.measures import Side
from glutesym.pod_clock import Messages, PodClock, fit_pod_clock

_PERIOD_S = wire.TICKS_PERIOD_US / 1e6
_AGE = 0.3  # of what a clock was fitted to: so old it may become ...
MOST_AGE_S = 6.0  # ... and not older


@dataclass(frozen=True)
class _Kept:
    run: int
    newest_s: float  # host time of the newest arrival that it knows
    span_s: float
    clock: PodClock

    def is_old(self, now_s: float) -> bool:
        """Whether it would be better known by now."""
        return not 0 <= now_s - self.newest_s <= min(_AGE * self.span_s, MOST_AGE_S)


class KeptClocks:
    """The newest clock of each pod; a `fit` for `assemble_recording`."""

    def __init__(self) -> None:
        self._kept: dict[Side, _Kept] = {}

    def __call__(self, side: Side, run: int, messages: Messages) -> PodClock:
        """Return a pod's clock in a run, the kept one while it is good enough."""
        newest_s = float(messages.received_host_s[-1])
        kept = self._kept.get(side)
        if kept is not None and kept.run == run and np.isfinite(kept.clock.bracket_ms):
            if not kept.is_old(newest_s):
                return _in_period_of(messages, kept.clock)
        clock = fit_pod_clock(messages)
        span_s = newest_s - float(messages.received_host_s[0])
        self._kept[side] = _Kept(run, newest_s, span_s, clock)
        return clock

    def is_old(self, side: Side, newest_s: float) -> bool:
        """Whether a side's clock would be fitted anew, its newest arrival being that."""
        return side not in self._kept or self._kept[side].is_old(newest_s)

    def forget(self) -> None:
        """Have every clock fitted anew."""
        self._kept.clear()


def _in_period_of(messages: Messages, clock: PodClock) -> PodClock:
    """Return a clock for ticks that are unwrapped from another moment on."""
    away_s = float(messages.sent_pod_s[-1]) - float(clock.host_s.x[-1])
    turns = round(away_s / _PERIOD_S)
    if not turns:
        return clock
    return replace(clock, host_s=replace(clock.host_s, x=clock.host_s.x + turns * _PERIOD_S))
