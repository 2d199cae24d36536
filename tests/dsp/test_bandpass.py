import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from glutesym.dsp.bandpass import SETTLE_S, Bandpass, bandpass_zero_phase
from glutesym.dsp.notch import Notch

FS_HZ = 2000.0
RNG = np.random.default_rng(1)
NOISE = RNG.standard_normal(3000)
SETTLE = round(SETTLE_S * FS_HZ)

splits = st.lists(st.integers(0, len(NOISE)), max_size=12).map(sorted)
holes = st.lists(st.tuples(st.integers(0, len(NOISE) - 1), st.integers(1, 400)), max_size=3)


def with_holes(x, where):
    x = x.copy()
    for start, n in where:
        x[start : start + n] = np.nan
    return x


def in_blocks(process, x, at):
    return np.concatenate([process(block) for block in np.split(x, at)])


def gain(f_hz, function, settle_s):
    t_s = np.arange(0, 4, 1 / FS_HZ)
    out = function(np.sin(2 * np.pi * f_hz * t_s))[round((settle_s + 0.5) * FS_HZ) : -2000]
    return np.sqrt(2 * np.mean(out**2))


@pytest.mark.parametrize("make", [lambda: Bandpass(FS_HZ), lambda: Notch(FS_HZ, 50)])
@settings(max_examples=30)
@given(at=splits, where=holes)
def test_any_split_of_the_stream_gives_the_same_output(make, at, where):
    x = with_holes(NOISE, where)
    np.testing.assert_allclose(in_blocks(make().process, x, at), make().process(x), atol=1e-12)


def test_live_filter_is_the_butterworth_filter_of_scipy():
    sos = signal.butter(4, (20, 450), btype="bandpass", fs=FS_HZ, output="sos")
    expected = signal.sosfilt(sos, NOISE, zi=signal.sosfilt_zi(sos) * NOISE[0])[0]
    np.testing.assert_allclose(Bandpass(FS_HZ).process(NOISE)[SETTLE:], expected[SETTLE:])


@pytest.mark.parametrize(
    ("f_hz", "low", "high"),
    [(5, 0, 0.01), (20, 0.7, 0.72), (100, 0.99, 1.01), (450, 0.7, 0.72), (800, 0, 0.01)],
)
def test_passes_the_emg_band(f_hz, low, high):
    live = gain(f_hz, Bandpass(FS_HZ).process, SETTLE_S)
    assert low <= live <= high
    zero_phase = gain(f_hz, lambda x: bandpass_zero_phase(x, FS_HZ), SETTLE_S)
    assert zero_phase == pytest.approx(live**2, abs=0.01)


def test_an_electrode_offset_of_300_mv_leaves_no_trace():
    out = Bandpass(FS_HZ).process(np.full(2000, 300e3))
    assert np.nanmax(np.abs(out)) < 1e-3


@given(where=holes)
def test_zero_phase_filter_never_fills_a_gap_and_withholds_its_edges(where):
    x = with_holes(NOISE, where)
    out = bandpass_zero_phase(x, FS_HZ)
    near = np.convolve(np.isnan(x), np.ones(2 * SETTLE + 1), "same") > 0.5
    near[:SETTLE] = near[-SETTLE:] = True
    assert np.isnan(out[near]).all()
    assert np.isfinite(out[~near]).all()


def test_after_a_gap_nothing_before_it_is_remembered():
    x = with_holes(NOISE, [(1000, 10)])
    other = x.copy()
    other[:1000] *= 1000
    for function in (Bandpass(FS_HZ).process, lambda y: bandpass_zero_phase(y, FS_HZ)):
        a = function(x)[1010:]
    for function in (Bandpass(FS_HZ).process, lambda y: bandpass_zero_phase(y, FS_HZ)):
        b = function(other)[1010:]
    np.testing.assert_array_equal(a, b)


def test_zero_phase_filter_has_no_delay():
    impulse = np.zeros(2001)
    impulse[1000] = 1
    out = np.nan_to_num(bandpass_zero_phase(impulse, FS_HZ))
    assert np.argmax(out) == 1000
    np.testing.assert_allclose(out, out[::-1], atol=1e-9)


@pytest.mark.parametrize(
    ("f_hz", "least", "most"), [(50, 0, 0.06), (150, 0, 0.06), (75, 0.98, 1.02)]
)
def test_notch_takes_out_mains_and_harmonics_only(f_hz, least, most):
    assert least <= gain(f_hz, Notch(FS_HZ, 50).process, 1.5) <= most


def test_misuse_is_refused_with_what_to_do():
    with pytest.raises(ValueError, match="faster"):
        Bandpass(800)
    with pytest.raises(ValueError, match="50 or 60"):
        Notch(FS_HZ, 55)
