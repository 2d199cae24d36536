"""BDF files give back what was measured, to their own readers and to others."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import edfio
import mne
import numpy as np
import pyedflib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from formats_session import STEP_PV, make_session
from glutesym.formats.bdf import (
    CLIPPED,
    LEAD_OFF,
    MISSING,
    PADDING,
    Annotation,
    read_bdf,
    record_of,
    status_of,
    write_bdf,
)
from glutesym.formats.bdf_signal import counts_of, microvolts
from glutesym.formats.time_line import TOLERANCE_S, knots_of, position_at, times_of
from glutesym.recording import EmgRecord, PodRecord, join_imu

STARTED = datetime(2026, 5, 4, 18, 30, 9, 123456, UTC)
COUNTS = hnp.arrays(np.int32, st.integers(1, 200), elements=st.integers(-(2**23) + 1, 2**23 - 1))


def pod_of(uv: np.ndarray, fs_hz: float = 1987.654321) -> PodRecord:
    n = len(uv)
    none = np.zeros(n, bool)
    emg = EmgRecord(fs_hz, 3.25 + np.arange(n) / fs_hz, uv, np.arange(n), none, none)
    return PodRecord("right", emg, join_imu([], 208.0))


@given(COUNTS, st.sampled_from([48081, 24041, 96162, 288487, 1, 48000]))
def test_counts_survive_whatever_the_gain(counts, step_pv) -> None:
    uv = counts * (step_pv * 1e-6)
    signal = counts_of(uv)
    assert signal.exact
    assert np.array_equal(signal.counts.astype(np.int64) * signal.step_pv,
                          counts.astype(np.int64) * step_pv)  # fmt: skip
    np.testing.assert_allclose(microvolts(signal.counts, signal.step_pv), uv, rtol=1e-15)
    assert np.max(np.abs(signal.counts)) <= signal.range_counts <= 2**23 - 1
    assert len(f"{-signal.range_uv:.6f}".rstrip("0").rstrip(".")) <= 8
    if np.gcd.reduce(counts) == 1 and np.max(np.abs(counts)) <= 8_000_000:
        assert signal.header_is_exact
    else:
        header_step_pv = signal.range_uv / signal.range_counts * 1e6
        assert header_step_pv == pytest.approx(signal.step_pv, rel=3e-6)


@given(hnp.arrays(np.float64, st.integers(1, 100), elements=st.floats(-4e5, 4e5)))
def test_other_numbers_are_rounded_by_no_more_than_24_bits_must(uv) -> None:
    signal = counts_of(uv)
    most_uv = max(np.max(np.abs(uv)) / 2**23, 1e-6)
    back = microvolts(signal.counts, signal.step_pv)
    assert np.max(np.abs(back - uv)) <= most_uv


@given(st.floats(900.0, 8000.0))
def test_a_file_runs_at_the_measured_rate(fs_hz) -> None:
    samples, record_s = record_of(fs_hz)
    assert samples / record_s == pytest.approx(fs_hz, rel=5e-7)
    assert len(f"{record_s:.6f}") <= 8


@given(st.lists(st.tuples(st.integers(1, 400), st.floats(4e-4, 6e-4)), min_size=1, max_size=6))
def test_a_few_knots_give_every_time_back(stretches) -> None:
    steps_s = np.concatenate([np.full(n, step_s) for n, step_s in stretches])
    time_s = 5.0 + np.concatenate(([0.0], np.cumsum(steps_s)))
    at, knots_s = knots_of(time_s)
    assert np.max(np.abs(times_of(len(time_s), at, knots_s) - time_s)) <= TOLERANCE_S
    assert len(at) <= 3 * len(stretches) + 2
    assert position_at(time_s[0] - 0.1, time_s, 2000.0) == pytest.approx(-200)
    assert position_at(time_s[-1] + 0.1, time_s, 2000.0) == pytest.approx(len(time_s) + 199)


def test_our_reader_gives_back_every_sample_and_flag(tmp_path: Path) -> None:
    for side, pod in make_session(tmp_path).recording.pods.items():
        written = write_bdf(tmp_path / f"{side}.bdf", pod, STARTED)
        assert written.signal.exact
        assert written.signal.header_is_exact
        assert written.signal.step_pv == STEP_PV[side]
        uv, status = read_bdf(tmp_path / f"{side}.bdf", written.signal.step_pv, written.n_samples)
        assert np.array_equal(uv, pod.emg.uv, equal_nan=True)
        assert np.array_equal(status, status_of(pod.emg))
        assert np.array_equal(status & MISSING != 0, np.isnan(pod.emg.uv))
        assert np.array_equal(status & LEAD_OFF != 0, pod.emg.lead_off)
        assert np.array_equal(status & CLIPPED != 0, pod.emg.clipped)


@pytest.fixture
def left(tmp_path: Path):
    """A file of the left pod, and what it was made of."""
    pod = make_session(tmp_path).recording.pods["left"]
    outside = Annotation(-1.0, None, "before the first sample")
    notes = [Annotation(10.0, 2.0, "repetition 1"), Annotation(11.0, None, "mark µ"), outside]
    written = write_bdf(tmp_path / "left.bdf", pod, STARTED, notes, "S07")
    return tmp_path / "left.bdf", pod, written


def test_pyedflib_reads_the_same_microvolts_times_and_words(left) -> None:
    path, pod, written = left
    emg = pod.emg
    there = np.isfinite(emg.uv)
    with pyedflib.EdfReader(str(path)) as file:
        assert file.getSignalLabels() == ["EMG left", "status left"]
        assert file.getPhysicalDimension(0) == "uV"
        assert file.getSampleFrequency(0) == pytest.approx(emg.fs_hz, rel=5e-9)
        assert file.getPatientCode() == "S07"
        uv = file.readSignal(0)[: len(emg.uv)]
        np.testing.assert_allclose(uv[there], emg.uv[there], rtol=1e-13)
        assert not uv[~there].any()
        assert set(file.readSignal(1)[len(emg.uv) :]) == {PADDING}
        onsets, durations, texts = file.readAnnotations()
    first_s = edfio.read_bdf(path).startdatetime.timestamp() % 1
    assert first_s == pytest.approx((0.123456 + emg.time_s[0]) % 1, abs=2e-6)
    told = dict(zip(texts, zip(onsets, durations, strict=True), strict=True))
    assert "before the first sample" not in told
    onset, duration = told["repetition 1"]
    sample = np.searchsorted(emg.time_s, 10.0)
    assert onset * written.fs_hz == pytest.approx(sample, abs=1.0)
    assert duration == pytest.approx(2.0, abs=1e-3)
    assert told["BAD_ACQ_SKIP lost on the radio"][0] * written.fs_hz == pytest.approx(
        3000, abs=0.1
    )
    assert "mark µ" in told


def test_mne_reads_the_same_and_leaves_out_what_is_missing(left) -> None:
    path, pod, _ = left
    emg = pod.emg
    raw = mne.io.read_raw_bdf(path, infer_types=True, preload=True, verbose="error")
    assert raw.get_channel_types()[0] == "emg"
    assert raw.info["sfreq"] == pytest.approx(emg.fs_hz, rel=5e-9)
    uv = raw.get_data(picks="emg")[0] * 1e6
    there = np.flatnonzero(np.isfinite(emg.uv))
    np.testing.assert_allclose(uv[there], emg.uv[there], rtol=1e-12)
    kept = raw.get_data(picks="emg", reject_by_annotation="NaN")[0]
    assert np.isnan(kept[np.flatnonzero(np.isnan(emg.uv))]).all()
    assert np.isfinite(kept[1000:2900]).all()
    # A filter runs on each side of the gap, not across it: before it nothing of it is seen.
    whole = raw.copy().filter(20, 450, picks="emg", verbose="error").get_data(picks="emg")[0]
    cut = raw.copy().crop(0, 2999 / raw.info["sfreq"])
    before = cut.filter(20, 450, picks="emg", verbose="error").get_data(picks="emg")[0]
    np.testing.assert_allclose(whole[:3000], before[:3000], atol=1e-12)


@pytest.mark.parametrize("n", [1, 5, 1000, 5000])
def test_any_length_is_padded_and_given_back(tmp_path: Path, n: int) -> None:
    uv = np.arange(n) * 0.048081
    uv[n // 2 :: 7] = np.nan
    written = write_bdf(tmp_path / "x.bdf", pod_of(uv), STARTED)
    back, _ = read_bdf(tmp_path / "x.bdf", written.signal.step_pv, n)
    np.testing.assert_allclose(back, uv, rtol=1e-15)
    with pyedflib.EdfReader(str(tmp_path / "x.bdf")) as file:
        assert file.getNSamples()[0] >= n


@pytest.mark.parametrize(
    ("subject", "code"), [("Ärni-7", "_rni-7"), ("S 7", "S_7"), ("S" * 99, "S" * 64), ("", "")]
)
def test_a_code_that_the_header_cannot_hold(tmp_path: Path, subject: str, code: str) -> None:
    write_bdf(tmp_path / "x.bdf", pod_of(np.arange(5) * 0.048081), STARTED, (), subject)
    with pyedflib.EdfReader(str(tmp_path / "x.bdf")) as file:
        assert file.getPatientCode() == code.replace("_", " ")  # as EDFlib shows it
        assert file.getNSamples()[0] >= 5


def test_ten_volts_are_no_electrode_voltage() -> None:
    with pytest.raises(ValueError, match="no electrode voltage"):
        counts_of(np.array([2e7, -1.5]))


def test_no_sample_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one sample"):
        write_bdf(tmp_path / "x.bdf", pod_of(np.empty(0)), STARTED)
