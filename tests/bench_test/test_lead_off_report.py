"""Opening and closing an electrode: departure, report, return and end of the report."""

from __future__ import annotations

import numpy as np
import pytest

from glutesym.bench.lead_off import follow_report

FS_HZ = 2000.0
FRAME = 100
P, N = 4, 8


def follow(opened_s, closed_s, report_s=0.03, stay_s=0.0, bit=P, before=0, moves=True, lost=False):
    """Return the report of 12 s: told to open at 3 s, to close at 8 s."""
    t = np.arange(24_000) / FS_HZ
    uv = 1800 + 2 * np.random.default_rng(2).standard_normal(len(t))
    if moves:
        away = (t >= opened_s) & (t < closed_s)
        uv[away] += np.minimum(6e-9 / 1e-10 * (t[away] - opened_s) * 1e6, 400_000)
    if lost:
        uv[t < 3.0] = np.nan
    bits = np.full(len(t), before, np.uint8)
    on = (t >= opened_s + report_s) & (t < closed_s + stay_s)
    frame = np.arange(len(t)) // FRAME
    bits[np.isin(frame, np.unique(frame[on]))] |= bit
    complete_s = t[np.minimum((frame + 1) * FRAME, len(t)) - 1]
    return follow_report(t, uv, bits, complete_s, 0.0, 3.0, 8.0, 12.0)


@pytest.mark.parametrize("opened_s", [2.9, 3.4, 4.123])
def test_delays_count_from_the_signal_to_the_end_of_a_frame(opened_s):
    report = follow(opened_s, 9.0, report_s=0.2)
    assert report.opened_s == pytest.approx(opened_s, abs=0.002)
    assert 0.2 <= report.report_s <= 0.2 + FRAME / FS_HZ + 0.002
    assert report.closed_s == pytest.approx(9.0, abs=0.002)
    assert 0 <= report.clear_s <= 2 * FRAME / FS_HZ
    assert (report.before, report.named) == (0, P)


def test_what_is_not_reported_has_no_delay():
    report = follow(3.3, 9.0, report_s=100.0)
    assert report.opened_s == pytest.approx(3.3, abs=0.002)
    assert report.report_s is None
    assert report.named == 0


def test_a_report_that_stays_is_not_cleared():
    report = follow(3.3, 9.0, stay_s=10.0)
    assert report.report_s is not None
    assert report.clear_s is None


def test_an_electrode_that_is_never_closed_has_no_return():
    report = follow(3.3, 100.0)
    assert report.closed_s is report.clear_s is None


def test_bits_of_before_are_not_those_of_opening():
    report = follow(3.3, 9.0, bit=P, before=N)
    assert (report.before, report.named) == (N, P)


def test_a_signal_that_stays_tells_nothing():
    report = follow(3.3, 9.0, report_s=100.0, moves=False)
    assert report.opened_s is report.report_s is report.closed_s is report.clear_s is None


def test_without_samples_before_nothing_is_known_of_the_signal():
    report = follow(3.3, 9.0, report_s=100.0, lost=True)
    assert not report.known
    assert report.opened_s is report.report_s is report.closed_s is report.clear_s is None
    assert follow(3.3, 9.0).known
