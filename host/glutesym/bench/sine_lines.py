"""What sines, hum and the sample rate say about the EMG front end."""

from __future__ import annotations

from collections.abc import Callable
from math import hypot, log10, sqrt

import numpy as np

from glutesym.bench.box import (
    RATIO_TOLERANCE,
    divider_ratio,
    signal_gain,
    worst_rejection_db,
)
from glutesym.bench.line import Line, judged, withheld
from glutesym.bench.piece import LEAST_S, only_piece
from glutesym.bench.plan import HIGH_HZ, LOW_HZ, Setup
from glutesym.bench.reading import BenchPod, BenchSession
from glutesym.bench.sine_fit import SineFit, fit_sine

_CHIP_TOLERANCE = 0.02  # reference and gain together
_DISTORTION = 0.01
_RESPONSE_TOLERANCE = 0.02
_HOST_PPM = 100.0  # of the computer's own clock
_CLOCK_PPM = 3.0  # of the pods' fitted clocks, over a stretch: benchmarks/bench_test.py
_RATE_TOLERANCE = 0.016  # 1.5 % and what the computer's clock may be off
_STANDS_OUT = 5.0  # half-widths of its amplitude that a sine must have

_Fit = SineFit | str | None  # a sine, why there is none, or: it was not asked for


def sine_lines(session: BenchSession, pod: BenchPod) -> list[Line]:
    """Return the lines of SIGNAL: gain, distortion, linearity, response, rate."""
    setup = session.setup
    fits = {name: _fit(session, pod, name, hz) for name, hz in _sines(setup)}
    lines: list[Line] = []
    main = fits["signal"]
    if main is None:
        return lines
    lines.append(_with("Gain, generator", main, lambda fit: _gain(setup, fit, pod)))
    lines.append(_with("Distortion", main, _distortion))
    if (second := fits["level"]) is not None:
        lines.append(_with("Linearity", main, lambda a: _linearity(setup, a, second)))
    for name, hz in (("low", LOW_HZ), ("high", HIGH_HZ)):
        if (other := fits[name]) is not None:
            title = f"Response at {hz:g} Hz"
            lines.append(_with(title, main, lambda a, b=other, t=title: _response(t, a, b, pod)))
    if setup.generator_ppm is not None:
        lines.append(
            _with("Rate, generator against clock", main, lambda fit: _rate_ppm(setup, fit))
        )
    return lines


def rate_line(pod: BenchPod) -> Line:
    """Return how fast the converter samples, by the computer's clock."""
    emg = pod.record.emg
    if np.isfinite(emg.uv).sum() < LEAST_S * pod.nominal_hz:
        return withheld("Sample rate", f"less than {LEAST_S:g} s of EMG were recorded")
    measured = 100 * (emg.fs_hz / pod.nominal_hz - 1)
    return judged(
        "Sample rate",
        "%",
        measured,
        0.01,
        expected=0.0,
        low=-100 * _RATE_TOLERANCE,
        high=100 * _RATE_TOLERANCE,
        limits_from="SBAS502: its oscillator, over temperature",
        fix="The converter's oscillator is off. Times stay right, for the rate is measured, but "
        "filters shift. Is CLKSEL (JP1) set to the internal clock? Else replace the breakout.",
        says=f"{emg.fs_hz:.2f} samples a second",
    )


def hum_line(session: BenchSession, pod: BenchPod) -> list[Line]:
    """Return what is left of common mode."""
    name = "Hum rejection"
    setup = session.setup
    fit = _fit(session, pod, "hum", setup.hum_hz, weak=True)
    if fit is None:
        return []
    if isinstance(fit, str):
        return [withheld(name, fit)]
    limit_db = worst_rejection_db(setup.hum_hz)
    applied_uv = 1000 * setup.hum_mv * sqrt(2)
    seen_uv, half_uv = fit.amplitude_uv, fit.amplitude_half_uv
    hidden = seen_uv < _STANDS_OUT * half_uv
    most_uv = seen_uv + half_uv if hidden else seen_uv
    rejection_db = 20 * log10(applied_uv / max(most_uv, 1e-9))
    half_db = 0.0 if hidden else 20 / np.log(10) * half_uv / seen_uv
    level_db = 20 * log10(1 + setup.level_tolerance_pct / 100)
    if hidden and rejection_db < limit_db:
        return [withheld(name, "what is left is below the noise: set --hum-mv higher")]
    return [
        judged(
            name,
            "dB",
            rejection_db,
            float(half_db) + level_db,
            low=limit_db,
            limits_from="resistors of 1 %, capacitors of 5 % in box and leads, SBAS502 page 1",
            fix="One lead differs from the other: compare the two resistors, look for a bad "
            "contact or a broken shield, and keep both leads alike and together.",
            says="at least: nothing stands out of the noise" if hidden else "",
        )
    ]


def _sines(setup: Setup) -> tuple[tuple[str, float], ...]:
    hz = setup.generator_hz
    return ("signal", hz), ("level", hz), ("low", LOW_HZ), ("high", HIGH_HZ)


def _fit(
    session: BenchSession, pod: BenchPod, step: str, about_hz: float, weak: bool = False
) -> _Fit:
    piece = only_piece(session, pod, step)
    if piece is None:
        return None
    if piece.problem:
        return piece.problem
    fit = fit_sine(piece.time_s, piece.uv, about_hz)
    if fit is None or (not weak and fit.amplitude_uv < _STANDS_OUT * fit.amplitude_half_uv):
        return (
            f"there is no sine near {about_hz:g} Hz: is the generator on, the box at its position?"
        )
    return fit


def _with(name: str, fit: _Fit, measure: Callable[[SineFit], Line]) -> Line:
    return measure(fit) if isinstance(fit, SineFit) else withheld(name, fit or "not measured")


def _gain(setup: Setup, fit: SineFit, pod: BenchPod) -> Line:
    reach = signal_gain(fit.frequency_hz, pod.record.emg.fs_hz)
    due_uv = 1000 * sqrt(2) * setup.generator_mv * divider_ratio(setup.divide_by)
    expected_uv = due_uv * reach.middle
    error = fit.amplitude_uv / expected_uv - 1
    parts = setup.level_tolerance_pct / 100 + RATIO_TOLERANCE + _CHIP_TOLERANCE
    spread = parts + (reach.high - reach.low) / (2 * reach.middle)
    return judged(
        "Gain, generator",
        "% off",
        100 * error,
        100 * fit.amplitude_half_uv / expected_uv,
        expected=0.0,
        low=-100 * spread,
        high=100 * spread,
        limits_from=f"generator {setup.level_tolerance_pct:g} %, divider 2 %, chip 2 %, load",
        fix="If the chip's test signal fails, too, it is the amplifier. If not: measure the "
        "generator's voltage at the box, look at the range switch, then suspect the reference.",
        says=f"{fit.amplitude_uv:.1f} µV of {expected_uv:.1f} µV amplitude",
    )


def _distortion(fit: SineFit) -> Line:
    return judged(
        "Distortion",
        "%",
        100 * fit.distortion,
        100 * fit.distortion_half,
        expected=0.0,
        high=100 * _DISTORTION,
        limits_from="sound cards have 0.1 %, the chip less (SBAS502)",
        fix="Something is overdriven: halve the level. If it stays, try another generator; then "
        "look for a lead that touches something.",
        says="harmonics 2 to 5",
    )


def _linearity(setup: Setup, one: SineFit, other: _Fit) -> Line:
    name = "Linearity"
    if not isinstance(other, SineFit):
        return withheld(name, other or "not measured")
    assert setup.second_mv is not None
    measured = other.amplitude_uv / one.amplitude_uv
    due = setup.second_mv / setup.generator_mv
    half = hypot(
        one.amplitude_half_uv / one.amplitude_uv, other.amplitude_half_uv / other.amplitude_uv
    )
    limit = 2 * setup.level_tolerance_pct + 0.1
    return judged(
        name,
        "% off",
        100 * (measured / due - 1),
        100 * half,
        expected=0.0,
        low=-limit,
        high=limit,
        limits_from="twice the generator's tolerance; the chip's own error is far below",
        fix="The two levels are not in proportion: read the generator again at both; if it is "
        "right, an input is leaking.",
    )


def _response(name: str, one: SineFit, other: _Fit, pod: BenchPod) -> Line:
    if not isinstance(other, SineFit):
        return withheld(name, other or "not measured")
    fs_hz = pod.record.emg.fs_hz
    here, there = (signal_gain(fit.frequency_hz, fs_hz) for fit in (one, other))
    due = [there.low / here.low, there.high / here.high]
    expected = sum(due) / 2
    spread = abs(due[0] - due[1]) / (2 * expected) + _RESPONSE_TOLERANCE
    half = hypot(
        one.amplitude_half_uv / one.amplitude_uv, other.amplitude_half_uv / other.amplitude_uv
    )
    return judged(
        name,
        "%",
        100 * other.amplitude_uv / one.amplitude_uv,
        100 * half * other.amplitude_uv / one.amplitude_uv,
        expected=100 * expected,
        low=100 * expected * (1 - spread),
        high=100 * expected * (1 + spread),
        limits_from="SBAS502, sinc filter; load of the inputs; 2 % for the generator",
        fix="Low: a capacitor of the box or the breakout is not what it should be. High: the "
        "rate is not 2000, or long leads load the inputs. Is the generator as loud at both?",
        says=f"of the amplitude at {one.frequency_hz:g} Hz",
    )


def _rate_ppm(setup: Setup, fit: SineFit) -> Line:
    assert setup.generator_ppm is not None
    measured = 1e6 * (fit.frequency_hz / setup.generator_hz - 1)
    limit = setup.generator_ppm + _HOST_PPM
    return judged(
        "Rate, generator against clock",
        "ppm",
        measured,
        hypot(1e6 * fit.frequency_half_hz / setup.generator_hz, _CLOCK_PPM),
        expected=0.0,
        low=-limit,
        high=limit,
        limits_from=f"generator {setup.generator_ppm:g} ppm, the computer's clock {_HOST_PPM:g}",
        fix="The generator's frequency and the time that the computer gives the samples do not "
        "agree. Is the frequency exact? Then repeat near the computer; if it stays, report it.",
    )
