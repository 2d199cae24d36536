"""What nobody can beat: the onset's exact posterior, given everything about the signal but that.

The oracle knows the spectra of muscle and noise, how loud both are, and how the muscle rises; and
it gets the signal without hum, motion artefacts and heart. Muscle and noise are Gaussian, so that
the likelihood of an onset follows from the covariance of the samples around it, exactly.

A blind one is not told how the muscle rises. It knows which laws and lengths there are and that a
side's is the same in all repetitions, and learns it from the whole set: what there is to be known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, signal, special

from glutesym.measures import SIDES, Side
from glutesym.recording import EmgRecord
from glutesym.virtual.scenarios.artefacts import background
from glutesym.virtual.scenarios.base import EMG_GRID_HZ, RepTruth, Scenario
from glutesym.virtual.scenarios.muscle import (
    EMG_BAND_HZ,
    Burst,
    envelope,
    flat_amplitude,
    random_stream,
    shaped_noise,
    surface_emg_amplitude,
)
from glutesym.virtual.scenarios.settings import SyntheticSettings
from scenario_recording import FRONT_END_UV, record

Array = NDArray[np.float64]

# Settings that leave nothing but muscle and noise. All draws have streams of their own, so these
# are the same as with disturbances.
UNDISTURBED = {
    "hum_uv": 0.0,
    "motion_artefact_uv": 0.0,
    "ecg_uv": 0.0,
    "offset_left_mv": 0.0,
    "offset_right_mv": 0.0,
    "drift_uv": 0.0,
}

_REACH_S = 0.1  # the prior is flat this far around a point near the truth ...
_NEAR_S = 0.06  # ... which is off by up to this, so that the prior tells nothing
_COARSE_S = 0.008
_FINE_S = 0.002
_RELEVANT = 12.0  # refined where the log posterior is this close to its maximum
_RISES_S = np.arange(0.05, 0.1501, 0.02)  # those that a blind oracle thinks of
_POSSIBLE = 12.0  # a rise is given up when its log evidence is this far below the best one's
_SETTLED_S = 0.02  # the muscle's correlation time, generously
# Before every second sample is left out. A sharp filter would smear the onset; what is aliased is
# in the covariance.
_SMOOTH = np.array((0.25, 0.5, 0.25))
_F_HZ = np.arange(0.0, EMG_GRID_HZ / 4, 0.5)


@dataclass(frozen=True)
class Posterior:
    """What the samples say about one onset."""

    median_s: float
    sd_s: float
    ci_low_s: float  # 95 % credible interval
    ci_high_s: float


def posteriors(scenario: Scenario, laws: Sequence[str] = ()) -> list[dict[Side, Posterior]]:
    """Return the posterior of every onset of a scenario that is ``UNDISTURBED``.

    Parameters
    ----------
    scenario : Scenario
    laws : sequence of str
        By which muscles may rise, for a blind oracle; none: it is told.
    """
    recording = record(scenario)
    random = np.random.default_rng((scenario.seed, 13))
    found: list[dict[Side, Posterior]] = [{} for _ in scenario.truth.reps]
    for side in SIDES:
        model = Model.of(scenario, side, recording.pods[side].emg)
        if laws:
            lengths_s = {law: _RISES_S[:1] if law == "step" else _RISES_S for law in laws}
            rises = [Rise.of(law, float(s)) for law, of_law in lengths_s.items() for s in of_law]
        else:
            true_s = float(scenario.parameters[f"rise_{side}_ms"]) / 1000
            rises = [Rise.of(str(scenario.parameters["rise_shape"]), true_s)]
        near_s = [
            rep.onset_s[side] + random.uniform(-_NEAR_S, _NEAR_S) for rep in scenario.truth.reps
        ]
        for i, posterior in enumerate(model.posteriors(near_s, rises)):
            found[i][side] = posterior
    return found


def set_lag_ms(lag_ms: Array, sd_ms: Array) -> float:
    """Return the mean lag of repetitions that are known to vary by a normal law.

    Parameters
    ----------
    lag_ms, sd_ms : (reps,) arrays
        Medians and standard deviations of the repetitions' posteriors.
    """
    jitter = SyntheticSettings().lag_jitter_ms ** 2
    mean_ms = np.average(lag_ms, weights=1 / (jitter + sd_ms**2))
    return float(np.mean(mean_ms + jitter / (jitter + sd_ms**2) * (lag_ms - mean_ms)))


@dataclass(frozen=True)
class Rise:
    """How a muscle starts."""

    amplitude: Array  # at EMG_GRID_HZ since the onset
    length_s: float

    @classmethod
    def of(cls, law: str, length_s: float) -> Rise:
        """Return the rise by a law of the scenarios."""
        unit = Burst(
            0.0,
            2.0,
            gain=1.0,
            rise_s=length_s,
            rise_shape=law,  # type: ignore[arg-type]
            fall_s=0.1,
            levels=(1.0,),
            level_times_s=(),
        )
        return cls(envelope((unit,), round(1.5 * EMG_GRID_HZ)), length_s)


@dataclass(frozen=True)
class Model:
    """All that is true of one side but how and when it starts."""

    time_s: Array
    uv: Array  # every second sample
    muscle: Array  # autocovariance at the lags of these samples, of unit RMS at the electrode
    noise: Array
    plateau_uv: list[float]  # of every repetition

    @classmethod
    def of(cls, scenario: Scenario, side: Side, emg: EmgRecord) -> Model:
        """Return that of one side of a scenario, and of what its pod recorded."""
        rise_s = float(scenario.parameters[f"rise_{side}_ms"]) / 1000
        noise_uv = _noise_uv(scenario, side)
        lag_s = np.arange(0.0, 1.0, 2 / emg.fs_hz)
        seen = _front_end_gain(emg.fs_hz)
        flat = flat_amplitude(*EMG_BAND_HZ)
        white = 2 * FRONT_END_UV**2 / emg.fs_hz * (emg.fs_hz / 2 > _F_HZ)
        kept = np.cos(np.pi * _F_HZ / emg.fs_hz) ** 4  # the power gain of _SMOOTH
        return cls(
            time_s=emg.time_s[::2],
            uv=np.convolve(emg.uv, _SMOOTH, mode="same")[::2],
            muscle=_autocovariance(_unit(surface_emg_amplitude(_F_HZ)) * seen * kept, lag_s),
            noise=_autocovariance((noise_uv**2 * _unit(flat(_F_HZ)) * seen + white) * kept, lag_s),
            plateau_uv=_plateaus_uv(scenario, side, rise_s, noise_uv),
        )

    def posteriors(self, near_s: list[float], rises: list[Rise]) -> list[Posterior]:
        """Return the posterior of every repetition's onset, rises summed out."""
        longest_s = max(rise.length_s for rise in rises)
        evidence = np.zeros(len(rises))
        logs: list[Array] = []  # of every repetition, (rises, onsets)
        for near, plateau_uv in zip(near_s, self.plateau_uv, strict=True):
            log = np.full((len(rises), round(2 * _REACH_S / _FINE_S) + 1), -np.inf)
            for k in np.flatnonzero(evidence > evidence.max() - _POSSIBLE):
                log[k] = self._log_likelihoods(near, plateau_uv, rises[k], longest_s)
            evidence += special.logsumexp(log, axis=1)
            logs.append(log)
        of_rise = special.softmax(evidence)
        possible = of_rise > 0
        out: list[Posterior] = []
        for near, log in zip(near_s, logs, strict=True):
            weight = of_rise[possible] @ special.softmax(log[possible], axis=1)
            onset_s = near - _REACH_S + _FINE_S * np.arange(log.shape[1])
            out.append(_summary(onset_s, weight))
        return out

    def covariance(self, since_s: Array, plateau_uv: float, rise: Rise) -> Array:
        """Return that of consecutive samples, given their times since the onset, (n, n)."""
        muscle, noise = (linalg.toeplitz(x[: len(since_s)]) for x in (self.muscle, self.noise))
        samples = np.arange(len(rise.amplitude))
        amplitude = plateau_uv * np.interp(since_s * EMG_GRID_HZ, samples, rise.amplitude)
        return noise + muscle * np.outer(amplitude, amplitude)

    def _log_likelihoods(
        self, near_s: float, plateau_uv: float, rise: Rise, longest_s: float
    ) -> Array:
        """Return the log likelihood of onsets around a moment; −inf where it is far too low."""
        first_s, last_s = near_s - _REACH_S, near_s + _REACH_S
        # Noise before the first onset and muscle after the last rise are alike for all onsets.
        begin, end = np.searchsorted(
            self.time_s, (first_s - _SETTLED_S, last_s + 1.2 * longest_s + _SETTLED_S)
        )
        time_s, uv = self.time_s[begin:end], self.uv[begin:end]

        def log_likelihood(onset_s: float) -> float:
            covariance = self.covariance(time_s - onset_s, plateau_uv, rise)
            root = linalg.cholesky(covariance, lower=True, check_finite=False)
            white = linalg.solve_triangular(root, uv, lower=True, check_finite=False)
            return -0.5 * float(white @ white) - float(np.log(np.diag(root)).sum())

        onset_s = first_s + _FINE_S * np.arange(round(2 * _REACH_S / _FINE_S) + 1)
        log = np.full(len(onset_s), -np.inf)
        step = round(_COARSE_S / _FINE_S)
        for i in range(0, len(log), step):
            log[i] = log_likelihood(onset_s[i])
        relevant = np.flatnonzero(log > log.max() - _RELEVANT)
        around = relevant[:, None] + np.arange(-step + 1, step)
        for i in np.unique(np.clip(around, 0, len(log) - 1)):
            if np.isneginf(log[i]):
                log[i] = log_likelihood(onset_s[i])
        return log


def _summary(onset_s: Array, weight: Array) -> Posterior:
    below = np.cumsum(weight) - weight / 2
    low_s, median_s, high_s = np.interp((0.025, 0.5, 0.975), below, onset_s)
    sd_s = np.sqrt(weight @ (onset_s - weight @ onset_s) ** 2 + _FINE_S**2 / 12)
    return Posterior(float(median_s), float(sd_s), float(low_s), float(high_s))


def _noise_uv(scenario: Scenario, side: Side) -> float:
    """Return the RMS of the background, from how the signal-to-noise ratio is defined."""
    activation_uv = np.mean([rep.activation_uv[side] for rep in scenario.truth.reps])
    return float(activation_uv * 10 ** (-float(scenario.parameters[f"snr_{side}_db"]) / 20))


def _plateaus_uv(scenario: Scenario, side: Side, rise_s: float, noise_uv: float) -> list[float]:
    """Return how strong each contraction is after its rise, by what its carrier is times."""
    emg_uv = scenario.side(side).emg_uv.astype(np.float64)
    carrier = shaped_noise(
        random_stream(scenario.seed, side, "muscle"), len(emg_uv), surface_emg_amplitude
    )
    muscle_uv = emg_uv - background(scenario.seed, side, len(emg_uv), noise_uv)
    plateaus_uv: list[float] = []
    for rep in scenario.truth.reps:
        plateau = _plateau(rep, side, rise_s)
        own, times = carrier[plateau], muscle_uv[plateau]
        plateaus_uv.append(float(own @ times / (own @ own)))
    return plateaus_uv


def _plateau(rep: RepTruth, side: Side, rise_s: float) -> slice:
    """Return where a contraction is at its first level: it glides to the next at 35 %."""
    begin_s = rep.onset_s[side] + 2 * rise_s  # an exponential rise is complete, then
    end_s = rep.start_s + 0.33 * (rep.end_s - rep.start_s)
    return slice(round(begin_s * EMG_GRID_HZ), round(end_s * EMG_GRID_HZ))


def _unit(amplitude: Array) -> Array:
    """Return the power spectrum, per Hz, of a signal of unit RMS."""
    power = amplitude**2
    return power / np.trapezoid(power, _F_HZ)


def _front_end_gain(fs_hz: float) -> Array:
    """Return what `scenario_recording` leaves of the power at the electrode, both ways run."""
    low_pass = signal.butter(2, 0.262 * fs_hz, fs=EMG_GRID_HZ, output="sos")
    return np.abs(signal.sosfreqz(low_pass, _F_HZ, fs=EMG_GRID_HZ)[1]) ** 4


def _autocovariance(power_per_hz: Array, lag_s: Array) -> Array:
    cosines = np.cos(2 * np.pi * np.outer(lag_s, _F_HZ))
    return np.trapezoid(cosines * power_per_hz, _F_HZ, axis=1)
