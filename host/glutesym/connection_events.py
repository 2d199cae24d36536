"""When a link's packets passed the air: at its connection events, which are evenly spaced.

Between the air and the time stamp lie the host's radio, its system and Python, with a delay that
varies by milliseconds. The events themselves come as regularly as a crystal, so all arrivals of
some seconds together tell when each of them was, far better than one arrival does.

Source: Bluetooth Core Specification, Vol 6 Part B, 4.5.1 (connection events): anchor points are a
connection interval apart, a multiple of 1.25 ms from 7.5 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_INTERVALS_S = 0.00125 * np.arange(6.0, 81.0)  # 7.5 to 100 ms
_LEAST_ARRIVALS = 40  # ... of which an interval is told
_ENOUGH_ARRIVALS = 80
_WINDOW_S = 5.0  # a host's and its radio's crystal part by less than 0.3 ms meanwhile
_COHERENT = 0.6  # of arrivals that share an interval; 1: all at the same phase
_AS_COHERENT = 0.06  # of two intervals, by which it may differ as it happens
_INCOHERENT = 0.4  # of sends that have nothing to do with it
_RISE_S = 0.002  # from the first to most of the arrivals after an event
_EARLY_SHARE = 0.05  # arrivals before what counts as an event's edge ...
_LEAST_MARGIN_S = 0.0005  # ... and by how much at least they may come before it
_GOES_ON_S = 0.001  # between edges of one grid, as two stretches of time tell them
_PART = 24  # arrivals that tell whether the events are still the same
_EARLY_IN_PART = 2  # of its arrivals, the third is as early as the edge of events
_SHIFT = 0.6  # by which the edge may seem to move, in what most arrivals are spread over
ARRIVALS_KEPT = 160  # five seconds of them: what `aim` wants to know
_LEAD_S = (0.0015, 0.0065)  # of a probe before arrivals of its event would begin
_GOLDEN = 0.6180339887  # its multiples fill a range evenly in any order


@dataclass(frozen=True)
class EventGrid:
    """The connection events of a stretch of time."""

    interval_s: float
    edge_s: float  # when arrivals that passed the air at one of the events begin; host time
    spread_s: float  # of the quicker half of the arrivals after the edge

    def event(self, arrival_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the edge of the latest event that arrivals can have passed the air at."""
        margin_s = max(_LEAST_MARGIN_S, self.spread_s)  # some are quicker than the edge
        passed = np.floor((arrival_s - self.edge_s + margin_s) / self.interval_s)
        return self.edge_s + passed * self.interval_s

    def goes_on_in(self, other: EventGrid | None) -> bool:
        """Return whether another stretch of time has the same events."""
        if other is None or other.interval_s != self.interval_s:
            return False
        turn = (other.edge_s - self.edge_s) / self.interval_s
        return abs(turn - round(turn)) * self.interval_s < _GOES_ON_S

    def next_edge_s(self, after_s: float) -> float:
        """Return the first edge after a moment."""
        passed = np.floor((after_s - self.edge_s) / self.interval_s)
        return float(self.edge_s + (passed + 1) * self.interval_s)


def find_events(arrival_s: NDArray[np.float64]) -> EventGrid | None:
    """Return the grid that arrivals of a few seconds lie on.

    Parameters
    ----------
    arrival_s : (n,) array
        In order.

    Returns
    -------
    EventGrid or None
        None when they are too few or lie on none, as over USB or while the interval changes.
    """
    if len(arrival_s) < _LEAST_ARRIVALS:
        return None
    return _grid_of(np.ascontiguousarray(arrival_s, np.float64).tobytes())


@lru_cache(maxsize=64)
def _grid_of(arrivals: bytes) -> EventGrid | None:
    """Find a grid; live, most windows are looked at again at every fit of a clock."""
    arrival_s = np.frombuffer(arrivals, np.float64)
    since_s = arrival_s - arrival_s[0]
    some = np.linspace(0, len(since_s) - 1, min(len(since_s), _ENOUGH_ARRIVALS)).astype(np.intp)
    coherence = _coherence(since_s[some], _INTERVALS_S)
    most = float(coherence.max())
    if most < _COHERENT:
        return None
    # The interval's divisors are about as coherent, its multiples tear the arrivals apart.
    interval_s = float(_INTERVALS_S[np.flatnonzero(coherence > most - _AS_COHERENT)[-1]])
    edge_s, spread_s = _edge(since_s % interval_s, interval_s)
    return EventGrid(interval_s, float(arrival_s[0]) + edge_s, spread_s)


def air_times(sent_s: NDArray[np.float64], received_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return arrivals as if each had been stamped at its connection event, with a common delay.

    Only the first packet of an event is taken back to it: one that follows may have been handed
    to the radio while the event was going on. No arrival is taken back to before it can have been
    sent, provided that sends do not keep the radio's time; where they do, and where no grid is
    found, arrivals stay what they are.

    Parameters
    ----------
    sent_s, received_s : (n,) arrays
        Sends on the pod's clock, arrivals on the host's, in order of arrival.

    Returns
    -------
    (n,) array
        Host times, none later than ``received_s`` by more than the quickest arrivals are early.
    """
    at_s = received_s.copy()
    # Windows of absolute time: both pods' are the same, so what varies within cancels.
    window = np.floor(received_s / _WINDOW_S)
    bounds = [0, *(np.flatnonzero(np.diff(window)) + 1).tolist(), len(at_s)]
    around = [slice(max(0, a - _PART), b + _PART) for a, b in pairwise(bounds)]
    grids = [find_events(received_s[part]) for part in around]
    for i, (part, grid) in enumerate(zip(around, grids, strict=True)):
        if grid is None:
            continue
        neighbours = grids[max(0, i - 1) : i] + grids[i + 1 : i + 2]
        if not all(grid.goes_on_in(other) for other in neighbours):
            continue  # the interval changes about here, or a link comes back
        arrival_s, sends_s = received_s[part], sent_s[part]
        if _coherence(sends_s - sends_s[0], np.array([grid.interval_s]))[0] > _INCOHERENT:
            continue
        event_s = grid.event(arrival_s)
        if not _steady(arrival_s - event_s, grid.spread_s):
            continue
        first = np.diff(event_s, prepend=-np.inf) > grid.interval_s / 2
        first[:_PART] = first[-_PART:] = False  # what is there may belong to another grid
        at_s[part] = np.where(first, event_s, at_s[part])
    return at_s


def _steady(late_s: NDArray[np.float64], spread_s: float) -> bool:
    """Return whether arrivals begin at the events' edges all the time.

    They do not when the interval changes or a link comes back amid a window.
    """
    parts = len(late_s) // _PART
    early_s = np.sort(late_s[: parts * _PART].reshape(parts, _PART), axis=1)[:, _EARLY_IN_PART]
    return bool(np.max(np.abs(early_s)) < _SHIFT * spread_s)


def _coherence(
    times_s: NDArray[np.float64], intervals_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the resultant length of the times' phases in each interval, 0 to 1."""
    turns = np.exp(2j * np.pi * times_s[:, np.newaxis] / intervals_s)
    return np.abs(turns.mean(axis=0))


def _edge(phase_s: NDArray[np.float64], interval_s: float) -> tuple[float, float]:
    """Return the phase at which arrivals begin, and over what the quicker half is spread.

    It is where many more come after than before; a few are so late that they come before the
    edge of a later event, so the very first is no measure.
    """
    rise_s = min(interval_s / 4, _RISE_S)
    phase_s = np.sort(phase_s)
    around_s = np.concatenate([phase_s - interval_s, phase_s, phase_s + interval_s])
    here = np.searchsorted(around_s, phase_s)
    after = np.searchsorted(around_s, phase_s + rise_s) - here
    before = here - np.searchsorted(around_s, phase_s - rise_s)
    rise = float(phase_s[np.argmax(after - before)])
    from_rise_s = (phase_s - rise + rise_s) % interval_s - rise_s
    near_s = np.sort(from_rise_s[from_rise_s < 3 * rise_s])
    early_s, middle_s = near_s[int(_EARLY_SHARE * len(near_s))], near_s[len(near_s) // 2]
    return rise + float(early_s), float(middle_s - early_s)


def aim(due_s: float, arrival_s: NDArray[np.float64], number: int) -> float:
    """Return when to send a probe that is due, so that it hardly waits for its connection event.

    A probe bounds the clock by what it does not wait. How long it takes to the radio nobody knows,
    so it leaves a varying time before an event; one in four leaves at any time, for hosts whose
    way to the radio is longer than that.

    Parameters
    ----------
    due_s : float
        Host time.
    arrival_s : (n,) array
        Recent arrivals, host time, in order.
    number : int
        Of the probe, counted up.

    Returns
    -------
    float
        At most 0.1 s after ``due_s``; just that when the events are not known.
    """
    grid = None if number % 4 == 0 else find_events(arrival_s)
    if grid is None:
        return due_s
    least_s, most_s = _LEAD_S
    lead_s = least_s + (most_s - least_s) * (number * _GOLDEN % 1.0)
    return grid.next_edge_s(due_s + lead_s) - lead_s
