"""Recorded muscles: strides against labelled heel strikes, and voluntary contractions."""

from __future__ import annotations

import gzip
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from glutesym.analysis.onsets import find_burst
from glutesym.analysis.resting import resting_level
from glutesym.analysis.timing import Rises, time_offset, time_onsets
from glutesym.dsp.runs import runs
from muscle_model import power_of

DATA = Path(__file__).resolve().parents[1] / "data"
STRIKES_S = np.loadtxt(DATA / "gait_heel_strikes.csv", skiprows=1)
GLUTEI = resources.files("glutesym.virtual.scenarios") / "data"  # of another walker


def recorded(name, fs_hz):
    with gzip.open(DATA / name, "rt") as file:
        return power_of(np.loadtxt(file, skiprows=1), fs_hz)


def edges_ms(power, strikes_s, from_s, to_s):
    """Return onsets and offsets after each heel strike; nan: not found."""
    rises, found = Rises(), []
    for strike_s in strikes_s:
        resting = resting_level(power, strike_s - 10, strike_s + 10)
        burst = find_burst(
            power.between(strike_s + from_s, strike_s + to_s), resting, power.cells_a_row
        )
        onset, _, _ = time_onsets(burst.onset, None, (rises, Rises()))
        rises = rises.after(burst.onset)
        offset = time_offset(burst.offset)
        found.append(
            [1000 * (edge.time_s - strike_s) if edge else np.nan for edge in (onset, offset)]
        )
    return np.array(found).T


@pytest.mark.parametrize(
    ("muscle", "from_s", "to_s", "onset_ms", "offset_ms", "ends"),
    [("gastrocnemius", -0.15, 0.95, (0, 120), (450, 650), 56),  # pushes off in late stance
     ("tibialis", -0.6, 0.5, (-560, -400), (50, 350), 55)],  # lifts it, lets it down at contact
)  # fmt: skip
def test_every_stride_has_its_burst_where_the_muscle_works(
    muscle, from_s, to_s, onset_ms, offset_ms, ends
):
    power = recorded(f"gait_{muscle}_2000hz.csv.gz", 2000.0)
    onsets, offsets = edges_ms(power, STRIKES_S, from_s, to_s)
    assert len(STRIKES_S) == 56
    assert np.isfinite(onsets).all()
    assert np.isfinite(offsets).sum() == ends  # one of tibialis may be early or late: withheld
    assert onset_ms[0] < np.median(onsets) < onset_ms[1]
    assert offset_ms[0] < np.nanmedian(offsets) < offset_ms[1]
    assert np.median(np.abs(onsets - np.median(onsets))) < 15  # strides are alike


@pytest.mark.parametrize(
    ("muscle", "onset_ms", "alike_ms"),
    [("MA_uv", (-160, -60), 10), ("ME_uv", (-260, -100), 25)],  # maximus, medius
)
def test_glutei_brace_before_each_touchdown(muscle, onset_ms, alike_ms):
    with gzip.open(GLUTEI / "gait_glutei_1000hz.csv.gz", "rt") as file:
        recording = np.genfromtxt(file, delimiter=",", names=True)
    steps_s = np.loadtxt(GLUTEI / "gait_steps.csv", delimiter=",", skiprows=1)
    touchdowns_s = steps_s[:, 0] - recording["t_s"][0]
    assert len(touchdowns_s) == 6
    onsets, offsets = edges_ms(power_of(recording[muscle], 1000.0), touchdowns_s, -0.45, 0.5)
    assert np.isfinite(onsets).all()
    assert np.isfinite(offsets).all()
    assert onset_ms[0] < np.median(onsets) < onset_ms[1]
    assert np.median(np.abs(onsets - np.median(onsets))) < alike_ms
    assert ((offsets > 50) & (offsets < 500)).all()  # in stance, which lasts 0.65 s


def test_nine_voluntary_contractions_are_found_and_timed():
    power = recorded("voluntary_bursts_1000hz.csv.gz", 1000.0)
    rows = power.between(0, 30)
    strength = np.convolve(np.nan_to_num(rows.total), np.full(62, 1 / 62), "same")
    active = runs(strength > 0.05 * np.quantile(strength, 0.95))
    spans_s = [
        (rows.time_s[a], rows.time_s[b - 1]) for a, b in active if (b - a) * power.row_s > 0.2
    ]
    assert len(spans_s) == 9
    resting = resting_level(power, 0, 30)
    for i, (start_s, end_s) in enumerate(spans_s):
        begin_s = max(start_s - 0.5, spans_s[i - 1][1] if i else 0.0)
        burst = find_burst(power.between(begin_s, end_s), resting, power.cells_a_row)
        assert abs(burst.start_s - start_s) < 0.5
