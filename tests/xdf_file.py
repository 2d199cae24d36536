"""A small XDF file, written after the specification of the format."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray


@dataclass
class Stream:
    """What one device sent."""

    name: str
    time_s: NDArray[np.float64]
    values: NDArray[np.float64] | list[str]
    channels: Sequence[tuple[str, str]] = ()  # label and unit
    rate_hz: float = 0.0
    clock_offset_s: float = 0.0


def write_xdf(path: Path, streams: Sequence[Stream]) -> None:
    """Write the streams one after the other."""
    with path.open("wb") as file:
        file.write(b"XDF:")
        file.write(_chunk(1, b"<info><version>1.0</version>"
                             b"<datetime>2026-05-04T18:30:09+0000</datetime></info>"))  # fmt: skip
        for number, stream in enumerate(streams, 1):
            of = struct.pack("<I", number)
            words = isinstance(stream.values, list)
            width = 1 if words or np.ndim(stream.values) == 1 else np.shape(stream.values)[1]
            ends_s = stream.time_s[[0, -1]] if len(stream.time_s) else np.zeros(0)
            listed = "".join(
                f"<channel><label>{escape(label)}</label><unit>{escape(unit)}</unit></channel>"
                for label, unit in stream.channels
            )
            form = "string" if words else "double64"
            header = (
                f"<info><name>{stream.name}</name><type>EMG</type>"
                f"<channel_count>{width}</channel_count>"
                f"<nominal_srate>{stream.rate_hz}</nominal_srate>"
                f"<channel_format>{form}</channel_format><source_id>{number}</source_id>"
                f"<desc><channels>{listed}</channels></desc></info>"
            )
            file.write(_chunk(2, of + header.encode()))
            if len(ends_s):
                samples = _words(stream) if words else _numbers(stream)
                count = struct.pack("<I", len(stream.time_s))
                file.write(_chunk(3, of + b"\x04" + count + samples))
            for at_s in ends_s:
                file.write(_chunk(4, of + struct.pack("<dd", at_s, stream.clock_offset_s)))
            footer = (
                f"<info><first_timestamp>{ends_s.min(initial=0)}</first_timestamp>"
                f"<last_timestamp>{ends_s.max(initial=0)}</last_timestamp>"
                f"<sample_count>{len(stream.time_s)}</sample_count></info>"
            )
            file.write(_chunk(6, of + footer.encode()))


def _chunk(tag: int, content: bytes) -> bytes:
    body = struct.pack("<H", tag) + content
    return b"\x04" + struct.pack("<I", len(body)) + body


def _numbers(stream: Stream) -> bytes:
    values = np.asarray(stream.values, "<f8").reshape(len(stream.time_s), -1)
    stamped = zip(stream.time_s, values, strict=True)
    return b"".join(b"\x08" + struct.pack("<d", t) + row.tobytes() for t, row in stamped)


def _words(stream: Stream) -> bytes:
    out = b""
    for at_s, text in zip(stream.time_s, stream.values, strict=True):
        data = str(text).encode()
        out += b"\x08" + struct.pack("<d", at_s) + b"\x04" + struct.pack("<I", len(data)) + data
    return out
