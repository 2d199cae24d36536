"""After a gap every processor starts anew: nothing rings, nothing leaks across."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glutesym.dsp.bandpass import Bandpass, bandpass_zero_phase
from glutesym.dsp.envelope import RmsEnvelope, rms_envelope
from glutesym.dsp.notch import Notch
from muscle_model import FS_HZ, burst, power_of

N = round(7 * FS_HZ)
T_S = np.arange(N) / FS_HZ
GAP = slice(4000, 4100)
BURST_UV = 100.0
MUSCLE_UV = burst(1, snr_db=26.0, onset_s=0.0, offset_s=9.0, duration_s=7.0)
RESTING_UV = 5.0


def hum(rms_uv):
    return rms_uv * np.sqrt(2) * (np.sin(2 * np.pi * 50 * T_S) + 0.3 * np.sin(300 * np.pi * T_S))


DISTURBANCES = {
    "offset +300 mV": np.full(N, 300e3),
    "offset -300 mV": np.full(N, -300e3),
    "hum of 40 µV": hum(40.0),
    "offset and hum": hum(40.0) - 300e3,
    "an electrode that settles by 300 mV": -300e3 * np.exp(-T_S),
    "the muscle itself": MUSCLE_UV,
}
FILTERS = {
    "band-pass": lambda x: Bandpass(FS_HZ).process(x),
    "notch and band-pass": lambda x: Bandpass(FS_HZ).process(Notch(FS_HZ, 50).process(x)),
    "zero phase": lambda x: bandpass_zero_phase(x, FS_HZ),
    "notch and zero phase": lambda x: bandpass_zero_phase(Notch(FS_HZ, 50).process(x), FS_HZ),
}
PROCESSORS = FILTERS | {
    "notch": lambda x: Notch(FS_HZ, 50).process(x),
    "live envelope": lambda x: RmsEnvelope(FS_HZ).process(x),
    "envelope": lambda x: rms_envelope(x, FS_HZ),
    "power": lambda x: power_of(x).between(-1, 8).bands,
}


def rms(x):
    return np.sqrt(np.mean(x**2))


@pytest.mark.parametrize("filtered", FILTERS.values(), ids=FILTERS.keys())
@pytest.mark.parametrize("disturbance", DISTURBANCES.values(), ids=DISTURBANCES.keys())
@pytest.mark.parametrize("gap_at_s", [3.0, 3.0025, 3.005, 3.0075])  # at any phase of the hum
def test_a_gap_rings_by_less_than_a_hundredth_of_a_burst(filtered, disturbance, gap_at_s):
    """The difference to what would have been without a gap, in the first 50 ms given again."""
    whole = filtered(disturbance)
    first = round(gap_at_s * FS_HZ)
    holed = disturbance.copy()
    holed[first : first + 40] = np.nan
    ringing = (filtered(holed) - whole)[first:]
    known = np.flatnonzero(np.isfinite(ringing))
    assert len(known) > 3000
    just_after = ringing[known[0] : known[0] + 100]
    assert rms(just_after) < 0.01 * BURST_UV
    assert rms(just_after) < 0.2 * RESTING_UV
    assert np.abs(ringing[known]).max() < 0.02 * BURST_UV


@pytest.mark.parametrize("process", PROCESSORS.values(), ids=PROCESSORS.keys())
@settings(max_examples=15, deadline=None)
@given(first=st.integers(0, N - 1), n=st.integers(1, 800))
def test_no_output_depends_on_samples_beyond_a_gap(process, first, n):
    x = MUSCLE_UV + 300e3
    x[first : first + n] = np.nan
    before, after = x.copy(), x.copy()
    before[first + n :] = 7.0  # another world on one side of the gap
    after[:first] = -9e5
    out = process(x)
    time = np.arange(len(out)) * round(N / len(out))  # of the first sample that it is made of
    known = np.isfinite(out.reshape(len(out), -1)).all(axis=1)
    same_before, same_after = known & (time < first), known & (time >= first + n)
    np.testing.assert_allclose(process(before)[same_before], out[same_before], rtol=1e-6)
    np.testing.assert_allclose(process(after)[same_after], out[same_after], rtol=1e-6)


@pytest.mark.parametrize("process", PROCESSORS.values(), ids=PROCESSORS.keys())
def test_nothing_is_filled(process):
    x = MUSCLE_UV.copy()
    x[GAP] = np.nan
    out = process(x)
    rows = np.isfinite(out.reshape(len(out), -1)).all(axis=1)
    hop = round(N / len(out))
    assert not rows[GAP.start // hop : GAP.stop // hop].any()
    assert rows.any()
    assert not np.isfinite(process(np.full(N, np.nan))).any()


STREAMS = {
    "band-pass": lambda: [Bandpass(FS_HZ)],
    "notch": lambda: [Notch(FS_HZ, 50)],
    "live envelope": lambda: [Notch(FS_HZ, 50), Bandpass(FS_HZ), RmsEnvelope(FS_HZ)],
}


def streamed(steps, x):
    for step in steps:
        x = step.process(x)
    return x


@pytest.mark.parametrize("make", STREAMS.values(), ids=STREAMS.keys())
@settings(max_examples=20, deadline=None)
@given(
    at=st.lists(st.integers(0, N), max_size=12).map(sorted),
    holes=st.lists(st.tuples(st.integers(0, N - 1), st.integers(1, 700)), max_size=4),
)
def test_blocks_cut_anywhere_give_what_one_block_gives(make, at, holes):
    x = MUSCLE_UV + 300e3
    for first, n in holes:
        x[first : first + n] = np.nan
    steps = make()
    parts = [streamed(steps, block) for block in np.split(x, at)]
    np.testing.assert_allclose(np.concatenate(parts), streamed(make(), x), rtol=1e-9, atol=1e-9)
