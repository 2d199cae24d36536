"""From a bench session to its lines: the only file that knows their order."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from glutesym.bench.burst_lag import BurstLag, measure_burst_lag
from glutesym.bench.lead_lines import connected_line, opening_lines
from glutesym.bench.line import Line, Verdict, judged, withheld
from glutesym.bench.noise_lines import chip_lines, noise_lines
from glutesym.bench.piece import piece_of
from glutesym.bench.pod_lines import battery_line, face_lines, loss_line, motion_lines
from glutesym.bench.reading import BenchSession
from glutesym.bench.sine_lines import hum_line, rate_line, sine_lines
from glutesym.measures import SIDES, Side

CHIP = "ADS1292R"
_LAG = "Left less right, same bursts"


@dataclass(frozen=True)
class PodResult:
    """The lines of one pod; ``side`` is "" for those of both together."""

    side: Side | str
    name: str
    firmware: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class BenchResult:
    """What a bench session says."""

    session: BenchSession
    pods: tuple[PodResult, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines."""
        return tuple(line for pod in self.pods for line in pod.lines)

    def count(self, verdict: Verdict) -> int:
        """Return how many lines say so."""
        return sum(line.verdict is verdict for line in self.lines)

    @property
    def exit_code(self) -> int:
        """0: everything passed; 1: something failed; 2: something is not known."""
        if self.count(Verdict.FAIL):
            return 1
        return 2 if self.count(Verdict.WITHHELD) or not self.lines else 0


def judge(session: BenchSession) -> BenchResult:
    """Return what a bench session says."""
    results: list[PodResult] = []
    for side in SIDES:
        if (pod := session.pods.get(side)) is None:
            continue
        lines: list[Line] = []
        if pod.chip != CHIP:
            what = pod.chip or "an unknown front end"
            lines.append(withheld("EMG", f"the limits are those of the {CHIP}; this is {what}"))
        elif not session.of("bursts"):
            lines += chip_lines(pod)
            connected = connected_line(session, pod)
            lines += [] if connected is None else [connected]
            lines += noise_lines(session, pod)
            lines += sine_lines(session, pod)
            lines += hum_line(session, pod)
            lines += opening_lines(session, pod)
        lines += [rate_line(pod)] if pod.chip == CHIP else []
        lines += motion_lines(session, pod)
        lines += face_lines(session, pod)
        lines += [battery_line(pod), loss_line(pod)]
        info = pod.record.info
        results.append(
            PodResult(
                side,
                str(info.get("id", "")),
                str(info.get("firmware", "")),
                tuple(lines),
            )
        )
    if session.of("bursts"):
        results.append(PodResult("", "both pods", "", (_lag_line(session),)))
    return BenchResult(session, tuple(results))


def _lag_line(session: BenchSession) -> Line:
    stretch = session.of("bursts")[-1]
    if len(session.pods) < 2:
        return withheld(_LAG, "only one pod was there")
    pieces = [piece_of(session.pods[side], stretch) for side in SIDES]
    for side, piece in zip(SIDES, pieces, strict=True):
        if piece.problem:
            return withheld(_LAG, f"{side} pod: {piece.problem}")
    left, right = pieces
    lag = measure_burst_lag(left.time_s, left.uv, right.time_s, right.uv)
    stated_ms = session.recording.sync.at_ms((stretch.start_s + stretch.end_s) / 2)
    return _judge_lag(lag, stated_ms)


def _judge_lag(lag: BurstLag, stated_ms: float) -> Line:
    if lag.lag_ms is None or lag.half_ms is None:
        return withheld(_LAG, lag.reason)
    if not isfinite(stated_ms):
        return withheld(
            _LAG,
            f"{lag.lag_ms:+.3f} ± {lag.half_ms:.3f} ms, but the clocks do not state how well they "
            "agree: record longer",
        )
    limit_ms = float(np.hypot(stated_ms, lag.half_ms))
    return judged(
        _LAG,
        "ms",
        lag.lag_ms,
        lag.half_ms,
        expected=0.0,
        low=-limit_ms,
        high=limit_ms,
        limits_from=f"the clocks state ±{stated_ms:.3f} ms (95 %)",
        fix="The pods' times differ by more than they state. One run in twenty may: repeat. If "
        "it stays, do not trust lags of this size, and report it.",
        says=f"{lag.bursts} bursts; drift {lag.drift_ppm:+.1f} ppm",
    )
