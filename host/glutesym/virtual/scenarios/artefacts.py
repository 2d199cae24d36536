"""What electrodes pick up besides the muscle: noise, hum, motion, the heart, half cells, air."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glutesym.measures import Side
from glutesym.virtual.scenarios.base import EMG_GRID_HZ, IMU_GRID_HZ
from glutesym.virtual.scenarios.muscle import (
    EMG_BAND_HZ,
    flat_amplitude,
    random_stream,
    shaped_noise,
)

Array = NDArray[np.float64]


def background(seed: int, side: Side, n: int, rms_uv: float) -> Array:
    """Return the noise of skin, electrodes and front end: white within the EMG band, (n,) µV."""
    rng = random_stream(seed, side, "background")
    return rms_uv * shaped_noise(rng, n, flat_amplitude(*EMG_BAND_HZ))


def hum(seed: int, side: Side, n: int, rms_uv: float, mains_hz: float) -> Array:
    """Return mains hum, (n,) µV: a fundamental of the given RMS and its first harmonics.

    Both sides share the mains frequency, within 0.02 Hz of nominal (ENTSO-E: 0.05 Hz in normal
    operation), but not the phase.
    """
    f_hz = mains_hz + random_stream(seed, "mains").uniform(-0.02, 0.02)
    phases = random_stream(seed, side, "hum").uniform(0.0, 2 * np.pi, 4)
    t_s = np.arange(n) / EMG_GRID_HZ
    out = np.zeros(n)
    if rms_uv > 0:
        for order, share, phase in zip((1, 2, 3, 5), (1.0, 0.1, 0.3, 0.15), phases, strict=True):
            out += share * np.sin((2 * np.pi * f_hz * order) * t_s + phase)
    return np.sqrt(2) * rms_uv * out


def motion_artefact(seed: int, side: Side, n: int, rms_uv: float, speed_dps: Array) -> Array:
    """Return low-frequency bursts while the body moves, (n,) µV.

    Power below 20 Hz, where cable and skin motion has it (De Luca et al. 2010).

    Parameters
    ----------
    seed, side
        Of the noise.
    n : int
        Samples.
    rms_uv : float
        RMS at the highest speed.
    speed_dps : (m,) array
        Rate of turn at ``IMU_GRID_HZ``.
    """
    fastest = float(np.max(speed_dps, initial=0.0))
    if rms_uv == 0 or fastest == 0:
        return np.zeros(n)
    rng = random_stream(seed, side, "motion")
    wander = shaped_noise(rng, n, lambda f_hz: flat_amplitude(0.5, 20.0)(f_hz) / (1 + f_hz / 5))
    speed_time_s = np.arange(len(speed_dps)) / IMU_GRID_HZ
    gate = np.interp(np.arange(n) / EMG_GRID_HZ, speed_time_s, speed_dps / fastest)
    return rms_uv * wander * gate


def heart(seed: int, side: Side, n: int, peak_uv: float) -> Array:
    """Return the heart's R waves, (n,) µV: one beat for both sides, of opposite sign."""
    out = np.zeros(n)
    if peak_uv == 0:
        return out
    rng = random_stream(seed, "heart")
    intervals_s = 0.7 * (1 + 0.04 * rng.standard_normal(int(n / EMG_GRID_HZ / 0.5) + 2))
    reach = round(0.06 * EMG_GRID_HZ)
    lag_s = np.arange(-reach, reach + 1) / EMG_GRID_HZ
    beat = (1 - (lag_s / 0.012) ** 2) * np.exp(-0.5 * (lag_s / 0.012) ** 2)  # QRS of about 80 ms
    for beat_s in np.cumsum(intervals_s):
        centre = round(beat_s * EMG_GRID_HZ)
        if centre >= reach and centre + reach < n:
            out[centre - reach : centre + reach + 1] += beat
    return (peak_uv if side == "left" else -peak_uv) * out


def half_cell(seed: int, side: Side, n: int, offset_mv: float, drift_uv: float) -> Array:
    """Return the voltage between the two electrodes' half cells, (n,) µV: an offset that drifts.

    ``drift_uv`` is the amplitude of the drift, which takes a minute and stands still in the last
    half second, so that a scenario can go on after its end.
    """
    t_s = np.minimum(np.arange(n), n - 1 - EMG_GRID_HZ / 2) / EMG_GRID_HZ
    phases = random_stream(seed, side, "drift").uniform(0, 2 * np.pi, 2)
    slow, slower = (np.sin(2 * np.pi * t_s / p + a) for p, a in zip((29, 71), phases, strict=True))
    return offset_mv * 1000 + drift_uv * (0.3 * slow + 0.7 * slower)


# The lead-off current (6 nA, TI SBAS502) charges an open input towards the supply, beyond the
# converter's full scale at the gains in use; how fast depends on stray capacitance.
RAIL_UV = 900e3
CHARGE_S = 0.25
SETTLE_S = 0.15
OPEN_HUM_UV = 1500.0  # RMS: an open input is an aerial


def lift_off(
    emg_uv: Array,
    seed: int,
    side: Side,
    intervals_s: tuple[tuple[float, float], ...],
    mains_hz: float,
) -> Array:
    """Return the voltage when an electrode is off the skin in some intervals.

    While off, nothing of the body is seen: the input drifts to the rail and picks up hum. Back on,
    it settles exponentially.

    Parameters
    ----------
    emg_uv : (n,) array
        Voltage with good contact.
    seed, side
        Of the hum.
    intervals_s : tuple of (start, end)
        When the electrode is off.
    mains_hz : float
        Mains frequency.

    Returns
    -------
    (n,) array
    """
    if not intervals_s:
        return emg_uv
    out = emg_uv.copy()
    aerial = hum(seed, side, len(out), OPEN_HUM_UV, mains_hz)
    t_s = np.arange(len(out)) / EMG_GRID_HZ
    for start_s, end_s in intervals_s:
        first, end = (int(np.ceil(x * EMG_GRID_HZ)) for x in (start_s, end_s))
        before = out[max(first - 1, 0)]
        charged = -np.expm1(-(t_s[first:end] - start_s) / CHARGE_S)
        out[first:end] = before + (RAIL_UV - before) * charged + aerial[first:end] * charged
        left_over = (RAIL_UV - before) * -np.expm1(-(end_s - start_s) / CHARGE_S)
        out[end:] += left_over * np.exp(-(t_s[end:] - end_s) / SETTLE_S)
    return out
