"""Snapshots of sessions for the tests of the views."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glutesym.live_state import LiveState, SideLive
from glutesym.measures import Estimate, Flaw, RepMeasure, SetSummary, Side, SideMeasure

ENVELOPE_HZ = 100.0


def side_live(activation_uv: float, peak_uv: float, time_s: float) -> SideLive:
    """Return a healthy side whose envelope has been at its activation all the time."""
    times_s = np.arange(0.0, time_s, 1 / ENVELOPE_HZ)
    return SideLive(
        connected=True,
        activation_uv=activation_uv,
        peak_uv=peak_uv,
        envelope_time_s=times_s,
        envelope_uv=np.full(times_s.size, activation_uv),
        battery_pct=83.0,
        samples_received=60_000,
    )


def summary(
    symmetry_index_pct: Estimate | None = None, lag_ms: Estimate | None = None, **changes: object
) -> SetSummary:
    """Return a set with a left side that is clearly lower and later."""
    made = SetSummary(
        n_reps=8,
        symmetry_index_pct=symmetry_index_pct or Estimate(18.2, 12.4, 24.1),
        lag_ms=lag_ms or Estimate(22.0, 12.0, 32.0),
        activation_uv={"left": Estimate(74.0, 71.0, 76.0), "right": Estimate(90.0, 87.0, 92.0)},
        verdict="left lower",
    )
    return replace(made, **changes)


def rep(
    number: int, symmetry_index_pct: float | None = 18.0, lag_ms: float | None = 22.0
) -> RepMeasure:
    """Return a repetition that starts three seconds after the one before."""
    onset_s = 3.0 * number
    lost = Flaw("unusable", "an electrode was off the skin", "for 300 ms")
    withheld = symmetry_index_pct is None
    return RepMeasure(
        number=number,
        start_s=onset_s,
        end_s=onset_s + 1.5,
        left=SideMeasure(flaws=(lost,))
        if withheld
        else SideMeasure(onset_s=onset_s + 0.022, activation_uv=74.0),
        right=SideMeasure(onset_s=onset_s, activation_uv=90.0),
        symmetry_index_pct=symmetry_index_pct,
        lag_ms=lag_ms,
    )


def recording(n_reps: int = 8, left_uv: float = 98.0, right_uv: float = 129.0) -> LiveState:
    """Return a running session."""
    time_s = 3.0 * n_reps + 5.0
    return LiveState(
        time_s=time_s,
        phase="recording",
        exercise="Glute bridge",
        sides={
            "left": side_live(left_uv, 116.0, time_s),
            "right": side_live(right_uv, 150.0, time_s),
        },
        reps=tuple(rep(number) for number in range(1, n_reps + 1)),
        summary=summary() if n_reps else None,
        sync_uncertainty_ms=0.6,
        message="Repetition measured",
        session_path="sessions/today.glutesym",
    )


def with_side(state: LiveState, side: Side, **changes: object) -> LiveState:
    """Return the snapshot with one side changed."""
    return replace(state, sides={**state.sides, side: replace(state.sides[side], **changes)})


def leg_rep(number: int, working: Side | None) -> RepMeasure:
    """Return a repetition on one leg; the free side is weak."""
    free = SideMeasure(activation_uv=40.0, flaws=(Flaw("fair", "a weak signal", "9 dB"),))
    works = SideMeasure(activation_uv=80.0)
    return replace(
        rep(number),
        left=works if working == "left" else free,
        right=works if working == "right" else free,
        symmetry_index_pct=None,
        lag_ms=None,
        one_leg=True,
        working=working,
        flaws=() if working else (Flaw("poor", "which leg worked is not clear"),),
    )
