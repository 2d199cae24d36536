"""Two pods' links as a host sees them, by a model that is quicker than the virtual pods.

The numbers are those of the virtual radio (`glutesym.virtual.air_connection`), and what real links
do besides: the adapter stalls, the host sleeps, intervals change, links break, two links collide,
crystals warm up, one link has a delay that the other has not. A pod's sends fall as its firmware
makes them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glutesym.connection_events import ARRIVALS_KEPT, aim

AIR_S = 0.0004
PACKETS_PER_EVENT = 6
COLLISION_S = 0.002  # events of two links that begin closer than this cannot both take place


@dataclass(frozen=True)
class Conditions:
    """What a run of the model is like. Durations in the unit of their name."""

    interval_ms: tuple[float, float] = (30.0, 30.0)  # of the left and the right link
    loss: float = 0.03
    skew_sd_ppm: float = 20.0
    warm_up_ppm: float = 0.0  # by so much at most a pod's rate changes, within minutes
    stalls_per_min: float = 0.0  # of the host's adapter: nothing passes for 50 to 300 ms
    reconnects_per_min: float = 0.0  # of each link, 2 to 15 s without one
    interval_changes_per_min: float = 0.0
    sleeps: int = 0  # of the host, 5 to 60 s: its links end, its clock goes on
    collisions: bool = False
    latency_ms: float = 0.0  # at most so much more, in one direction of one link


@dataclass(frozen=True)
class LinkRun:
    """One link's messages, and the truth."""

    sent_pod_s: NDArray[np.float64]  # (n,) frames in order of arrival
    received_host_s: NDArray[np.float64]
    probe_sent_host_s: NDArray[np.float64]  # (m,)
    probe_received_pod_s: NDArray[np.float64]
    reply: NDArray[np.int64]  # (m,) which frame told the probe's arrival, -1: none yet
    _true: tuple[NDArray[np.float64], NDArray[np.float64]]  # host time, pod time

    def until(self, end_s: float) -> LinkRun:
        """Return what had arrived by a moment."""
        frames = self.received_host_s <= end_s
        kept = (self.reply >= 0) & (self.reply < np.count_nonzero(frames))
        return LinkRun(
            self.sent_pod_s[frames],
            self.received_host_s[frames],
            self.probe_sent_host_s[kept],
            self.probe_received_pod_s[kept],
            self.reply[kept],
            self._true,
        )

    def pod_s(self, host_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the true pod time at moments of the host's time."""
        return np.interp(host_s, *self._true)


def simulate(conditions: Conditions, duration_s: float, seed: int) -> tuple[LinkRun, LinkRun]:
    """Return a left and a right link's messages."""
    random = np.random.default_rng(seed)
    host = _Host(conditions, duration_s, random)
    links = [_Link(conditions, side, duration_s, host, random) for side in (0, 1)]
    slower, way = random.integers(2, size=2)
    links[slower].extra_s[way] = random.uniform(0, conditions.latency_ms) / 1000
    runs = [
        link.run(links[1 - side] if conditions.collisions else None)
        for side, link in enumerate(links)
    ]
    return runs[0], runs[1]


class _Host:
    """The moments at which the host's adapter does nothing. Its clock is the true one."""

    def __init__(
        self, conditions: Conditions, duration_s: float, random: np.random.Generator
    ) -> None:
        self.sleeps = sorted(
            (float(at), float(random.uniform(5, 60)))
            for at in random.uniform(0.2, 0.8, conditions.sleeps) * duration_s
        )
        n = random.poisson(conditions.stalls_per_min * duration_s / 60)
        self.stalls = np.sort(random.uniform(0, duration_s, n))
        self.stall_s = random.uniform(0.05, 0.3, n)
        self.adapter_rate = 1 + random.normal(0, 2e-5)  # its crystal is not the host's

    def stalled(self, true_s: float) -> bool:
        """Whether nothing passes the adapter."""
        i = int(np.searchsorted(self.stalls, true_s, "right")) - 1
        return i >= 0 and true_s < self.stalls[i] + self.stall_s[i]


class _Link:
    def __init__(
        self,
        conditions: Conditions,
        side: int,
        duration_s: float,
        host: _Host,
        random: np.random.Generator,
    ) -> None:
        self._random = np.random.default_rng(random.integers(1 << 62))
        self._conditions = conditions
        self._host = host
        self._end_s = duration_s
        self.extra_s = [0.0, 0.0]  # up, down
        draw = self._random
        self._skew = draw.normal(0, conditions.skew_sd_ppm) * 1e-6
        self._warm = draw.uniform(-1, 1) * conditions.warm_up_ppm * 1e-6
        self._warm_s = draw.uniform(60, 300)
        self._offset_s = draw.uniform(-1000, 1000)
        # Stretches with a link: from, to, interval, first anchor.
        self.links: list[tuple[float, float, float, float]] = []
        breaks = [(at, at + long + draw.uniform(1, 4)) for at, long in host.sleeps]
        n = draw.poisson(conditions.reconnects_per_min * self._end_s / 60)
        breaks += [(at, at + draw.uniform(2, 15)) for at in draw.uniform(0, self._end_s, n)]
        start_s = 0.0
        for at, back in [*sorted(breaks), (self._end_s, self._end_s)]:
            if at > start_s:
                self._add_links(start_s, at, conditions.interval_ms[side] / 1000)
            start_s = max(start_s, back)

    def _add_links(self, start_s: float, end_s: float, interval_s: float) -> None:
        draw = self._random
        per_s = self._conditions.interval_changes_per_min / 60
        cuts = np.sort(draw.uniform(start_s, end_s, draw.poisson(per_s * (end_s - start_s))))
        for i, (a, b) in enumerate(zip([start_s, *cuts], [*cuts, end_s], strict=True)):
            if i:
                interval_s = float(draw.choice([0.0075, 0.015, 0.03, 0.045]))
            self.links.append((a, b, interval_s, a + draw.uniform(0, interval_s)))

    def pod_clock(self, true_s: NDArray[np.float64] | float) -> NDArray[np.float64]:
        t = np.asarray(true_s, float)
        warm = self._warm * (t + self._warm_s * (np.exp(-t / self._warm_s) - 1))
        return self._offset_s + t * (1 + self._skew) + warm

    def event_near(self, true_s: float) -> float:
        """Return the connection event nearest to a moment, or infinity."""
        for a, b, interval_s, anchor_s in self.links:
            if a <= true_s < b:
                return anchor_s + round((true_s - anchor_s) / interval_s) * interval_s
        return float("inf")

    def run(self, other: _Link | None) -> LinkRun:
        """Let everything happen, event by event."""
        draw, host, loss = self._random, self._host, self._conditions.loss
        ready, is_status = self._sends()
        received: list[float] = []
        sent: list[float] = []
        probes: list[tuple[float, float, int]] = []  # sent (host), received (pod), frame that told
        on_way: list[tuple[float, float]] = []  # ready, sent (host)
        at_pod: list[tuple[float, float, float]] = []  # true, sent (host), received (pod)
        number, due_s = 1, 0.3
        frame = 0
        delivered_s = 0.0
        for start_s, end_s, interval_s, anchor_s in self.links:
            frame = int(np.searchsorted(ready, max(start_s, ready[frame - 1] if frame else 0)))
            due_s = max(due_s, start_s + 0.3)
            on_way.clear()
            for event_s in np.arange(
                anchor_s, end_s, interval_s * self._host.adapter_rate
            ).tolist():
                if due_s <= event_s:
                    leaves_s = aim(due_s, np.array(received[-ARRIVALS_KEPT:]), number)
                    out_ms = 0.4 + 0.5 * np.exp(0.6 * draw.standard_normal())
                    if draw.random() < 0.03:
                        out_ms += draw.exponential(8)
                    on_way.append((leaves_s + out_ms / 1000 + self.extra_s[1], leaves_s))
                    due_s = leaves_s + 0.5 + 0.4 * (number * 0.6180339887 % 1.0)
                    number += 1
                if host.stalled(event_s) or (other is not None and self._collides(other, event_s)):
                    continue
                if on_way and on_way[0][0] <= event_s and draw.random() >= loss:
                    _, leaves_s = on_way.pop(0)
                    late_ms = 0.15 + draw.exponential(0.5)
                    if draw.random() < 0.05:
                        late_ms += draw.uniform(2, 12)
                    seen_s = event_s + AIR_S + late_ms / 1000
                    pod_s = float(self.pod_clock(seen_s))
                    at_pod.append((seen_s, leaves_s, pod_s))
                for place in range(1, PACKETS_PER_EVENT + 1):
                    if frame == len(ready) or ready[frame] > event_s or draw.random() < loss:
                        break
                    late_ms = 0.6 + 0.8 * np.exp(0.6 * draw.standard_normal())
                    if draw.random() < 0.05:
                        late_ms += draw.exponential(10)
                    arrival_s = event_s + place * AIR_S + late_ms / 1000 + self.extra_s[0]
                    delivered_s = max(delivered_s + 1e-6, arrival_s)
                    if is_status[frame]:
                        told = [probe for probe in at_pod if probe[0] < ready[frame]]
                        if told:  # the newest one only
                            probes.append((*told[-1][1:], len(received)))
                            at_pod = at_pod[len(told) :]
                    received.append(delivered_s)
                    sent.append(ready[frame])
                    frame += 1
        grid = np.linspace(0, self._end_s, 4000)
        table = np.array(probes).reshape(-1, 3)
        return LinkRun(
            self.pod_clock(np.array(sent)),
            np.array(received),
            table[:, 0],
            table[:, 1],
            table[:, 2].astype(np.int64),
            (grid, self.pod_clock(grid)),
        )

    def _collides(self, other: _Link, event_s: float) -> bool:
        return (
            abs(other.event_near(event_s) - event_s) < COLLISION_S and self._random.random() < 0.5
        )

    def _sends(self) -> tuple[list[float], list[bool]]:
        """Return when the pod hands frames to its radio, and which are statuses."""
        draw = self._random
        steps = (12 + draw.integers(0, 10, round(self._end_s / 0.012))) / 1000
        steps = np.cumsum(steps + (0.15 + draw.exponential(0.5, len(steps))) / 1000)
        steps = steps[steps < self._end_s]
        emg_s = 104 / 2000 * (1 + draw.uniform(-0.015, 0.015))
        imu_s = 17 / 208 * (1 + draw.uniform(-0.02, 0.02))
        made: list[tuple[float, bool]] = []
        for period_s, status in ((emg_s, False), (imu_s, False), (0.5, True)):
            due = np.arange(draw.uniform(0, period_s), self._end_s, period_s)
            at = np.searchsorted(steps, due)
            made += [(float(steps[i]), status) for i in at[at < len(steps)]]
        made.sort()
        ready = np.array([at for at, _ in made])
        for i in range(1, len(ready)):  # one after the other
            ready[i] = max(ready[i], ready[i - 1] + 0.00012)
        return ready.tolist(), [status for _, status in made]
