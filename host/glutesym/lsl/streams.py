"""What is offered on the Lab Streaming Layer: names, channels and units of every stream.

Types and channel descriptions follow the XDF meta-data conventions for EMG and MoCap
(github.com/sccn/xdf/wiki/Meta-Data).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pylsl

from glutesym import __version__
from glutesym.measures import SIDES, RepMeasure, Side

Channel = tuple[str, str, str]  # label, type, unit

EMG: tuple[Channel, ...] = (
    ("emg", "EMG", "microvolts"),
    ("lead_off", "flag", "none"),
    ("clipped", "flag", "none"),
)
IMU: tuple[Channel, ...] = (
    *((f"accel_{axis}", "Acceleration", "g") for axis in "xyz"),
    *((f"gyro_{axis}", "AngularVelocity", "degrees/second") for axis in "xyz"),
)
REPS: tuple[Channel, ...] = (
    ("rep", "number", "none"),
    ("duration", "time", "seconds"),
    ("left_activation", "EMG", "microvolts"),
    ("right_activation", "EMG", "microvolts"),
    ("symmetry_index", "asymmetry", "percent"),
    ("lag", "time", "milliseconds"),
)
MARKERS: tuple[Channel, ...] = (("marker", "Markers", "none"),)
_EMG_HZ, _IMU_HZ = 2000.0, 208.0  # nominal; stamps tell the true ones
_NAN = float("nan")


@dataclass(frozen=True)
class Stream:
    """One stream that others can find."""

    name: str
    kind: str  # LSL's type
    channels: tuple[Channel, ...]
    rate_hz: float = pylsl.IRREGULAR_RATE  # nominal

    def outlet(self, source_id: str) -> pylsl.StreamOutlet:
        """Offer it; ``source_id`` lets others find it again after an interruption."""
        text = self.kind == "Markers"
        info = pylsl.StreamInfo(
            self.name,
            self.kind,
            len(self.channels),
            self.rate_hz,
            pylsl.cf_string if text else pylsl.cf_double64,
            f"{source_id}_{self.name}",
        )
        about: Any = info.desc()
        channels = about.append_child("channels")
        for label, kind, unit in self.channels:
            channel = channels.append_child("channel")
            channel.append_child_value("label", label)
            channel.append_child_value("type", kind)
            channel.append_child_value("unit", unit)
        acquisition = about.append_child("acquisition")
        acquisition.append_child_value("manufacturer", "glutesym")
        acquisition.append_child_value("version", __version__)
        return pylsl.StreamOutlet(info)


def emg_stream(side: Side) -> Stream:
    """Return the stream of one side's EMG, not filtered; NaN where a sample was lost."""
    return Stream(f"glutesym_{side}_EMG", "EMG", EMG, _EMG_HZ)


def imu_stream(side: Side) -> Stream:
    """Return the stream of one side's motion, in the pod's axes."""
    return Stream(f"glutesym_{side}_IMU", "MoCap", IMU, _IMU_HZ)


REP_STREAM = Stream("glutesym_reps", "Repetitions", REPS)
MARKER_STREAM = Stream("glutesym_markers", "Markers", MARKERS)


def session_streams() -> tuple[Stream, ...]:
    """Return all streams of a session, in the order in which they are told."""
    of_sides = [make(side) for make in (emg_stream, imu_stream) for side in SIDES]
    return (*of_sides, REP_STREAM, MARKER_STREAM)


def rep_values(rep: RepMeasure) -> Sequence[float]:
    """Return the sample of a repetition, as `REPS` has it; NaN: withheld."""
    return (
        float(rep.number),
        rep.end_s - rep.start_s,
        _or_nan(rep.left.activation_uv),
        _or_nan(rep.right.activation_uv),
        _or_nan(rep.symmetry_index_pct),
        _or_nan(rep.lag_ms),
    )


def _or_nan(value: float | None) -> float:
    return _NAN if value is None else value
