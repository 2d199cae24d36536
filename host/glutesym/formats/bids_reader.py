"""A session's folder in a BIDS dataset that glutesym wrote, back to the recording that it was."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from glutesym.dsp.bandpass import HIGH_HZ
from glutesym.errors import SessionError
from glutesym.formats.bdf import CLIPPED, LEAD_OFF, read_bdf
from glutesym.formats.bids_sidecars import ACCEL_STEP_G, G_M_S2, MISSING
from glutesym.formats.foreign import imported_session
from glutesym.formats.time_line import times_of
from glutesym.measures import SIDES, Side
from glutesym.pipeline import Settings
from glutesym.recording import (
    EmgRecord,
    Gap,
    ImuRecord,
    PodRecord,
    Recording,
    SyncUncertainty,
    join_imu,
)
from glutesym.session.analyze import AnalyzedSession

_IMU_HZ = 208.0  # of a record without samples
_MOST_HZ = 1e6
_EMG_LEAST_HZ = 2 * HIGH_HZ
_RATE_APART = 0.02  # of the rate that samples' times tell


def read_bids(folder: Path, settings: Settings) -> AnalyzedSession:
    """Read and measure one session, ``sub-…/ses-…`` of a dataset.

    Raises
    ------
    SessionError
        The dataset was written by another program, or it is damaged.
    """
    pods: dict[Side, PodRecord] = {}
    about: dict[str, Any] = {}
    try:
        for side in SIDES:
            for sidecar in sorted(folder.glob(f"emg/*_recording-{side}_emg.json")):
                about = json.loads(sidecar.read_text("utf-8"))["Glutesym"]
                pods[side] = _pod(side, folder, sidecar, about)
        of_session = about["Session"]
        started = datetime.fromisoformat(of_session["StartedUTC"])
        recording = Recording(
            pods,
            float(of_session["Duration"]),
            str(about["Exercise"]),
            SyncUncertainty(
                np.array(of_session["SyncTimes"], np.float64),
                _floats(of_session["SyncHalfWidthMs"]),
            ),
        )
    except OSError as error:
        raise SessionError(
            folder, f"{Path(error.filename or '').name} in it cannot be read ({error.strerror})."
        ) from error
    except (
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        UnboundLocalError,  # edfio, of records that last 0 s
        pl.exceptions.PolarsError,
    ) as error:
        raise SessionError(
            folder,
            "no session of a dataset that glutesym wrote, or it is damaged. A BDF file of another "
            "program can be analyzed by itself, with --left and --right.",
        ) from error
    return imported_session(
        folder, recording, settings, started=started, placement=str(about["Placement"])
    )


def _pod(side: Side, folder: Path, sidecar: Path, about: dict[str, Any]) -> PodRecord:
    n = int(about["Samples"])
    uv, status = read_bdf(sidecar.with_suffix(".bdf"), int(about["StepPicovolts"]), n)
    if len(uv) != n:
        name = sidecar.with_suffix(".bdf").name
        raise SessionError(folder, f"{name} in it is damaged: it has {len(uv)} of {n} samples.")
    time_s = _times(n, about["SampleTimes"])
    emg = EmgRecord(
        _rate_hz(about, time_s, _EMG_LEAST_HZ),
        time_s,
        uv,
        _index(n, about["PodIndex"]),
        status & LEAD_OFF != 0,
        status & CLIPPED != 0,
    )
    facts = cast(dict[str, Any], about["Pod"])
    facts["gaps"] = tuple(Gap(**gap) for gap in facts["gaps"])
    facts["imu_gaps"] = tuple(Gap(**gap) for gap in facts["imu_gaps"])
    facts["problems"] = tuple(facts["problems"])
    for name in ("clock_uncertainty_ms", "battery_pct"):
        facts[name] = float("nan") if facts[name] is None else facts[name]
    return PodRecord(side=side, emg=emg, imu=_imu(side, folder), **facts)


def _imu(side: Side, folder: Path) -> ImuRecord:
    for sidecar in sorted(folder.glob(f"motion/*_tracksys-{side}_motion.json")):
        about = json.loads(sidecar.read_text("utf-8"))["Glutesym"]
        values = pl.read_csv(
            sidecar.with_suffix(".tsv").read_bytes(),
            has_header=False,
            separator="\t",
            null_values=MISSING,
            schema={str(i): pl.Float64 for i in range(7)},
        ).to_numpy()
        time_s = _times(len(values), about["SampleTimes"])
        return ImuRecord(
            _rate_hz(about, time_s),
            time_s,
            np.rint(values[:, 1:4] / (G_M_S2 * ACCEL_STEP_G)) * ACCEL_STEP_G,
            values[:, 4:7],
        )
    return join_imu([], _IMU_HZ)


def _rate_hz(
    about: dict[str, Any], time_s: np.ndarray[Any, np.dtype[np.float64]], least_hz: float = 1.0
) -> float:
    """Return the rate as it is stated; ValueError: the samples' own times say something else."""
    rate_hz = float(about["MeasuredRate"])
    if not least_hz < rate_hz <= _MOST_HZ:
        raise ValueError(f"{rate_hz} samples a second")
    if len(time_s) > 1 and not abs(np.median(np.diff(time_s)) * rate_hz - 1) < _RATE_APART:
        raise ValueError(f"{rate_hz} samples a second, but their times are {time_s[:2]} s")
    return rate_hz


def _times(n: int, knots: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return times_of(n, np.array(knots["Sample"]), np.array(knots["SessionTime"]))


def _index(n: int, begins: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    index = np.empty(n, np.int64)
    starts = [*begins["Sample"], n]
    for first, start, stop in zip(begins["Index"], starts, starts[1:], strict=False):
        counted = first + np.arange(stop - start)
        index[start:stop] = counted if first >= 0 else -1
    return index


def _floats(values: list[float | None]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.nan if value is None else value for value in values], np.float64)
