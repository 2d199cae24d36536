"""A pod's ticks on the host's time, from messages in both directions, and how sure that is.

Every message is late by an unknown delay that is never negative. So on the pod's time all arrivals
of frames lie above the line that is sought, all sends of probes below it. Of the lines in between
the most probable one is taken: delays near the shortest are common, two crystals part by some
millionths, and their rates change slowly. All of that is linear, so it is the solution of a linear
program.

What no method can tell from the times of messages is how much of the shortest delay is on which
way. It does not matter as long as it is the same for both pods; what their brackets differ by is
shared out by `agree`, and adds to the uncertainty.

Source: linear programming for one-way delays as in S. B. Moon, P. Skelly, D. Towsley, "Estimation
and removal of clock skew from network delay measurements", INFOCOM 1999; here from both directions
at once and with rates that change. The constants of the uncertainty were fitted on runs of
``benchmarks/radio_model.py`` that the accuracy tables do not use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from glutesym.clock import Track, lower_hull, too_early
from glutesym.connection_events import air_times

_Array = NDArray[np.float64]

_KNOT_S = 30.0  # between two knots the rate is taken as constant
_RATE_PPM = 15.0  # two crystals part by about so much ...
_MOST_RATE_PPM = 200.0  # ... and never by more
_BEND_PPM = 0.3  # by about so much the rate changes from knot to knot
_FRAME_SCALE_MS, _PROBE_SCALE_MS = 10.0, 10.0  # of delays above the shortest, beforehand
_LEAST_FRAMES = 10  # a third of a second
_FEW = 4  # messages whose delays count less than what is known beforehand
_LEAST_SCALE_MS = 0.001
_EARLY_SHARE = 0.1  # of messages, whose delays tell the scale
_MOST_JITTER_S = 0.003  # by which the line through arrivals may be late, connection events known

_NOISE_EVERY_S = 10.0
_NOTHING_KNOWN_MS = 1e6
_NEAR_S = 60.0  # messages count for the noise at a moment by how near they are
_NOISE = 3.0  # of the line in spacings of the lowest delays, and at least ...
_LEAST_NOISE_MS = 0.04  # ... by what an event's edge is uncertain
_RATE_NOISE = 2.5  # its rate's, in what noise of the line alone would make of it
_BRACKET_NOISE = 1.2  # of the bracket in spacings of the lowest probes, and at least ...
_LEAST_BRACKET_NOISE_MS = 0.13
_BIAS = 2.5  # by which the line lies too high, in spacings
_BRACKET_BIAS = 1.0
_RATE_SD_MS_S = 0.045  # of two crystals, as wide as a rate is ever stated: 45 ppm
_ALIKE_MS = 0.15  # two links' shortest delays are alike to this, as far as nothing else shows
_TWO_SIDED_95 = 1.96


@dataclass(frozen=True)
class Messages:
    """What passed between a pod and the host in one run of capture."""

    sent_pod_s: _Array  # (n,) frames: unwrapped pod time of sending, in order of arrival
    received_host_s: _Array  # (n,)
    probe_sent_host_s: _Array  # (m,)
    probe_received_pod_s: _Array  # (m,) unwrapped


@dataclass(frozen=True)
class PodClock:
    """Pod time on the host's, late by what frames need at least."""

    host_s: Track  # of pod seconds
    bracket_ms: float  # what a frame and a probe need at least, together; NaN: not known
    bracket_noise_ms: float
    noise_at_s: _Array  # (k,) host time
    noise_ms: _Array  # (k,) standard deviation of ``host_s`` then, of what differs between links

    def noise_at(self, host_s: _Array) -> _Array:
        """Return the standard deviation at moments, ms; far from the messages it grows."""
        beyond_s = np.maximum(self.noise_at_s[0] - host_s, host_s - self.noise_at_s[-1])
        growth = 1 + np.maximum(beyond_s, 0.0) / _NEAR_S
        return growth * np.interp(host_s, self.noise_at_s, self.noise_ms)


@dataclass(frozen=True)
class AgreedClock:
    """A pod's clock as it is to be used with others that `agree` has looked at."""

    host_s: Track  # of pod seconds
    half_bracket_ms: float  # of the time on the host's clock itself, whatever the other pods are
    _clock: PodClock
    _share: float  # of the bracket's deviation that is taken for the frames'
    _frame_variance: float  # of the shortest delays' difference between links, ms²
    _probe_variance: float

    def variance_at(self, host_s: _Array) -> _Array:
        """Return the variance of the difference to other agreed clocks, ms²; NaN: not known."""
        frame = self._clock.noise_at(host_s) ** 2 + self._frame_variance
        return (1 - self._share) ** 2 * frame + self._share**2 * self._probe_variance


def fit_pod_clock(messages: Messages) -> PodClock:
    """Return a pod's time on the host's.

    Messages that cannot be true, because they arrived far earlier than their neighbours, are left
    out.

    Parameters
    ----------
    messages : Messages
        With at least one frame.

    Returns
    -------
    PodClock
        However uncertain it is. With few frames, without probes, or with one that arrived before
        it was sent, the bracket is NaN.

    Raises
    ------
    ValueError
        There are no frames.
    """
    if not len(messages.sent_pod_s):
        raise ValueError("no frames to fit a clock to")
    true = ~too_early(messages.sent_pod_s, messages.received_host_s)
    sent_s, received_s = messages.sent_pod_s[true], messages.received_host_s[true]
    if len(sent_s) < _LEAST_FRAMES:
        return _barely_known(sent_s, received_s)
    true = ~too_early(messages.probe_sent_host_s, messages.probe_received_pod_s)
    probes = messages.probe_received_pod_s[true], messages.probe_sent_host_s[true]
    program = _Program(sent_s, received_s, *probes)
    program.solve(_FRAME_SCALE_MS, _PROBE_SCALE_MS)
    air_s = air_times(sent_s, received_s)
    # The line through the arrivals themselves is late by some milliseconds, not by more.
    true = air_s > program.line()(sent_s) - _MOST_JITTER_S
    frame_scale_ms = _scale_ms(program.frame_delays_ms(), _FRAME_SCALE_MS)
    probe_scale_ms = _scale_ms(program.probe_delays_ms(), _PROBE_SCALE_MS)
    program = _Program(sent_s[true], air_s[true], *probes)
    program.solve(frame_scale_ms, probe_scale_ms)
    frame_scale_ms = _scale_ms(program.frame_delays_ms(), _FRAME_SCALE_MS)
    probe_scale_ms = _scale_ms(program.probe_delays_ms(), _PROBE_SCALE_MS)
    host_s = program.line()
    probe_spacing_ms = probe_scale_ms / max(len(probes[0]), 1)
    bracket_ms = program.bracket_ms - _BRACKET_BIAS * probe_spacing_ms
    noise_at_s, noise_ms = _line_noise(host_s(np.sort(sent_s)), frame_scale_ms)
    overall_ms = frame_scale_ms / len(sent_s)
    return PodClock(
        Track(host_s.x, host_s.y - _BIAS * overall_ms / 1000),
        bracket_ms if len(probes[0]) and bracket_ms > 0 else float("nan"),
        float(np.hypot(_LEAST_BRACKET_NOISE_MS, _BRACKET_NOISE * probe_spacing_ms)),
        noise_at_s,
        noise_ms,
    )


def _barely_known(sent_s: _Array, received_s: _Array) -> PodClock:
    """Return a clock that is as good as its earliest frame, and states nothing."""
    start_s, offset_s = float(sent_s.min()), float((received_s - sent_s).min())
    knots_s = start_s + np.arange(2.0)
    nan = float("nan")
    at_s = knots_s + offset_s
    return PodClock(Track(knots_s, at_s), nan, nan, at_s, np.full(2, nan))


def agree(clocks: list[PodClock]) -> list[AgreedClock]:
    """Return clocks without what their frames need at least, so that they tell one time.

    Half of all links' mean bracket is taken for the way of a frame. A link whose own bracket is
    another one has a delay that others do not have; it is shared out between frames and probes
    by how uncertain each of them is.

    Parameters
    ----------
    clocks : list of PodClock
        Of both pods, one for each run of capture.
    """
    known = [clock for clock in clocks if np.isfinite(clock.bracket_ms)]
    weights = [1 / (clock.bracket_noise_ms**2 + 2 * _ALIKE_MS**2) for clock in known]
    mean_ms = float(np.average([c.bracket_ms for c in known], weights=weights)) if known else 0.0
    # What a link's bracket differs by from a mean that it is part of itself.
    others = 1 - 1 / max(len(known), 2)
    agreed: list[AgreedClock] = []
    for clock in clocks:
        noise_ms = float(np.min(clock.noise_ms))
        probe_variance = max(clock.bracket_noise_ms**2 - noise_ms**2, _LEAST_NOISE_MS**2)
        apart_ms = clock.bracket_ms - mean_ms  # NaN: not known, and so is the variance
        spread = others * clock.bracket_noise_ms**2
        unlike = np.maximum(_ALIKE_MS**2, (apart_ms**2 - spread) / 2)
        frame, probe = noise_ms**2 + unlike, probe_variance + unlike
        share = float(frame / (frame + probe))
        # Noise may hide a delay that only this link has.
        hidden = np.maximum(_ALIKE_MS**2, (np.abs(apart_ms) + np.sqrt(spread)) ** 2 / 2)
        late_ms = mean_ms / 2 + (share * apart_ms if np.isfinite(share) else 0.0)
        host_s = replace(clock.host_s, y=clock.host_s.y - late_ms / 1000)
        agreed.append(
            AgreedClock(
                host_s, clock.bracket_ms / 2, clock, share, hidden, probe_variance + hidden
            )
        )
    return agreed


def half_width_ms(variance_ms2: _Array) -> _Array:
    """Return the half-width of the 95 % interval of time differences that vary by so much."""
    return _TWO_SIDED_95 * np.sqrt(variance_ms2)


def _scale_ms(delays_ms: _Array, otherwise_ms: float) -> float:
    """Return the scale of the exponential density that the shortest delays have."""
    if not len(delays_ms):
        return otherwise_ms
    early_ms = float(np.quantile(delays_ms, _EARLY_SHARE))
    scale_ms = max(_LEAST_SCALE_MS, early_ms / -np.log1p(-_EARLY_SHARE))
    n = len(delays_ms)
    return (n * scale_ms + _FEW * otherwise_ms) / (n + _FEW)


def _line_noise(sent_s: _Array, scale_ms: float) -> tuple[_Array, _Array]:
    """Return moments and the line's standard deviation then, ms.

    In the midst of messages it is proportional to how far apart the lowest delays lie there. Away
    from their middle the rate adds to it, which is known from these delays or beforehand.
    """
    bins = max(1, round((sent_s[-1] - sent_s[0]) / _NOISE_EVERY_S))
    count, edges = np.histogram(sent_s, bins)
    middle_s = (edges[:-1] + edges[1:]) / 2
    at_s = np.unique(np.concatenate([edges[:1], middle_s, edges[-1:]]))
    weight = count * np.exp(-np.abs(at_s[:, np.newaxis] - middle_s) / _NEAR_S)
    total = weight.sum(axis=1)
    mean_s = weight @ middle_s / total
    variance_s2 = weight @ middle_s**2 / total - mean_s**2 + (edges[1] - edges[0]) ** 2 / 12
    level_ms = np.minimum(_NOISE * scale_ms / total, _NOTHING_KNOWN_MS)
    away_s = np.abs(at_s - mean_s)
    rate_ms_s = _RATE_NOISE * level_ms / np.sqrt(np.maximum(variance_s2, 1e-6))
    rate_ms_s = np.minimum(rate_ms_s, _RATE_SD_MS_S)
    return at_s, np.sqrt(_LEAST_NOISE_MS**2 + level_ms**2 + (rate_ms_s * away_s) ** 2)


class _Program:
    """The linear program for the most probable line.

    Its variables: the line at its knots and the bracket, in ms beyond the first arrival; the
    rate's deviation and its changes from knot to knot, in ppm.
    """

    def __init__(
        self, sent_s: _Array, received_s: _Array, probe_received_s: _Array, probe_sent_s: _Array
    ) -> None:
        self._x0, self._y0 = float(sent_s[0]), float(received_s[0])
        self._frame_s, self._frame_ms = self._relative(sent_s, received_s)
        self._probe_s, self._probe_ms = self._relative(probe_received_s, probe_sent_s)
        every_s = np.concatenate([self._frame_s, self._probe_s])
        start_s = float(every_s.min())
        span_s = max(float(every_s.max()) - start_s, 1.0)
        pieces = max(1, int(span_s / _KNOT_S)) if span_s >= 2 * _KNOT_S else 1
        self._knots_s = start_s + span_s * np.arange(pieces + 1) / pieces
        self._line_ms = np.zeros(pieces + 1)
        self.bracket_ms = 0.0
        self._frame_place = self._place(self._frame_s)
        self._probe_place = self._place(self._probe_s)
        self._constraints = self._constrained()

    def solve(self, frame_scale_ms: float, probe_scale_ms: float) -> None:
        """Find the most probable line, given the scales of the delays above the shortest."""
        knots = len(self._knots_s)
        cost = np.zeros(2 * knots)
        cost[:knots] -= self._weight(*self._frame_place) / frame_scale_ms
        cost[:knots] += self._weight(*self._probe_place) / probe_scale_ms
        cost[knots] = -len(self._probe_s) / probe_scale_ms
        cost[knots + 1] = 1 / _RATE_PPM
        cost[knots + 2 :] = 1 / _BEND_PPM
        low, high = np.zeros(len(cost)), np.full(len(cost), np.inf)
        low[:knots] = -np.inf
        low[knots], high[knots] = (-np.inf, np.inf) if len(self._probe_s) else (0.0, 0.0)
        high[knots + 1] = _MOST_RATE_PPM
        # No variable is whole, but linprog spends more time around a program as small as this.
        found = scipy.optimize.milp(cost, bounds=(low, high), constraints=self._constraints)
        if found.x is None:  # only times that are no times at all are too much for the solver
            self._line_ms[:], self.bracket_ms = np.min(self._frame_ms), float("nan")
        else:
            self._line_ms, self.bracket_ms = found.x[:knots], float(found.x[knots])

    def line(self) -> Track:
        """Return host time of pod time."""
        host_s = self._y0 + self._knots_s + self._line_ms / 1000
        return Track(self._x0 + self._knots_s, host_s)

    def frame_delays_ms(self) -> _Array:
        """Return by how much each frame is later than the line."""
        return self._frame_ms - np.interp(self._frame_s, self._knots_s, self._line_ms)

    def probe_delays_ms(self) -> _Array:
        """Return by how much each probe took longer than the shortest."""
        line_ms = np.interp(self._probe_s, self._knots_s, self._line_ms)
        return line_ms - self.bracket_ms - self._probe_ms

    def _relative(self, pod_s: _Array, host_s: _Array) -> tuple[_Array, _Array]:
        return pod_s - self._x0, 1000 * ((host_s - self._y0) - (pod_s - self._x0))

    def _place(self, x_s: _Array) -> tuple[NDArray[np.int64], _Array]:
        """Return the knot before each x, and how far x is on the way to the next one."""
        place = (x_s - self._knots_s[0]) / (self._knots_s[1] - self._knots_s[0])
        before = np.clip(place.astype(np.int64), 0, len(self._knots_s) - 2)
        return before, place - before

    def _weight(self, before: NDArray[np.int64], share: _Array) -> _Array:
        """Return the sum over all x of what each knot contributes to the line there."""
        n = len(self._knots_s)
        knots = np.concatenate([before, before + 1])
        return np.bincount(knots, np.concatenate([1 - share, share]), n).astype(np.float64)

    def _lowest(self, x_s: _Array, y_ms: _Array) -> tuple[_Array, _Array]:
        """Return the points that a line which is straight between knots can touch from below."""
        order = np.lexsort((y_ms, x_s))
        x_s, y_ms = x_s[order], y_ms[order]
        bounds = [0, *np.searchsorted(x_s, self._knots_s[1:-1]).tolist(), len(x_s)]
        hulls = [
            lower_hull(x_s[first:last], y_ms[first:last])
            for first, last in pairwise(bounds)
            if first < last
        ]
        points = np.array([point for hull in hulls for point in hull]).reshape(-1, 2)
        return points[:, 0], points[:, 1]

    def _constrained(self) -> tuple[Any, _Array, _Array]:
        """Return matrix, least and most: below all frames, above all probes, rate and bends."""
        knots = len(self._knots_s)
        frame_s, frame_ms = self._lowest(self._frame_s, self._frame_ms)
        probe_s, probe_ms = self._lowest(self._probe_s, -self._probe_ms)
        ppm = 1000 / (self._knots_s[1] - self._knots_s[0])
        rows = _Rows()
        before, share = self._place(frame_s)
        rows.add(frame_ms, (before, 1 - share), (before + 1, share))
        before, share = self._place(probe_s)
        ones = np.ones(len(probe_s))
        rows.add(
            probe_ms,
            (before, share - 1),
            (before + 1, -share),
            (np.full(len(probe_s), knots), ones),
        )
        one, bend = np.ones(1), np.arange(knots - 2)
        for sign in (1.0, -1.0):
            mean = sign * ppm / (knots - 1) * one
            rows.add(
                np.zeros(1),
                (np.array([0]), -mean),
                (np.array([knots - 1]), mean),
                (np.array([knots + 1]), -one),
            )
            change = np.full(knots - 2, sign * ppm)
            rows.add(
                np.zeros(knots - 2),
                (bend, change),
                (bend + 1, -2 * change),
                (bend + 2, change),
                (knots + 2 + bend, -np.ones(knots - 2)),
            )
        most = np.concatenate(rows.most)
        return rows.matrix(2 * knots), np.full(len(most), -np.inf), most


class _Rows:
    """Rows of a sparse matrix in the making: each has one entry of every part that is added."""

    def __init__(self) -> None:
        self._entries: list[tuple[NDArray[np.int64], NDArray[np.int64], _Array]] = []
        self._count = 0
        self.most: list[_Array] = []  # right side

    def add(self, most: _Array, *entries: tuple[NDArray[np.int64], _Array]) -> None:
        """Add rows with their right side and, for each part, column and value in every row."""
        row = self._count + np.arange(len(most))
        self._entries += [(row, column, value) for column, value in entries]
        self._count += len(most)
        self.most.append(most)

    def matrix(self, columns: int) -> Any:
        """Return what has been added."""
        row, column, value = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        places = row.astype(np.int32), column.astype(np.int32)  # SciPy 1.11's milp takes no longer
        return scipy.sparse.csr_array((value, places), shape=(self._count, columns))
