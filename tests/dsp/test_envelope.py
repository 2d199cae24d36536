from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym.dsp.envelope import RmsEnvelope, rms_envelope
from glutesym.dsp.runs import runs

FS_HZ = 2000.0
NOISE = np.random.default_rng(2).standard_normal(3000)


@given(
    at=st.lists(st.integers(0, len(NOISE)), max_size=12).map(sorted),
    hole=st.tuples(st.integers(0, 2999), st.integers(0, 300)),
)
def test_any_split_of_the_stream_gives_the_same_envelope(at, hole):
    x = NOISE.copy()
    x[hole[0] : sum(hole)] = np.nan
    stream = RmsEnvelope(FS_HZ)
    parts = np.concatenate([stream.process(block) for block in np.split(x, at)])
    np.testing.assert_allclose(parts, RmsEnvelope(FS_HZ).process(x), rtol=1e-9)


def test_live_envelope_is_the_rms_of_the_last_quarter_second():
    out = RmsEnvelope(FS_HZ).process(NOISE)
    assert np.isnan(out[:499]).all()
    for k in (499, 1234, 2999):
        assert out[k] == pytest.approx(np.sqrt(np.mean(NOISE[k - 499 : k + 1] ** 2)))


def test_a_gap_withholds_exactly_the_windows_that_hold_it():
    x = NOISE.copy()
    x[1000] = np.nan
    out = RmsEnvelope(FS_HZ).process(x)
    assert runs(np.isnan(out)) == [(0, 499), (1000, 1500)]


def test_centred_envelope_follows_a_burst_on_both_sides_alike():
    x = np.zeros(1001)
    x[450:551] = 1
    out = rms_envelope(x, FS_HZ, window_s=0.0505)
    np.testing.assert_allclose(out, out[::-1])
    assert np.nanargmax(out) == pytest.approx(500, abs=1)
    assert runs(np.isnan(out)) == [(0, 50), (951, 1001)]


def test_a_window_without_samples_is_refused():
    with pytest.raises(ValueError, match="holds no sample"):
        RmsEnvelope(FS_HZ, 0.0001)


@given(st.lists(st.booleans(), max_size=60))
def test_runs_rebuild_the_condition(values):
    condition = np.array(values, bool)
    rebuilt = np.zeros_like(condition)
    found = runs(condition)
    for start, stop in found:
        rebuilt[start:stop] = True
    np.testing.assert_array_equal(rebuilt, condition)
    assert all(b < c for (_, b), (c, _) in pairwise(found))
