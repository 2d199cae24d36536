"""The stretch of one pod's EMG that a step of the bench test is measured on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glutesym.bench.reading import BenchPod, BenchSession, Stretch
from glutesym.dsp.runs import runs

_Array = NDArray[np.float64]

LEAST_S = 4.0
_CLIPPED_SHARE = 0.01


@dataclass(frozen=True)
class Piece:
    """A stretch of one pod's EMG that can be measured, or why not."""

    time_s: _Array
    uv: _Array
    fs_hz: float
    problem: str = ""


def piece_of(pod: BenchPod, stretch: Stretch) -> Piece:
    """Return the longest piece of a stretch without a gap."""
    emg = pod.record.emg.between(stretch.start_s, stretch.end_s)
    if not len(emg.uv):
        return Piece(emg.time_s, emg.uv, emg.fs_hz, "no sample was recorded then")
    if emg.clipped.mean() > _CLIPPED_SHARE:
        return Piece(emg.time_s, emg.uv, emg.fs_hz, "the signal is at its rail: see the leads")
    whole = runs(np.isfinite(emg.uv))
    part = slice(*max(whole, key=lambda run: run[1] - run[0], default=(0, 0)))
    time_s, uv = emg.time_s[part], emg.uv[part]
    if len(uv) < LEAST_S * emg.fs_hz:
        return Piece(time_s, uv, emg.fs_hz, f"samples were lost: no {LEAST_S:g} s without a gap")
    return Piece(time_s, uv, emg.fs_hz)


def only_piece(session: BenchSession, pod: BenchPod, step: str) -> Piece | None:
    """Return what was measured last in a step of one phase."""
    stretches = session.of(step)
    return piece_of(pod, stretches[-1]) if stretches else None
