"""The bytes of a BDF+ file: header, data records of 24 bits, annotations.

Written here because strict readers (EDFlib) demand that every data record's time is exactly that
of the one before and the record's length, in decimals: times are whole microseconds.

Ref: https://www.edfplus.info/specs/edfplus.html and
https://www.teuniz.net/edfbrowser/bdfplus%20format%20description.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
_BYTES = 3  # a sample
_CODE_MOST = 64  # characters; with the other fields of the patient fewer than 80


@dataclass(frozen=True)
class Signal:
    """A signal, all of one rate."""

    label: str
    digital: NDArray[np.int32]  # (n,) whole data records
    unit: str
    physical: tuple[float, float]  # what ...
    range: tuple[int, int]  # ... these digital values are
    transducer: str = ""


@dataclass(frozen=True)
class Annotation:
    """Words at a moment of the file's own time."""

    start_us: int
    duration_us: int | None
    text: str


def write_bdf_plus(
    path: Path,
    signals: Sequence[Signal],
    record_samples: int,
    record_us: int,
    started: datetime,
    annotations: Sequence[Annotation],
    subject: str = "",
) -> None:
    """Write a file.

    Parameters
    ----------
    path : Path
    signals : sequence of Signal
        Of one length, a multiple of ``record_samples``.
    record_samples, record_us : int
        Samples and microseconds of a data record: the rate.
    started : datetime
        Of the first sample.
    annotations : sequence of Annotation
        None before the first sample.
    subject : str
        A code; what the header cannot hold of it, spaces among it, becomes ``_``.

    Raises
    ------
    OSError
        It cannot be written.
    """
    n_records = len(signals[0].digital) // record_samples
    words = _annotation_bytes(annotations, n_records, record_us, started.microsecond)
    records = np.empty((n_records, len(signals) * record_samples * _BYTES + words.shape[1]), "u1")
    width = record_samples * _BYTES
    for i, signal in enumerate(signals):
        samples = signal.digital.astype("<i4").view("u1").reshape(-1, 4)[:, :_BYTES]
        records[:, i * width : (i + 1) * width] = samples.reshape(n_records, width)
    records[:, len(signals) * width :] = words
    all_signals = [
        *((signal, record_samples) for signal in signals),
        (
            Signal("BDF Annotations", np.empty(0, np.int32), "", (-1, 1), (-(2**23), 2**23 - 1)),
            words.shape[1] // _BYTES,
        ),
    ]
    with path.open("wb") as file:
        file.write(_header(started, n_records, record_us, len(all_signals), subject))
        file.write(_signal_header(all_signals))
        records.tofile(file)


def _header(started: datetime, n_records: int, record_us: int, n: int, subject: str) -> bytes:
    day = f"{started:%d}-{_MONTHS[started.month - 1]}-{started:%Y}"
    code = "".join(c if "!" <= c <= "~" else "_" for c in subject) or "X"
    return b"\xffBIOSEMI" + "".join(
        (
            f"{code[:_CODE_MOST]} X X X".ljust(80),
            f"Startdate {day} X X glutesym".ljust(80),
            f"{started:%d.%m.%y}",
            f"{started:%H.%M.%S}",
            f"{256 * (n + 1)}".ljust(8),
            "BDF+C".ljust(44),
            f"{n_records}".ljust(8),
            _decimal(record_us)[:8].ljust(8),
            f"{n}".ljust(4),
        )
    ).encode("ascii")


def _signal_header(signals: Sequence[tuple[Signal, int]]) -> bytes:
    columns = [
        [signal.label.ljust(16) for signal, _ in signals],
        [signal.transducer.ljust(80) for signal, _ in signals],
        [signal.unit.ljust(8) for signal, _ in signals],
        *([f"{signal.physical[end]:.8g}".ljust(8) for signal, _ in signals] for end in (0, 1)),
        *([f"{signal.range[end]}".ljust(8) for signal, _ in signals] for end in (0, 1)),
        [" " * 80 for _ in signals],  # prefiltering
        [f"{samples}".ljust(8) for _, samples in signals],
        [" " * 32 for _ in signals],
    ]
    return "".join(text for column in columns for text in column).encode("ascii")


def _annotation_bytes(
    annotations: Sequence[Annotation], n_records: int, record_us: int, first_us: int
) -> NDArray[np.uint8]:
    """Return the annotations of each record, (n_records, m), m a multiple of three."""
    records = [
        bytearray(f"+{_decimal(first_us + i * record_us)}\x14\x14\0".encode())
        for i in range(n_records)
    ]
    for i, one in enumerate(sorted(annotations, key=lambda a: a.start_us)):
        length = "" if one.duration_us is None else f"\x15{_decimal(one.duration_us)}"
        text = "".join(c if c.isprintable() else " " for c in one.text)
        words = f"+{_decimal(first_us + one.start_us)}{length}\x14{text}\x14\0"
        records[i * n_records // len(annotations)] += words.encode()
    most = max(len(record) for record in records)
    most += -most % _BYTES
    together = b"".join(bytes(record).ljust(most, b"\0") for record in records)
    return np.frombuffer(together, np.uint8).reshape(n_records, most)


def _decimal(us: int) -> str:
    """Return microseconds as seconds, exactly."""
    text = f"{us // 1_000_000}.{us % 1_000_000:06d}".rstrip("0")
    return text.rstrip(".")
