"""What noise, sines and hum say about the EMG front end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import hypot, log10, sqrt

import numpy as np
from numpy.typing import NDArray

from glutesym.bench.box import (
    RATIO_TOLERANCE,
    divider_ratio,
    signal_gain,
    thermal_uv,
    worst_rejection_db,
)
from glutesym.bench.line import Line, judged, withheld
from glutesym.bench.noise import BAND_HZ, measure_noise
from glutesym.bench.plan import HIGH_HZ, LOW_HZ, Setup
from glutesym.bench.reading import BenchPod, BenchSession, Stretch
from glutesym.bench.sine_fit import SineFit, fit_sine

_Array = NDArray[np.float64]

# TI SBAS502, page 1: 8 µV peak to peak in 150 Hz at gain 6; 6.6 standard deviations make a peak to
# peak (7.1). White: so much in the muscle's band. At other gains as the self-test has it.
_CHIP_GAIN_6_UV = 8.0 / 6.6 * sqrt((BAND_HZ[1] - BAND_HZ[0]) / 150.0)
_NOISE_FACTOR = (0.5, 1.6)  # what one chip may differ from the typical one
_FLAT_DB = 3.0
_TONE_UV = 0.5
_CHIP_TOLERANCE = 0.02  # reference and gain together
_DISTORTION = 0.01
_RESPONSE_TOLERANCE = 0.02
_HOST_PPM = 100.0  # of the computer's own clock
_CLOCK_PPM = 3.0  # of the pods' fitted clocks, over a stretch: benchmarks/bench_test.py
_RATE_TOLERANCE = 0.016  # 1.5 % and what the computer's clock may be off
_LEAST_S = 4.0
_CLIPPED_SHARE = 0.01
_STANDS_OUT = 5.0  # half-widths of its amplitude that a sine must have


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
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.isfinite(emg.uv), [0]])))
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts)) if len(starts) else 0
    part = slice(starts[longest], ends[longest]) if len(starts) else slice(0)
    time_s, uv = emg.time_s[part], emg.uv[part]
    if len(uv) < _LEAST_S * emg.fs_hz:
        return Piece(time_s, uv, emg.fs_hz, f"samples were lost: no {_LEAST_S:g} s without a gap")
    return Piece(time_s, uv, emg.fs_hz)


def noise_lines(session: BenchSession, pod: BenchPod) -> list[Line]:
    """Return the lines of shorted inputs."""
    names = ("Noise, inputs shorted", "Noise is flat", "Tones in the noise")
    piece = _only(session, pod, "noise")
    if piece is None:
        return []
    if piece.problem:
        return [withheld(name, piece.problem) for name in names]
    noise = measure_noise(piece.uv, piece.fs_hz)
    expected = hypot(_chip_noise_uv(pod.gain or 6), thermal_uv(*BAND_HZ))
    low_hz, high_hz = noise.uneven_hz
    slow = pod.nominal_hz < 2000  # the filter takes more than the limit at 450 Hz
    strongest = noise.tones[0] if noise.tones else None
    return [
        judged(
            names[0],
            "µV RMS",
            noise.rms_uv,
            noise.rms_half_uv,
            expected=expected,
            low=_NOISE_FACTOR[0] * expected,
            high=_NOISE_FACTOR[1] * expected,
            limits_from="SBAS502 page 1 and the resistors' thermal noise, times 0.5 and 1.6",
            fix="Too little: the leads do not reach the box. Too much: close the metal box, move "
            "away from chargers, check solder joints; if the chip's own noise fails, too, it is "
            "the breakout.",
        ),
        withheld(names[1], "it needs 2000 samples a second: `glutesym settings --rate 2000`")
        if slow
        else judged(
            names[1],
            "dB",
            noise.unevenness_db,
            0.0,
            expected=0.0,
            low=-_FLAT_DB,
            high=_FLAT_DB,
            limits_from="thermal and converter noise are white; the filter takes 2 dB at 450 Hz",
            fix=f"The noise from {low_hz:g} to {high_hz:g} Hz is out of line. Low frequencies: a "
            "bad contact or a moving lead. High ones: the radio or a regulator couples in.",
            says=f"the most uneven octave is {low_hz:g} to {high_hz:g} Hz",
        ),
        judged(
            names[2],
            "µV RMS",
            strongest.rms_uv if strongest else 0.0,
            0.0,
            expected=0.0,
            high=max(_TONE_UV, noise.rms_uv / 4),
            limits_from="a quarter of the noise: a tone of so much changes it by 3 %",
            fix=_tone_fix(strongest.frequency_hz if strongest else 0.0),
            says="; ".join(f"{t.frequency_hz:.2f} Hz {t.rms_uv:.2f} µV" for t in noise.tones[:3])
            or "none",
        ),
    ]


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
    if np.isfinite(emg.uv).sum() < _LEAST_S * pod.nominal_hz:
        return withheld("Sample rate", f"less than {_LEAST_S:g} s of EMG were recorded")
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


def chip_lines(pod: BenchPod) -> list[Line]:
    """Return what the pod's own self-test measured, electrodes apart."""
    names = ("Gain, chip's test signal", "Noise, inside the chip")
    test = pod.self_test
    if test is None:
        return [withheld(name, "the pod was not seen in time for its self-test") for name in names]
    square, due, noise_nv = (
        test.get(key) for key in ("square_counts", "expected_counts", "noise_nv")
    )
    if not isinstance(square, int) or not isinstance(due, int) or not due:
        why = str(test.get("error") or "its front end has no test signal")
        return [withheld(name, why) for name in names]
    gain = pod.gain or 6
    return [
        judged(
            names[0],
            "% off",
            100 * (square / due - 1),
            0.1,
            expected=0.0,
            low=-5.0,
            high=5.0,
            limits_from="SBAS502, CONFIG2: 1/2400 of the reference; divider and gain below 5 %",
            fix="The amplifier's gain is not what was set, or bits get lost on the way: shorten "
            "the SPI wires, check the supply, else replace the breakout.",
        ),
        judged(
            names[1],
            "µV RMS",
            noise_nv / 1000 if isinstance(noise_nv, int) else float("nan"),
            0.1,
            low=0.3,
            high=4.5 + 30 / gain,
            limits_from="firmware/pod/emg_self_test.py, after SBAS502 7.1; all frequencies",
            fix="The breakout itself is noisy: check its supply and the 10 µF at its reference, "
            "else replace it.",
        ),
    ]


# --- parts


_Fit = SineFit | str | None  # a sine, why there is none, or: it was not asked for


def _sines(setup: Setup) -> tuple[tuple[str, float], ...]:
    hz = setup.generator_hz
    return ("signal", hz), ("level", hz), ("low", LOW_HZ), ("high", HIGH_HZ)


def _only(session: BenchSession, pod: BenchPod, step: str) -> Piece | None:
    """Return what was measured last in a step of one phase."""
    stretches = session.of(step)
    return piece_of(pod, stretches[-1]) if stretches else None


def _fit(
    session: BenchSession, pod: BenchPod, step: str, about_hz: float, weak: bool = False
) -> _Fit:
    piece = _only(session, pod, step)
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


def _chip_noise_uv(gain: int) -> float:
    """Return the chip's noise in the muscle's band, typically."""

    def relative(g: float) -> float:
        return hypot(1.5, 10.2 / g)  # before and behind the amplifier

    return _CHIP_GAIN_6_UV * relative(gain) / relative(6)


def _tone_fix(hz: float) -> str:
    for mains_hz in (50, 60):
        if hz and abs(hz / mains_hz - round(hz / mains_hz)) * mains_hz < 0.3:
            return (
                f"{hz:.1f} Hz is mains hum: close the metal box, keep away from chargers and "
                "lamps, run the computer on its battery."
            )
    return (
        f"{hz:.1f} Hz is no mains hum: a regulator, the radio or a screen. Try another place, "
        "a full cell, shorter SPI wires."
    )
