"""EDF, EDF+, BDF and BDF+ files of any EMG system."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path

import edfio
import numpy as np

from glutesym.errors import RecordingFileError
from glutesym.formats.bdf import SKIP
from glutesym.formats.foreign import Channel, ForeignFile, Mark, Samples

_BDF = b"\xffBIOSEMI"


def read_edf(path: Path) -> ForeignFile:
    """Read the header and the annotations; channels are read when they are loaded.

    Samples within annotations that begin with BAD_ACQ_SKIP are missing.

    Raises
    ------
    RecordingFileError
        It is damaged, or interrupted recordings are in one file (EDF+D).
    """
    notes: list[str] = []
    try:
        with warnings.catch_warnings(record=True) as caught, path.open("rb") as file:
            warnings.simplefilter("always")
            is_bdf = file.read(8).startswith(_BDF)
            read = edfio.read_bdf if is_bdf else edfio.read_edf
            recording = read(path, header_encoding="latin-1")
            kind = recording.reserved[:5].strip() or ("BDF" if is_bdf else "EDF")
            if kind.endswith("+D") and not recording.is_continuous:
                raise RecordingFileError(
                    path,
                    "it was interrupted (EDF+D), and is not supported. Export each stretch "
                    "without an interruption as a file of its own.",
                )
            marks = tuple(Mark(a.onset, a.duration or None, a.text) for a in recording.annotations)
            channels = tuple(_channel(path, signal, marks) for signal in recording.signals)
        notes += [str(one.message) for one in caught]
    except UnboundLocalError as error:  # edfio, of data records that last 0 s
        raise RecordingFileError(path, "its header does not say how long it lasts.") from error
    except (ValueError, IndexError, AttributeError, StopIteration) as error:
        raise RecordingFileError(path, f"its header is damaged ({error}).") from error
    except ZeroDivisionError as error:
        raise RecordingFileError(path, "its header says that it has no samples.") from error
    return ForeignFile(path, kind, channels, marks, _started(recording), tuple(notes))


def _channel(
    path: Path, signal: edfio.EdfSignal | edfio.BdfSignal, marks: tuple[Mark, ...]
) -> Channel:
    def load() -> Samples:
        if not _calibrated(signal):
            raise RecordingFileError(
                path,
                f'"{signal.label}": its header does not say what the numbers are worth. Physical '
                "and digital minimum and maximum must be two numbers each that differ.",
            )
        values = np.array(signal.data, np.float64)
        fs_hz = float(signal.sampling_frequency)
        time_s = np.arange(len(values)) / fs_hz
        for mark in marks:
            if mark.text.upper().startswith(SKIP) and mark.duration_s:
                first = round(mark.start_s * fs_hz)
                values[max(0, first) : max(0, round((mark.start_s + mark.duration_s) * fs_hz))] = (
                    np.nan
                )
        return time_s, values

    return Channel(signal.label, signal.physical_dimension, "file", load)


def _calibrated(signal: edfio.EdfSignal | edfio.BdfSignal) -> bool:
    """Whether edfio can turn counts into a unit: where it cannot, it returns counts."""
    try:
        physical, digital = signal.physical_range, signal.digital_range
    except ValueError:
        return False
    return physical.min != physical.max and digital.min != digital.max


def _started(recording: edfio.Edf | edfio.Bdf) -> datetime | None:
    try:
        return recording.startdatetime.replace(tzinfo=UTC)
    except ValueError:  # anonymized, or not as the standard has it
        return None
