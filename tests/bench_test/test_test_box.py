"""The virtual test box: what it gives, when, and to which electrode."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from glutesym import wire
from glutesym.bench.box import (
    HUM,
    LEAD_OFF_A,
    OPEN_N,
    OPEN_P,
    OPEN_REF,
    SHORT,
    SIGNAL,
    divider_ratio,
    lead_off_s,
    signal_gain,
    thermal_uv,
    worst_rejection_db,
)
from glutesym.bench.noise import measure_noise
from glutesym.bench.plan import Generator
from glutesym.bench.sine_fit import fit_sine
from glutesym.virtual.test_box import BoxParts, GeneratorErrors, TestBox, random_parts

FS_HZ = 2000.0
STEP_NS = 1e9 / FS_HZ
START_NS = 5_000_000_000


def seen(box, seconds=5.0):
    """Return times in s and what the converter's filter makes of the box."""
    n = round(seconds * FS_HZ)
    return np.arange(n) / FS_HZ, box.electrode_uv(START_NS, STEP_NS, n, STEP_NS).astype(float)


@pytest.mark.parametrize("hz", [20.0, 100.0, 400.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_sine_comes_out_as_large_as_the_parts_make_it(hz, seed):
    box = TestBox(random_parts(seed), GeneratorErrors(0.01, 1e-5))
    generator = Generator(500.0, hz)
    box.turn(0, SIGNAL, generator, 1000)
    fit = fit_sine(*seen(box), hz)
    truth_uv = box.signal_amplitude_uv(generator, 1000, FS_HZ)
    assert fit.amplitude_uv == pytest.approx(truth_uv, rel=1e-3)
    assert fit.frequency_hz == pytest.approx(hz * (1 + 1e-5), abs=2 * fit.frequency_half_hz)
    reach = signal_gain(hz, FS_HZ)
    nominal_uv = 500e3 * np.sqrt(2) * divider_ratio(1000)
    assert 0.96 * reach.low < truth_uv / nominal_uv < 1.04 * reach.high


def test_hum_is_what_unequal_parts_leave_and_never_beyond_the_worst_case():
    for seed in range(30):
        box = TestBox(random_parts(seed))
        box.turn(0, HUM, Generator(100.0, 55.0), 1000)
        truth_db = box.hum_rejection_db(55.0, FS_HZ)
        assert truth_db > worst_rejection_db(55.0)
        if seed < 3:
            fit = fit_sine(*seen(box), 55.0)
            found_db = 20 * np.log10(100e3 * np.sqrt(2) / fit.amplitude_uv)
            assert found_db == pytest.approx(truth_db, abs=1.0)


def test_shorted_inputs_have_the_noise_of_the_resistors():
    t, uv = seen(TestBox(), 10.0)
    assert measure_noise(uv, FS_HZ).rms_uv == pytest.approx(thermal_uv(20, 450), rel=0.05)
    assert np.median(uv) == pytest.approx(1e6 * LEAD_OFF_A * 302e3, rel=0.01)
    assert len(t) == len(uv)


@pytest.mark.parametrize("channel_1", [False, True])
@pytest.mark.parametrize(
    ("position", "swapped", "bit"),
    [
        (OPEN_P, False, wire.LEAD_OFF_2P),
        (OPEN_N, False, wire.LEAD_OFF_2N),
        (OPEN_P, True, wire.LEAD_OFF_2N),
        (OPEN_N, True, wire.LEAD_OFF_2P),
    ],
)
def test_an_open_input_is_charged_and_then_reported(channel_1, position, swapped, bit):
    box = TestBox(BoxParts(channel_1=channel_1, swapped=swapped))
    open_ns, close_ns = START_NS + 1_000_000_000, START_NS + 3_000_000_000
    box.turn(open_ns, position, Generator(), 1000)
    box.turn(close_ns, SHORT, Generator(), 1000)
    on_ns = open_ns + round(1e9 * lead_off_s(channel_1))
    looks = {
        open_ns - 1: 0, on_ns - 1: 0, on_ns: bit, close_ns - 1: bit, close_ns: 0
    }  # fmt: skip
    for time_ns, expected in looks.items():
        bits, until_ns = box.lead_off(time_ns)
        assert bits == expected
        assert time_ns < until_ns <= time_ns + 50_000_000
        assert box.lead_off(until_ns - 1)[0] == expected
    uv = np.abs(seen(box)[1])
    assert uv[:1990].max() < 3000
    assert uv[3000:5990].min() > 400_000
    assert uv[6100:].max() < 3000


def test_a_reference_that_is_off_is_not_reported_soon():
    box = TestBox()
    box.turn(START_NS, OPEN_REF, Generator(), 1000)
    assert box.lead_off(START_NS + 10_000_000_000)[0] == 0
    assert box.lead_off(START_NS + 120_000_000_000)[0] == wire.LEAD_OFF_2N


def test_what_is_asked_twice_is_answered_alike():
    box = TestBox(replace(random_parts(4), tone_hz=60.0, tone_uv=3.0))
    box.turn(0, SIGNAL, Generator(500.0, 100.0, bursts=True), 100)
    whole = box.electrode_uv(START_NS, STEP_NS, 1000, STEP_NS)
    part = box.electrode_uv(START_NS + round(300 * STEP_NS), STEP_NS, 500, STEP_NS)
    np.testing.assert_allclose(part, whole[300:800], atol=1e-2)


def test_six_sides_have_gravity_along_each_axis():
    box = TestBox()
    for face in range(1, 7):
        box.lay(face * 1_000_000_000, face)
    felt = box.motion(1_500_000_000, 1e9, 6)
    assert np.abs(felt[:, :3]).sum(axis=1) == pytest.approx(np.ones(6))
    assert np.abs(felt[:, :3].sum(axis=0)).max() == 0
    assert not felt[:, 3:].any()
