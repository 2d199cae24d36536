"""XDF files: streams of the Lab Streaming Layer, as LabRecorder writes them.

Ref: https://github.com/sccn/xdf/wiki/Specifications
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from glutesym.errors import MissingPartError, RecordingFileError
from glutesym.formats.even import evenly
from glutesym.formats.foreign import Channel, ForeignFile, Mark, Samples
from glutesym.installing import install_command

_MAGIC = b"XDF:"


def is_xdf(head: bytes) -> bool:
    """Whether a file that begins so is one."""
    return head.startswith(_MAGIC)


def read_xdf(path: Path) -> ForeignFile:
    """Read every stream, clocks of streams corrected and jitter taken out as pyxdf does it.

    A channel is called by its label, or by its stream's name and its number; where two streams
    have the same label, ``stream/label``. Streams of one name are counted: ``EMG``, ``EMG #2``.
    Time 0 is the first sample of all.

    Raises
    ------
    RecordingFileError
        It is damaged.
    MissingPartError
        pyxdf is not installed.
    """
    try:
        import pyxdf
    except ModuleNotFoundError as error:
        raise MissingPartError("What reads XDF", install_command("formats")) from error
    logging.getLogger("pyxdf").setLevel(logging.CRITICAL)  # a file that is cut off: told below
    try:
        streams, header = cast(tuple[list[Any], Any], pyxdf.load_xdf(str(path)))
    except Exception as error:  # pyxdf raises whatever it meets
        raise RecordingFileError(path, f"it is damaged ({error}).") from error
    starts = [float(s["time_stamps"][0]) for s in streams if len(s["time_stamps"])]
    if not starts:
        raise RecordingFileError(path, "no stream in it has a sample.")
    first_s = min(starts)
    seen: Counter[str] = Counter()
    channels: list[Channel] = []
    marks: list[Mark] = []
    for stream in streams:
        if stream["info"]["channel_format"][0] == "string":
            times = np.asarray(stream["time_stamps"]) - first_s
            rows = cast(list[list[str]], stream["time_series"])
            marks += [
                Mark(float(t), None, " ".join(row)) for t, row in zip(times, rows, strict=True)
            ]
        else:
            name = str(stream["info"]["name"][0])
            seen[name] += 1
            clock = name if seen[name] == 1 else f"{name} #{seen[name]}"
            channels += _channels(path, stream, clock, first_s)
    labels = [channel.name for channel in channels]
    named = [
        channel
        if labels.count(channel.name) == 1
        else Channel(f"{channel.clock}/{channel.name}", channel.unit, channel.clock, channel.load)
        for channel in channels
    ]
    marks.sort(key=lambda mark: mark.start_s)
    whole = all("footer" in stream for stream in streams)
    notes = () if whole else ("It is cut off or damaged: what could be read of it is measured.",)
    return ForeignFile(path, "XDF", tuple(named), tuple(marks), _started(header), notes)


def _channels(path: Path, stream: Any, clock: str, first_s: float) -> list[Channel]:
    n_channels = int(stream["info"]["channel_count"][0])
    time_s = np.asarray(stream["time_stamps"], np.float64) - first_s
    values: NDArray[np.float64] = np.asarray(stream["time_series"], np.float64)
    values = values.reshape(len(time_s), n_channels)  # also of a stream without a sample
    channels: list[Channel] = []
    for i, (label, unit) in enumerate(_described(stream["info"], n_channels)):
        name = label or f"{clock} {i + 1}"
        channels.append(Channel(name, unit, clock, _loader(path, name, time_s, values[:, i])))
    return channels


def _loader(
    path: Path, name: str, time_s: NDArray[np.float64], values: NDArray[np.float64]
) -> Callable[[], Samples]:
    def load() -> Samples:
        try:
            return evenly(time_s, values)
        except ValueError as error:
            raise RecordingFileError(
                path, f'"{name}": {error}. Samples taken evenly are needed.'
            ) from error

    return load


def _described(info: Any, n: int) -> list[tuple[str, str]]:
    """Return label and unit of each channel; what the stream does not tell is empty."""
    try:
        found = info["desc"][0]["channels"][0]["channel"]
    except (KeyError, IndexError, TypeError):
        found = []
    told = [(_first(one, "label"), _first(one, "unit")) for one in found]
    return told if len(told) == n else [("", "")] * n


def _first(entry: Any, key: str) -> str:
    value = entry.get(key) if entry else None
    return str(value[0] or "") if value else ""


def _started(header: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(header["info"]["datetime"][0])
    except (KeyError, IndexError, TypeError, ValueError):
        return None
