"""A snapshot of a running session: all that the window and the terminal may know."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from glutesym.measures import RepMeasure, SetSummary, Side


def _empty() -> NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True)
class SideLive:
    """One pod, now."""

    connected: bool = False
    activation_uv: float = float("nan")  # causal 250 ms RMS; NaN: no data
    peak_uv: float = float("nan")  # highest activation of the session so far
    envelope_time_s: NDArray[np.float64] = field(default_factory=_empty)  # (n,) session time
    envelope_uv: NDArray[np.float64] = field(
        default_factory=_empty
    )  # (n,) NaN where data are missing
    lead_off: bool = False  # an electrode is off the skin
    clipping: bool = False  # the front end is at its rail
    battery_pct: float = float("nan")
    samples_received: int = 0
    samples_lost: int = 0
    reason: str = ""  # why there is no number, in words for the user


@dataclass(frozen=True)
class LiveState:
    """Everything a view shows, taken at one moment; immutable, so any thread may read it."""

    time_s: float = 0.0  # session time: seconds since recording began
    phase: str = "waiting"  # "scanning", "connecting", "recording", "reconnecting", "ended"
    exercise: str = ""
    sides: dict[Side, SideLive] = field(
        default_factory=lambda: {"left": SideLive(), "right": SideLive()}
    )
    reps: tuple[RepMeasure, ...] = ()
    summary: SetSummary | None = None  # of the set so far; None before the first rep
    sync_uncertainty_ms: float = float("nan")  # 95 % bound of the left–right clock error
    message: str = ""  # the last thing the user should know
    session_path: str = ""
