"""What stands beside the samples of a BIDS dataset: sidecars and tables of one session.

Field names are those of the BIDS schema 1.11. ``Glutesym`` in a sidecar has what BIDS has no field
for: with it the recording can be given back as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glutesym import __version__
from glutesym.formats.bdf import STATUS_MEANING, BdfFile
from glutesym.formats.time_line import knots_of, position_at
from glutesym.measures import SIDES
from glutesym.recording import EmgRecord, PodRecord
from glutesym.session.about import plain
from glutesym.session.analyze import AnalyzedSession
from glutesym.session.subject import PLACEMENT

Row = Mapping[str, object]  # heading → value; None: n/a
MISSING = "n/a"
G_M_S2 = 9.80665  # standard gravity
ACCEL_STEP_G = 1e-6  # of which a pod's accelerations are multiples
ACCEL_DECIMALS = 8  # m/s²
GYRO_DECIMALS = 5  # deg/s: a pod's values are multiples of 10 µdeg/s

_BLANK = -(1 << 62)
_SINC3 = 0.262  # −3 dB of the ADS1292R's filter, times the rate (SBAS502)
_PLACED = (
    "As the kit's guide says: half-way from the sacrum to the greater trochanter, over the "
    "greatest prominence of the buttock, two electrodes 20 mm apart along the fibres. What was "
    "done is not recorded."
)
EVENTS_JSON: dict[str, object] = {
    "onset": {"Description": "from the first sample of the EMG file", "Units": "s"},
    "duration": {"Description": "n/a: a moment", "Units": "s"},
    "trial_type": {
        "Description": "kind of event",
        "Levels": {
            "repetition": "found by the motion of both pods, or by a reviewer",
            "muscle_onset": "start of muscle activity, as measured",
            "muscle_offset": "end of muscle activity, as measured",
            "other": "what happened during the session: see value",
        },
    },
    "side": {"Description": "left or right: the side that it concerns; n/a: both"},
    "value": {"Description": "number and quality of the repetition, or what happened"},
    "session_time": {
        "Description": "seconds of session time, which both sides share",
        "Units": "s",
    },
}


def emg_sidecar(pod: PodRecord, session: AnalyzedSession, file: BdfFile) -> dict[str, object]:
    """Return the content of ``*_emg.json``."""
    emg, placement = pod.emg, session.meta.placement
    mains_hz = session.settings.mains_hz
    return {
        **_task(session),
        **_hardware(pod),
        "EMGPlacementScheme": "Other",
        "EMGPlacementSchemeDescription": _PLACED
        if placement == PLACEMENT
        else f"{placement}; how it was placed is not recorded",
        "EMGReference": "Bipolar",
        "EMGGround": "a reference electrode of each pod",
        "SamplingFrequency": file.fs_hz,
        "PowerLineFrequency": mains_hz or MISSING,
        "RecordingType": "continuous",
        "SoftwareFilters": MISSING,
        "HardwareFilters": _filters(pod, file.fs_hz),
        "EMGChannelCount": 1,
        "RecordingDuration": round(len(emg.uv) / file.fs_hz, 6),
        "MissingValues": f"status & 4; annotations BAD_ACQ_SKIP; {_n_missing(emg)} samples",
        "Glutesym": {
            "Version": __version__,
            "Exercise": session.recording.exercise,
            "Placement": placement,
            "Samples": len(emg.uv),
            "MeasuredRate": emg.fs_hz,
            "StepPicovolts": file.signal.step_pv,
            "NothingRounded": file.signal.exact,
            "SampleTimes": _times(emg.time_s),
            "PodIndex": _index(emg),
            "Pod": pod_facts(pod),
            "Session": {
                "StartedUTC": session.meta.started_utc.isoformat(),
                "Duration": session.recording.duration_s,
                "SyncTimes": session.recording.sync.time_s.tolist(),
                "SyncHalfWidthMs": plain(session.recording.sync.half_width_ms.tolist()),
            },
        },
    }


def emg_channels(pod: PodRecord, session: AnalyzedSession, file: BdfFile) -> list[Row]:
    """Return the rows of ``*_channels.tsv`` of an EMG file."""
    bits = ", ".join(f"{bit}: {meaning}" for bit, meaning in STATUS_MEANING.items())
    muscle = f"{pod.side} {session.meta.placement}"
    rate = file.fs_hz
    return [
        _channel(file.label, "EMG", "uV", "as measured, unfiltered", rate, "bipolar", muscle),
        _channel(file.status_label, "MISC", None, f"bits of every sample; {bits}", rate),
    ]


def event_rows(time_s: NDArray[np.float64], fs_hz: float, session: AnalyzedSession) -> list[Row]:
    """Return the rows of ``*_events.tsv`` on one file's time axis."""
    found: list[tuple[float, float | None, str, str | None, str]] = []
    for rep in session.measures.reps:
        told = f"{rep.number}, {rep.quality}"
        found.append((rep.start_s, rep.end_s - rep.start_s, "repetition", None, told))
        for side in SIDES:
            measure = rep.side(side)
            for name, at_s in (("onset", measure.onset_s), ("offset", measure.offset_s)):
                if at_s is not None:
                    found.append((at_s, None, f"muscle_{name}", side, str(rep.number)))
    for event in session.events:
        told = f"{event.kind}: {event.text}" if event.text else event.kind
        found.append((event.time_s, None, "other", event.side, told))

    def at(moment_s: float) -> float:
        return position_at(moment_s, time_s, fs_hz) / fs_hz

    return [
        {
            "onset": round(at(start_s), 6),
            "duration": None if long_s is None else round(at(start_s + long_s) - at(start_s), 6),
            "trial_type": kind,
            "side": side,
            "value": value,
            "session_time": round(start_s, 6),
        }
        for start_s, long_s, kind, side, value in sorted(found, key=lambda event: event[0])
    ] or [dict.fromkeys(EVENTS_JSON)]


def motion_sidecar(pod: PodRecord, session: AnalyzedSession) -> dict[str, object]:
    """Return the content of ``*_motion.json``."""
    imu = pod.imu
    return {
        **_task(session),
        **_hardware(pod),
        "TrackingSystemName": pod.side,
        "SamplingFrequency": round(imu.fs_hz, 6),
        "SamplingFrequencyEffective": round(imu.fs_hz, 6),
        "RecordingDuration": round(len(imu.time_s) / imu.fs_hz, 6),
        "MotionChannelCount": 7,
        "ACCELChannelCount": 3,
        "GYROChannelCount": 3,
        "LATENCYChannelCount": 1,
        "TrackedPointsCount": 1,
        "MissingValues": MISSING,
        "Glutesym": {
            "MeasuredRate": imu.fs_hz,
            "Samples": len(imu.time_s),
            "SampleTimes": _times(imu.time_s),
        },
    }


def motion_channels(pod: PodRecord, session: AnalyzedSession) -> list[Row]:
    """Return the rows of ``*_channels.tsv`` of a motion file, in the order of its columns."""
    point = f"{pod.side} pod"
    rows: list[Row] = [_motion("latency", None, "LATENCY", point, "s", session)]
    rows += [_motion(f"accel_{a}", a, "ACCEL", point, "m/s^2", session) for a in "xyz"]
    rows += [_motion(f"gyro_{a}", a, "GYRO", point, "deg/s", session) for a in "xyz"]
    return rows


def pod_facts(pod: PodRecord) -> dict[str, Any]:
    """Return what is known about a pod beside its samples, ready for JSON."""
    names = [field.name for field in fields(pod) if field.name not in ("side", "emg", "imu")]
    return {name: plain(getattr(pod, name)) for name in names}


def _task(session: AnalyzedSession) -> dict[str, object]:
    exercise = session.recording.exercise or "session"
    return {"TaskName": exercise, "TaskDescription": f"Repetitions of the exercise: {exercise}"}


def _hardware(pod: PodRecord) -> dict[str, object]:
    info = pod.info
    known = {
        "ManufacturersModelName": info.get("board"),
        "SoftwareVersions": info.get("firmware"),
        "DeviceSerialNumber": info.get("id"),
    }
    told: dict[str, object] = {"Manufacturer": "glutesym (self-built)"}
    return told | {key: str(value) for key, value in known.items() if value is not None}


def _filters(pod: PodRecord, fs_hz: float) -> object:
    emg = pod.info.get("emg")
    chip = emg.get("chip") if isinstance(emg, dict) else None  # pyright: ignore
    if chip != "ADS1292R":
        return MISSING
    return {"Third-order sinc of the converter": {"-3 dB (Hz)": round(_SINC3 * fs_hz, 1)}}


def _channel(
    name: str,
    kind: str,
    units: str | None,
    description: str,
    rate_hz: float,
    reference: str | None = None,
    muscle: str | None = None,
) -> Row:
    return {
        "name": name,
        "type": kind,
        "units": units,
        "description": description,
        "sampling_frequency": rate_hz,
        "signal_electrode": name if reference else None,
        "reference": reference,
        "target_muscle": muscle,
    }


def _motion(
    name: str, axis: str | None, kind: str, point: str, units: str, session: AnalyzedSession
) -> Row:
    return {
        "name": name,
        "component": axis,
        "type": kind,
        "tracked_point": point,
        "units": units,
        "placement": session.meta.placement,
    }


def _times(time_s: NDArray[np.float64]) -> dict[str, object]:
    at, knots_s = knots_of(time_s)
    return {"Sample": at.tolist(), "SessionTime": knots_s.tolist()}


def _index(emg: EmgRecord) -> dict[str, object]:
    """Return where the pod's own numbers of samples begin anew; −1: between two runs."""
    counted = np.where(emg.index >= 0, emg.index - np.arange(len(emg.index)), _BLANK)
    begins = np.flatnonzero(np.diff(counted, prepend=counted[:1] - 1))
    return {"Sample": [int(i) for i in begins], "Index": [int(emg.index[i]) for i in begins]}


def _n_missing(emg: EmgRecord) -> int:
    return int(np.count_nonzero(np.isnan(emg.uv)))
