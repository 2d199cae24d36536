"""What anyone can install to process surface EMG, each behind the same call.

    pip install -e ".[benchmark]"

All get the same: the channels of one recording as they are, electrode offset included. What they
do with it differs: none of them counts repetitions, times two sides together or says how sure it
is. The comparison is of time alone.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Array = NDArray[np.float64]

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # myonset imports a viewer
BASELINE = "scipy: band-pass and envelope"


@dataclass(frozen=True)
class Pipeline:
    """One way of processing one channel."""

    name: str
    process: Callable[[Array, float], object]  # (uv, fs_hz)
    needs: tuple[str, ...] = ()  # modules, those included that a library needs undeclared
    most_s: float = float("inf")  # of a channel that it is given: it is slow

    @property
    def missing(self) -> bool:
        """Whether it is not installed."""
        return not all(map(find_spec, self.needs))

    def __call__(self, uv: Array, fs_hz: float) -> None:
        """Process one channel."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            self.process(uv, fs_hz)


def _scipy(uv: Array, fs_hz: float) -> Array:
    band = signal.butter(4, (20, 450), "bandpass", fs=fs_hz, output="sos")
    low = signal.butter(2, 6, fs=fs_hz, output="sos")
    return signal.sosfiltfilt(low, np.abs(signal.sosfiltfilt(band, uv)))


def _neurokit(uv: Array, fs_hz: float) -> object:
    import neurokit2

    return neurokit2.emg_process(uv, sampling_rate=round(fs_hz))


def _biosppy(uv: Array, fs_hz: float) -> object:
    from biosppy.signals import emg

    return emg.emg(uv, sampling_rate=fs_hz, show=False)


def _pyemgpipeline(uv: Array, fs_hz: float) -> object:
    from pyemgpipeline.wrappers import EMGMeasurement

    measurement = EMGMeasurement(uv, hz=fs_hz)
    measurement.apply_dc_offset_remover()
    measurement.apply_bandpass_filter()
    measurement.apply_full_wave_rectifier()
    measurement.apply_linear_envelope()
    return measurement.data


def _myonset(uv: Array, fs_hz: float) -> object:
    import myonset

    band = signal.butter(4, (20, 450), "bandpass", fs=fs_hz, output="sos")
    time_s = np.arange(len(uv)) / fs_hz - 2.0  # what is before 0 is its baseline
    return myonset.get_onsets(signal.sosfiltfilt(band, uv), time_s, sf=fs_hz)


PIPELINES = (
    Pipeline(BASELINE, _scipy),
    Pipeline("pyemgpipeline", _pyemgpipeline, ("pyemgpipeline", "matplotlib")),
    Pipeline("BioSPPy emg.emg", _biosppy, ("biosppy", "peakutils")),
    Pipeline("myonset get_onsets", _myonset, ("myonset", "PyQt5")),
    Pipeline("NeuroKit2 emg_process", _neurokit, ("neurokit2",), most_s=20.0),
)
