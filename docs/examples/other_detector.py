"""Another onset detector on a session: Teager-Kaiser energy over a threshold, beside glutesym's.

python docs/examples/other_detector.py SESSION.glutesym

Put your own function in the place of `first_activity_s`. To compare it over many sets whose truth
is known, add it to benchmarks/public_detectors.py and run benchmarks/onsets.py.
"""

import sys

import numpy as np
from scipy import signal, stats

import glutesym

THRESHOLD_SD = 8.0  # of the energy at rest: Solnik et al. 2010 take 8 for signals like these
LASTING_S = 0.025  # shorter activity is noise: the same
REST_S = 0.3  # before a repetition


def first_activity_s(uv: np.ndarray, fs_hz: float, rest_s: float) -> float | None:
    """Return when EMG first rises and stays, s from its first sample; None when it does not."""
    sos = signal.butter(4, (30, 300), "bandpass", fs=fs_hz, output="sos")
    filtered = signal.sosfiltfilt(sos, np.nan_to_num(uv))
    energy = np.zeros_like(filtered)
    energy[1:-1] = filtered[1:-1] ** 2 - filtered[:-2] * filtered[2:]  # Kaiser 1990
    at_rest = energy[: round(rest_s * fs_hz)]
    active = energy > at_rest.mean() + THRESHOLD_SD * at_rest.std()
    share = np.convolve(active, np.ones(round(LASTING_S * fs_hz)), "valid") * 1.0
    lasting = np.flatnonzero(share >= 0.5 * LASTING_S * fs_hz)
    return None if lasting.size == 0 else float(lasting[0] / fs_hz)


def main(path: str) -> None:
    session = glutesym.load(path)
    if set(session.recording.pods) != {"left", "right"}:
        raise glutesym.GlutesymError("A lag needs both sides; this session has one.")
    lags_ms = []
    print("Repetition: onset left − right, ms, this detector | glutesym")
    for rep in session.measures.reps:
        onsets_s = {}
        for side in ("left", "right"):
            emg = session.emg(side)
            part = slice(*np.searchsorted(emg.time_s, (rep.start_s - REST_S, rep.end_s)))
            found_s = first_activity_s(emg.uv[part], emg.fs_hz, REST_S / 2)
            onsets_s[side] = np.nan if found_s is None else emg.time_s[part][0] + found_s
        lags_ms.append(1e3 * (onsets_s["left"] - onsets_s["right"]))
        theirs = "not found" if np.isnan(lags_ms[-1]) else f"{lags_ms[-1]:+.0f}"
        ours = "withheld" if rep.lag_ms is None else f"{rep.lag_ms:+.0f}"
        print(f"{rep.number}: {theirs} | {ours}")
    known_ms = np.array(lags_ms)[np.isfinite(lags_ms)]
    if known_ms.size < 3:
        raise glutesym.GlutesymError("This detector found too few onsets on both sides.")
    spread = stats.bootstrap((known_ms,), np.median, rng=1).confidence_interval
    print(f"Set: {np.median(known_ms):+.0f} ms ({spread.low:+.0f} to {spread.high:+.0f})")
    print(session.sentence)
    print(
        "A threshold misses onsets that rise slowly or out of noise, or finds them elsewhere: "
        "where the two differ is what there is to look at."
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(sys.argv[1])
    except glutesym.GlutesymError as error:
        sys.exit(f"Error: {error}")
