"""How a session was measured, item by item, for whoever reports or doubts it.

The items are those of the ISEK standards for reporting EMG data (Merletti 1999), and what the
matrices of the CEDE project ask for on electrodes (Besomi et al. 2019, J Electromyogr Kinesiol
48:128) and normalisation (Besomi et al. 2020, J Electromyogr Kinesiol 53:102438). What nobody
wrote down is said to be so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glutesym import __version__
from glutesym.analysis.asymmetry import MIN_REPS
from glutesym.analysis.quality import GOOD_SNR_DB, MIN_SNR_DB
from glutesym.analysis.rep_curves import WINDOW_S
from glutesym.analysis.timing import N_MODELS
from glutesym.dsp.bandpass import HIGH_HZ, LOW_HZ, ORDER
from glutesym.measures import SIDES

if TYPE_CHECKING:
    from glutesym.session.analyze import AnalyzedSession

HEADING = "Method, after the ISEK standards and the CEDE project"


def method_facts(session: AnalyzedSession) -> list[tuple[str, str]]:
    """Return name and text of every item."""
    mains_hz = session.settings.mains_hz
    notch = f"causal notch at {mains_hz:g} Hz" if mains_hz else "no notch"
    versions = session.meta.versions
    return [
        (
            "Muscle and electrodes",
            f"{session.meta.placement}, both sides alike. The kit's instructions: bipolar gel "
            "electrodes with a conductive part of at most 10 mm, 20 mm apart, along the fibres "
            "(SENIAM); the reference on the iliac crest; skin shaved and cleaned with alcohol. "
            "What was really done was not recorded",
        ),
        ("Front end", _front_end(session)),
        ("Sampling", _rates(session)),
        (
            "Filter",
            f"band-pass {LOW_HZ:g}–{HIGH_HZ:g} Hz, Butterworth, order {ORDER}, causal, its delay "
            f"taken out; {notch}",
        ),
        (
            "Repetitions",
            "from gravity as both pods feel it: away from a pose and back to it. Nothing is "
            "interpolated: a repetition with a missing sample is excluded",
        ),
        (
            "Amplitude",
            "RMS from onset to offset, the power at rest subtracted before the root. Curves: RMS "
            f"in {1000 * WINDOW_S:.0f} ms, time-normalised to the movement, 0–100 %",
        ),
        ("Normalisation", _normalisation(session)),
        (
            "Onset and offset",
            f"Bayesian change point on the power of seven bands, over {N_MODELS} models of the "
            f"rise; timed from {MIN_SNR_DB:g} dB signal-to-noise ratio on, good from "
            f"{GOOD_SNR_DB:g} dB",
        ),
        (
            "Asymmetry",
            "symmetry index 100·(R − L)/(0.5·(R + L)) of the mean activations: positive when the "
            f"right side is larger. Interval: Student's t over at least {MIN_REPS} repetitions; a "
            "side is called lower if 0 is not in it",
        ),
        (
            "Timing",
            "onset left − onset right: positive when the left side is later. Random-effects model "
            "over the repetitions' posteriors; the clocks' uncertainty is in its interval",
        ),
        (
            "Software",
            f"recorded with glutesym {versions.get('glutesym', 'of unknown version')}, measured "
            f"with glutesym {__version__}; {_firmware(session)}",
        ),
    ]


def _front_end(session: AnalyzedSession) -> str:
    said: list[str] = []
    for side in SIDES:
        pod = session.recording.pods.get(side)
        emg: Any = pod.info.get("emg") if pod else None
        if isinstance(emg, dict):
            chip, gain = emg.get("chip", "unknown"), emg.get("gain", "unknown")
            said.append(f"{chip}, gain {gain}")
    kinds = list(dict.fromkeys(said))
    if not kinds:
        return "not told by the pods"
    return f"{' and '.join(kinds)}; direct-coupled, 24 bit" if "ADS1292R" in kinds[0] else kinds[0]


def _rates(session: AnalyzedSession) -> str:
    rates = [
        f"{side} {pod.emg.fs_hz:.1f} Hz"
        for side, pod in session.recording.pods.items()
        if len(pod.emg.time_s)
    ]
    return f"EMG as measured by the host's clock: {', '.join(rates)}" if rates else "no samples"


def _normalisation(session: AnalyzedSession) -> str:
    normalised = session.normalised
    if normalised is None or normalised.ratio is None:
        return "none: amplitudes are in µV, which depend on skin and electrodes"
    if not normalised.placement:
        return "none: each side is also set against the highest 500 ms of this set"
    sources = [f"{side}: {normalised.mvic[side].source}" for side in SIDES]
    return f"maximal voluntary contraction, highest 500 ms RMS ({', '.join(sources)})"


def _firmware(session: AnalyzedSession) -> str:
    said = [
        f"{side} pod {pod.info.get('firmware', 'of unknown version')}"
        for side, pod in session.recording.pods.items()
    ]
    return f"firmware: {', '.join(said)}" if said else "no pod"
