"""A sine in noise: its frequency, amplitude and harmonics by least squares.

Ref: IEEE Std 1057, four-parameter fit: amplitude, phase, offset and frequency are fitted together,
the frequency by Gauss-Newton steps. A straight line is fitted, too, for electrodes drift.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]

HARMONICS = 5  # up to the fifth
_STEPS = 20
_ENOUGH_PERIODS = 20
_TWO_SIDED_95 = 1.96
_SEARCH = 0.1  # of the frequency, to either side


@dataclass(frozen=True)
class SineFit:
    """A sine; half-widths are of 95 % intervals."""

    frequency_hz: float
    frequency_half_hz: float
    amplitude_uv: float
    amplitude_half_uv: float
    distortion: float  # RMS of the harmonics as a fraction of the sine's, noise taken out
    distortion_half: float  # what noise makes of it
    rest_uv: float  # RMS of what is neither


def fit_sine(time_s: _Array, uv: _Array, about_hz: float) -> SineFit | None:
    """Return the sine in a signal.

    Parameters
    ----------
    time_s, uv : (n,)
        Without gaps in time; NaN in ``uv``: lost.
    about_hz : float
        It is looked for within 10 % of it.

    Returns
    -------
    SineFit or None
        None: the signal is shorter than 20 periods, or nothing stands out there.
    """
    known = np.isfinite(uv)
    time_s, uv = time_s[known], uv[known]
    if len(uv) < 8 * _ENOUGH_PERIODS or np.ptp(time_s) * about_hz < _ENOUGH_PERIODS:
        return None
    t = time_s - time_s.mean()
    span_s = float(np.ptp(t))
    f_hz = _peak_hz(t, uv - uv.mean(), about_hz)
    sigma = cosine = sine = 0.0
    covariance = np.eye(5)
    for _ in range(_STEPS):
        angle = 2 * np.pi * f_hz * t
        c, s = np.cos(angle), np.sin(angle)
        slope = 2 * np.pi * t * (sine * c - cosine * s) if cosine or sine else np.zeros(len(t))
        columns = [c, s, np.ones(len(t)), t / span_s]
        if cosine or sine:
            columns.append(slope)
        matrix = np.column_stack(columns)
        solved = np.linalg.lstsq(matrix, uv, rcond=None)[0]
        cosine, sine = float(solved[0]), float(solved[1])
        rest = uv - matrix @ solved
        sigma = float(np.sqrt(rest @ rest / (len(uv) - len(solved))))
        if len(solved) == 5:
            covariance = sigma**2 * np.linalg.inv(matrix.T @ matrix)
            f_hz += float(np.clip(solved[4], -0.3 / span_s, 0.3 / span_s))
            if abs(solved[4]) * span_s < 1e-9:
                break
    amplitude = float(np.hypot(cosine, sine))
    if not abs(f_hz - about_hz) <= 1.5 * _SEARCH * about_hz:
        return None
    return SineFit(
        f_hz,
        _TWO_SIDED_95 * float(np.sqrt(covariance[4, 4])),
        amplitude,
        _TWO_SIDED_95 * float(np.sqrt((covariance[0, 0] + covariance[1, 1]) / 2)),
        *_distortion(t, uv, f_hz),
    )


def _peak_hz(t: _Array, uv: _Array, about_hz: float) -> float:
    """Return where the windowed spectrum is highest, near a frequency."""
    window = np.hanning(len(t)) * uv
    step_hz = 0.25 / float(np.ptp(t))
    frequencies = np.arange(
        (1 - _SEARCH) * about_hz, (1 + _SEARCH) * about_hz + step_hz / 2, step_hz
    )
    power = [float(abs(window @ np.exp(-2j * np.pi * f_hz * t))) for f_hz in frequencies]
    return float(frequencies[int(np.argmax(power))])


def _distortion(t: _Array, uv: _Array, f_hz: float) -> tuple[float, float, float]:
    """Return the harmonics' share, what noise makes of it, and the RMS of the rest."""
    nyquist_hz = 0.5 / float(np.median(np.diff(t)))
    orders = [k for k in range(1, HARMONICS + 1) if k * f_hz < 0.9 * nyquist_hz]
    columns = [np.ones(len(t)), t]
    for k in orders:
        columns += [np.cos(2 * np.pi * k * f_hz * t), np.sin(2 * np.pi * k * f_hz * t)]
    matrix = np.column_stack(columns)
    solved = np.linalg.lstsq(matrix, uv, rcond=None)[0]
    rest = uv - matrix @ solved
    power = solved[2::2] ** 2 + solved[3::2] ** 2
    rest_power = float(rest @ rest) / (len(t) - len(solved))
    noise_power = 4 * rest_power / len(t)  # of one amplitude squared
    if power[0] <= 0:
        return float("nan"), float("nan"), float(np.sqrt(rest_power))
    harmonics = float(power[1:].sum()) - (len(orders) - 1) * noise_power
    distortion = float(np.sqrt(max(harmonics, 0.0) / power[0]))
    spread = float(np.sqrt(noise_power / power[0]))
    return distortion, _TWO_SIDED_95 * spread, float(np.sqrt(rest_power))
