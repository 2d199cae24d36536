"""One pod's EMG as a BDF+ file of 24 bits: the pod's own samples at the pod's own rate.

Nothing is resampled: the file's rate is the measured one, to less than a millionth, through the
length of its data records. A BDF file cannot leave out samples: those that are missing are 0 and
have ``MISSING`` in the second signal, which has ``LEAD_OFF`` and ``CLIPPED``, too. Annotations say
the same to people and to MNE, which leaves out what is called BAD and filters nothing across
BAD_ACQ_SKIP.

Ref: https://www.teuniz.net/edfbrowser/bdfplus%20format%20description.html
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import edfio
import numpy as np
from numpy.typing import NDArray

from glutesym.dsp.runs import runs
from glutesym.formats import bdf_plus
from glutesym.formats.bdf_plus import write_bdf_plus
from glutesym.formats.bdf_signal import Counts, counts_of, microvolts
from glutesym.formats.time_line import position_at
from glutesym.recording import EmgRecord, PodRecord

LEAD_OFF, CLIPPED, MISSING, PADDING = 1, 2, 4, 8  # bits of the second signal
STATUS_MEANING = {
    LEAD_OFF: "an electrode was off the skin",
    CLIPPED: "the converter was at its rail",
    MISSING: "the sample is missing; its value is 0 and means nothing",
    PADDING: "after the last sample: fills the last data record",
}
SKIP = "BAD_ACQ_SKIP"  # what MNE calls stretches that were not acquired
_STATUS_MOST = 15
_RECORD_S = (0.5, 1.5)  # length of a data record: within this, what fits the rate best


@dataclass(frozen=True)
class Annotation:
    """Words at a moment of session time."""

    time_s: float
    duration_s: float | None
    text: str


@dataclass(frozen=True)
class BdfFile:
    """What was written."""

    label: str  # of the EMG signal
    status_label: str
    fs_hz: float  # of the file
    n_samples: int  # without padding
    signal: Counts


def write_bdf(
    path: Path,
    pod: PodRecord,
    started: datetime,
    annotations: Iterable[Annotation] = (),
    subject: str = "",
) -> BdfFile:
    """Write one pod's EMG.

    Parameters
    ----------
    path : Path
        A new file.
    pod : PodRecord
        With one EMG sample at least.
    started : datetime
        Of session time 0; with a time zone it is written as UTC.
    annotations : iterable of Annotation
        What else to annotate, as far as it is within the file. Stretches that are missing or
        flagged always are.
    subject : str
        A code, never a name.

    Raises
    ------
    ValueError
        There is no sample.
    OSError
        The file cannot be written.
    """
    emg = pod.emg
    n = len(emg.uv)
    if not n:
        raise ValueError("a BDF file needs one sample at least")
    record_samples, record_s = record_of(emg.fs_hz)
    fs_hz = record_samples / record_s
    n_padded = -(-n // record_samples) * record_samples
    signal = counts_of(emg.uv)
    label, status_label = f"EMG {pod.side}", f"status {pod.side}"
    write_bdf_plus(
        path,
        [
            bdf_plus.Signal(
                label,
                _padded(signal.counts, n_padded, 0),
                "uV",
                (-signal.range_uv, signal.range_uv),
                (-signal.range_counts, signal.range_counts),
                "bipolar surface electrodes",
            ),
            bdf_plus.Signal(
                status_label,
                _padded(status_of(emg), n_padded, PADDING),
                "",
                (0, _STATUS_MOST),
                (0, _STATUS_MOST),
                "1 lead off, 2 clipped, 4 missing, 8 padding",
            ),
        ],
        record_samples,
        round(record_s * 1e6),
        started + timedelta(seconds=float(emg.time_s[0])),
        _annotations(pod, annotations, fs_hz, n_padded),
        subject,
    )
    return BdfFile(label, status_label, fs_hz, n, signal)


def read_bdf(path: Path, step_pv: int, n: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return what `write_bdf` wrote, as it was measured.

    Returns
    -------
    (n,) µV, NaN where missing; shorter if the file is cut off
    (n,) status bits
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is cut off: the caller sees it by the length
        emg, status = (signal.digital[:n] for signal in edfio.read_bdf(path).signals)
    uv = microvolts(emg, step_pv)
    uv[status & MISSING != 0] = np.nan
    return uv, status


def record_of(fs_hz: float) -> tuple[int, float]:
    """Return samples and seconds a data record whose quotient is as near to a rate as can be."""
    samples = np.arange(round(_RECORD_S[0] * fs_hz), round(_RECORD_S[1] * fs_hz) + 1)
    length_s = np.round(samples / fs_hz, 6)  # eight characters
    best = int(np.argmin(np.abs(samples / length_s - fs_hz)))
    return int(samples[best]), float(length_s[best])


def status_of(emg: EmgRecord) -> NDArray[np.int32]:
    """Return the bits of every sample."""
    status = LEAD_OFF * emg.lead_off + CLIPPED * emg.clipped + MISSING * np.isnan(emg.uv)
    return np.asarray(status, np.int32)


def _padded(values: NDArray[np.int32], n: int, fill: int) -> NDArray[np.int32]:
    return np.concatenate((values, np.full(n - len(values), fill, np.int32)))


def _annotations(
    pod: PodRecord, more: Iterable[Annotation], fs_hz: float, n_padded: int
) -> list[bdf_plus.Annotation]:
    """Return all annotations on the file's own time axis, as far as they are within it."""
    emg = pod.emg

    def at_us(time_s: float) -> int:
        return round(position_at(time_s, emg.time_s, fs_hz) / fs_hz * 1e6)

    end_us = round(len(emg.uv) / fs_hz * 1e6)
    found: list[bdf_plus.Annotation] = []
    for one in (*_stretches(pod), *more):
        start_us = at_us(one.time_s)
        if 0 <= start_us <= end_us:
            length_us = None
            if one.duration_s is not None:
                length_us = at_us(one.time_s + one.duration_s) - start_us
            found.append(bdf_plus.Annotation(start_us, length_us, one.text))
    if n_padded > len(emg.uv):
        padding_us = round(n_padded / fs_hz * 1e6) - end_us
        text = f"{SKIP} {STATUS_MEANING[PADDING]}"
        found.append(bdf_plus.Annotation(end_us, padding_us, text))
    return found


def _stretches(pod: PodRecord) -> Sequence[Annotation]:
    """Return what is annotated of the samples: those that are missing, lead off, rail."""
    emg = pod.emg
    found: list[Annotation] = []
    for flags, text in (
        (np.isnan(emg.uv), SKIP),
        (emg.lead_off, f"BAD_lead_off {STATUS_MEANING[LEAD_OFF]}"),
        (emg.clipped, f"BAD_clipped {STATUS_MEANING[CLIPPED]}"),
    ):
        for start, stop in runs(flags):
            start_s = float(emg.time_s[start])
            long_s = float(emg.time_s[stop - 1]) - start_s + 1 / emg.fs_hz
            why = text
            if text == SKIP:
                reasons = dict.fromkeys(
                    gap.reason
                    for gap in pod.gaps
                    if gap.start_s <= start_s + long_s and gap.end_s >= start_s
                )
                why = " ".join((SKIP, "; ".join(reasons))).strip()
            found.append(Annotation(start_s, long_s, why))
    return found
