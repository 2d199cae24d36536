"""Onset detectors that anyone can install, each behind the same call.

    pip install -e ".[benchmark]"

All get the same: about 1 kHz, causal 30-450 Hz with its delay compensated, a stretch around one
contraction that begins at rest, and rest of the same recording for those that take it. The answer
is the first activity that lasts. BioSPPy gives most parameters no default; here they are what the
paper behind each detector recommends, or implies, at 1 kHz. They are tuned over the grids.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stretches import Stretch

Array = NDArray[np.float64]

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # myonset imports a viewer

SLOW = 3  # slow detectors are asked about every third set
_LASTING_S = 0.05  # shorter activity is taken for noise

Find = Callable[..., float | None]


@dataclass(frozen=True)
class Detector:
    """One function of a library."""

    name: str  # the library, then what it calls it
    find: Find  # (stretch, **parameters) -> seconds from the stretch's first sample
    usual: dict[str, Any] = field(default_factory=dict[str, Any])  # where there are no defaults
    tuned: Find | None = None  # takes the parameters of the grid, if `find` does not
    grid: dict[str, tuple[Any, ...]] = field(default_factory=dict[str, tuple[Any, ...]])
    every: int = 1  # is asked about one of so many sets

    def settings(self) -> list[dict[str, Any]]:
        """Return every combination of the grid."""
        usual = {} if self.tuned else self.usual
        rows = product(*self.grid.values())
        return [usual | dict(zip(self.grid, row, strict=True)) for row in rows]

    def __call__(self, stretch: Stretch, parameters: dict[str, Any] | None = None) -> float | None:
        """Return the onset, usual or with parameters of the grid; None when there is none."""
        find = self.find if parameters is None else self.tuned or self.find
        given = self.usual if parameters is None else parameters
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                return find(stretch, **given)
            except (IndexError, ValueError):  # so some say that there is nothing
                return None


def missing() -> list[str]:
    """Return the libraries that are not installed, with what they need undeclared."""
    needed = {"NeuroKit2": ("neurokit2",), "BioSPPy": ("biosppy", "peakutils")}
    needed["myonset"] = ("myonset", "PyQt5")
    return [library for library, names in needed.items() if not all(map(find_spec, names))]


def detectors() -> list[Detector]:
    """Return those that are installed."""
    gone = missing()
    return [detector for detector in _DETECTORS if detector.name.split()[0] not in gone]


def _first_lasting(onsets: Array, offsets: Array, stretch: Stretch) -> float | None:
    """Return when the first activity begins that lasts, or goes on at the end."""
    for onset in onsets:
        ends = offsets[offsets > onset]
        if not len(ends) or ends[0] - onset >= _LASTING_S * stretch.fs_hz:
            return float(onset) / stretch.fs_hz
    return None


def _level(uv: Array, size: int, sds: float) -> float:
    """Return a threshold for a moving average of the rectified signal, from rest."""
    rest = _statistics(_smooth(np.abs(uv), size))
    return rest["mean"] + sds * rest["std_dev"]


def _neurokit(stretch: Stretch, method: str, **given: Any) -> float | None:
    import neurokit2

    # Silva's method fails when the signal ends in activity.
    after_uv = stretch.rest_uv[: stretch.samples(0.2) if method == "silva" else 0]
    uv = np.concatenate((stretch.uv, after_uv))
    _, info = neurokit2.emg_activation(
        emg_amplitude=neurokit2.emg_amplitude(uv, stretch.fs_hz),
        emg_cleaned=uv,
        sampling_rate=stretch.fs_hz,
        method=method,
        **given,
    )
    onsets, offsets = (np.asarray(info[f"EMG_{edge}"], float) for edge in ("Onsets", "Offsets"))
    return _first_lasting(onsets, offsets, stretch)


def _neurokit_threshold(stretch: Stretch, sds: float) -> float | None:
    import neurokit2

    rest = neurokit2.emg_amplitude(stretch.rest_uv, stretch.fs_hz)
    return _neurokit(stretch, "threshold", threshold=float(rest.mean() + sds * rest.std()))


def _neurokit_biosppy(stretch: Stretch, size_s: float, sds: float) -> float | None:
    level = _level(stretch.rest_uv, stretch.samples(size_s), sds)
    return _neurokit(stretch, "biosppy", size=size_s, threshold=level)


def _biosppy(
    stretch: Stretch, function: str, rest_as: str | None = "signal", **given: Any
) -> float | None:
    from biosppy.signals import emg

    if rest_as:
        given["rest"] = _REST[rest_as](stretch.rest_uv, given.get("size", 1))
    found = getattr(emg, function)(stretch.uv, sampling_rate=stretch.fs_hz, **given)
    edges = np.asarray(found["onsets"], float)  # beginnings and ends, in turn
    if function.startswith("hodges") and found["processed"][0] >= given["threshold"]:
        edges = edges[1:]  # it begins above the threshold
    return _first_lasting(edges[::2], edges[1::2], stretch)


def _biosppy_find(stretch: Stretch, size_s: float, sds: float) -> float | None:
    level = _level(stretch.rest_uv, stretch.samples(size_s), sds)
    return _biosppy(stretch, "find_onsets", None, size=size_s, threshold=level)


def _biosppy_silva(stretch: Stretch, size: int, times: float, sds: float) -> float | None:
    level = _level(stretch.rest_uv, size, sds)
    sizes = {"size": size, "threshold_size": round(times * size)}
    return _biosppy(stretch, "silva_onset_detector", None, threshold=level, **sizes)


def _smooth(values: Array, size: int) -> Array:
    return np.convolve(values, np.full(size, 1 / size), "valid")


def _statistics(values: Array) -> dict[str, float]:
    return {"mean": float(values.mean()), "std_dev": float(values.std())}


_REST: dict[str, Callable[[Array, int], Any]] = {
    "signal": lambda uv, size: uv,
    # The statistics of what is compared with the threshold, which is not the signal itself: tuned
    # detectors get these.
    "smoothed": lambda uv, size: _statistics(_smooth(np.abs(uv), size)),
    "variance": lambda uv, size: _statistics(_smooth(uv**2, size)),
    "teager": lambda uv, size: _statistics(np.abs(uv[1:-1] ** 2 - uv[:-2] * uv[2:])),
}


def _myonset(stretch: Stretch, **given: Any) -> float | None:
    import myonset

    n_rest = len(stretch.rest_uv)
    uv = np.concatenate((stretch.rest_uv, stretch.uv))
    time_s = (np.arange(len(uv)) - n_rest) / stretch.fs_hz  # what is before 0 is its baseline
    onsets, offsets = myonset.get_onsets(uv, time_s, sf=stretch.fs_hz, **given)
    inside = onsets >= n_rest
    return _first_lasting(onsets[inside] - n_rest, offsets[inside] - n_rest, stretch)


def _myonset_tuned(stretch: Stretch, method: str, th_raw: float, th_tkeo: float) -> float | None:
    return _myonset(stretch, method=method, params={"th_raw": th_raw, "th_tkeo": th_tkeo})


def _myonset_profile(stretch: Stretch, average_s: float) -> float | None:
    import myonset

    time_s = np.arange(len(stretch.uv)) / stretch.fs_hz
    onset, _ = myonset.get_onset_ip(stretch.uv, time_s, moving_avg_size=stretch.samples(average_s))
    return float(onset) / stretch.fs_hz


_DETECTORS = (
    Detector(
        "NeuroKit2 threshold",
        partial(_neurokit, method="threshold"),
        tuned=_neurokit_threshold,
        grid={"sds": (2.0, 4.0, 8.0, 16.0)},
        every=SLOW,
    ),
    Detector(
        "NeuroKit2 mixture",
        partial(_neurokit, method="mixture"),
        grid={"threshold": (0.33, 0.6, 0.9)},
        every=SLOW,
    ),
    Detector("NeuroKit2 pelt", partial(_neurokit, method="pelt"), every=20),
    Detector(
        "NeuroKit2 biosppy",
        partial(_neurokit, method="biosppy"),
        tuned=_neurokit_biosppy,
        grid={"size_s": (0.03,), "sds": (3.0, 6.0, 12.0)},
        every=SLOW,
    ),
    Detector("NeuroKit2 silva", partial(_neurokit, method="silva"), every=SLOW),
    Detector(
        "BioSPPy find_onsets",
        partial(_biosppy, function="find_onsets", rest_as=None),
        tuned=_biosppy_find,
        grid={"size_s": (0.025, 0.05, 0.1), "sds": (2.0, 4.0, 8.0, 16.0)},
    ),
    Detector(
        "BioSPPy hodges_bui",
        partial(_biosppy, function="hodges_bui_onset_detector"),
        {"size": 50, "threshold": 3.0},
        grid={"rest_as": ("smoothed",), "size": (25, 50, 80), "threshold": (2.0, 4.0, 8.0, 16.0)},
    ),
    Detector(
        "BioSPPy bonato",
        partial(_biosppy, function="bonato_onset_detector"),
        {"threshold": 10.0, "active_state_duration": 15, "samples_above_fail": 3, "fail_size": 8},
        grid={"threshold": (4.0, 7.0, 10.0, 20.0), "active_state_duration": (10, 20)},
    ),
    Detector(
        "BioSPPy lidierth",
        partial(_biosppy, function="lidierth_onset_detector"),
        {"size": 25, "threshold": 3.0, "active_state_duration": 30, "fail_size": 10},
        grid={"rest_as": ("smoothed",), "size": (15, 30, 60), "threshold": (2.0, 4.0, 8.0, 16.0)},
    ),
    Detector(
        "BioSPPy abbink",
        partial(_biosppy, function="abbink_onset_detector"),
        {"size": 25, "alarm_size": 50, "threshold": 3.0, "transition_threshold": 1.0},
        grid={
            "rest_as": ("smoothed",),
            "threshold": (4.0, 10.0),
            "transition_threshold": (1.0, 2.0),
        },
        every=SLOW,
    ),
    Detector(
        "BioSPPy solnik",
        partial(_biosppy, function="solnik_onset_detector"),
        {"threshold": 15.0, "active_state_duration": 25},
        grid={
            "rest_as": ("teager",),
            "threshold": (4.0, 8.0, 15.0, 30.0),
            "active_state_duration": (10, 25, 50),
        },
    ),
    Detector(
        "BioSPPy silva",
        partial(_biosppy, function="silva_onset_detector", rest_as=None),
        {"size": 20, "threshold_size": 22, "threshold": 0.05},
        tuned=_biosppy_silva,
        grid={"size": (20, 50), "times": (1.1, 2.0), "sds": (3.0, 6.0, 12.0)},
    ),
    Detector(
        "BioSPPy londral",
        partial(_biosppy, function="londral_onset_detector"),
        {"size": 20, "threshold": 3.0, "active_state_duration": 30},
        grid={"rest_as": ("variance",), "threshold": (3.0, 6.0, 12.0)},
    ),
    Detector(
        "myonset single threshold",
        partial(_myonset, method="single_threshold"),
        tuned=partial(_myonset_tuned, method="single_threshold"),
        grid={"th_raw": (3.5, 5.0, 7.0), "th_tkeo": (8.0, 16.0, 32.0)},
    ),
    Detector(
        "myonset double threshold",
        partial(_myonset, method="double_threshold"),
        tuned=partial(_myonset_tuned, method="double_threshold"),
        grid={"th_raw": (2.0, 3.0, 5.0), "th_tkeo": (3.0, 6.0, 12.0)},
    ),
    Detector(
        "myonset integrated profile",
        _myonset_profile,
        {"average_s": 0.015},
        grid={"average_s": (0.001, 0.015, 0.05)},
    ),
)
