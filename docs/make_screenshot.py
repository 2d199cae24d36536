"""Draw the README's picture of the live window from an example session.

The example is made up: a set of glute bridges with a left side 20 % lower and 20 ms later.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from glutesym.gui.screenshot import save_screenshot
from glutesym.live_state import LiveState, SideLive
from glutesym.measures import Estimate, RepMeasure, SetSummary, SideMeasure

PICTURE = Path(__file__).resolve().parent / "live.png"
FS_HZ = 100.0
REP_EVERY_S = 3.2
REP_ACTIVE_S = 1.6
PEAK_UV = {"left": 92.0, "right": 113.0}
LATER_S = {"left": 0.02, "right": 0.0}


def example_state(n_reps: int = 8) -> LiveState:
    """Return the snapshot of a set in the middle of the repetition after the last measured."""
    rng = np.random.default_rng(5)
    now_s = (n_reps + 1) * REP_EVERY_S + 0.62 * REP_ACTIVE_S
    time_s = np.arange(0, now_s, 1 / FS_HZ)
    envelopes_uv = {}
    for side, peak_uv in PEAK_UV.items():
        phase = ((time_s - LATER_S[side]) % REP_EVERY_S) / REP_ACTIVE_S
        started = time_s - LATER_S[side] >= REP_EVERY_S
        shape = np.where((phase < 1) & started, np.sin(np.pi * np.minimum(phase, 1)) ** 0.6, 0)
        noise = np.convolve(rng.normal(size=time_s.size), np.ones(12) / 12, "same")
        envelopes_uv[side] = 4 + peak_uv * shape * (1 + 0.35 * noise)
    reps = tuple(_rep(number, rng) for number in range(1, n_reps + 1))
    index_pct = np.array([rep.symmetry_index_pct for rep in reps], dtype=float)
    lags_ms = np.array([rep.lag_ms for rep in reps], dtype=float)
    summary = SetSummary(
        n_reps=n_reps,
        symmetry_index_pct=_estimate(index_pct),
        lag_ms=_estimate(lags_ms),
        activation_uv={
            "left": _estimate(np.array([rep.left.activation_uv for rep in reps], dtype=float)),
            "right": _estimate(np.array([rep.right.activation_uv for rep in reps], dtype=float)),
        },
        verdict="right lower" if index_pct.mean() < 0 else "left lower",
    )
    batteries_pct = {"left": 83.0, "right": 79.0}
    return LiveState(
        time_s=now_s,
        phase="recording",
        exercise="Glute bridge",
        sides={
            side: SideLive(
                connected=True,
                activation_uv=float(uv[-1]),
                peak_uv=float(uv.max()),
                envelope_time_s=time_s,
                envelope_uv=uv,
                battery_pct=batteries_pct[side],
                samples_received=round(now_s * 2000),
            )
            for side, uv in envelopes_uv.items()
        },
        reps=reps,
        summary=summary,
        sync_uncertainty_ms=0.6,
        message=f"Repetition {n_reps} measured",
        session_path="~/glutesym/example-glute-bridge.glutesym",
    )


def _rep(number: int, rng: np.random.Generator) -> RepMeasure:
    start_s = number * REP_EVERY_S
    left_uv = 0.78 * PEAK_UV["left"] * (1 + 0.05 * rng.normal())
    right_uv = 0.78 * PEAK_UV["right"] * (1 + 0.05 * rng.normal())
    onsets_s = {s: start_s + LATER_S[s] + 0.006 * rng.normal() for s in PEAK_UV}
    return RepMeasure(
        number=number,
        start_s=start_s,
        end_s=start_s + REP_ACTIVE_S,
        left=SideMeasure(onset_s=onsets_s["left"], activation_uv=left_uv),
        right=SideMeasure(onset_s=onsets_s["right"], activation_uv=right_uv),
        symmetry_index_pct=100 * (right_uv - left_uv) / (0.5 * (right_uv + left_uv)),
        lag_ms=1000 * (onsets_s["left"] - onsets_s["right"]),
    )


def _estimate(values: np.ndarray) -> Estimate:
    """Return mean and normal 95 % interval, enough for a picture."""
    half = 1.96 * values.std(ddof=1) / np.sqrt(values.size)
    mean = float(values.mean())
    return Estimate(mean, mean - float(half), mean + float(half))


if __name__ == "__main__":
    save_screenshot(example_state(), PICTURE)
    print(f"Wrote {PICTURE}")
