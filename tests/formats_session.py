"""A short session with everything that an export must keep: gaps, flags, events, two clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from glutesym.measures import Side
from glutesym.pipeline import Settings, measure_set
from glutesym.recording import EmgRecord, Gap, PodRecord, Recording, SyncUncertainty
from glutesym.session.analyze import AnalyzedSession
from glutesym.session.store import SessionMeta, StoredEvent
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record

STARTED = datetime(2026, 5, 4, 18, 30, 9, 123456, UTC)
STEP_PV = {"left": 48081, "right": 24041}  # ADS1292R at gain 6 and 12
INFO: dict[str, object] = {
    "board": "SparkFun Thing Plus RP2350",
    "firmware": "0.2.0",
    "id": "e6614c311b000601",
    "emg": {"chip": "ADS1292R", "gain": 6, "rate_sps": 2000},
}


def as_measured(recording: Recording) -> Recording:
    """Return a recording as a pod would have told it: whole counts, a drifting clock, a gap."""
    pods: dict[Side, PodRecord] = {}
    for side, pod in recording.pods.items():
        step_uv = STEP_PV[side] * 1e-6
        emg, imu = pod.emg, pod.imu
        counts = np.rint((emg.uv + (8137.0 if side == "left" else -11934.0)) / step_uv)
        uv = counts * step_uv
        time_s = emg.time_s + 2e-5 * np.maximum(emg.time_s - 9.0, 0.0)  # warms up
        gaps: tuple[Gap, ...] = ()
        lead_off, clipped = emg.lead_off.copy(), emg.clipped.copy()
        if side == "left":
            uv[3000:3200] = np.nan
            lead_off[700:750] = True
            clipped[800:803] = True
            gaps = (Gap(float(time_s[3000]), float(time_s[3199]), 200, "lost on the radio"),)
        record_ = EmgRecord(emg.fs_hz, time_s, uv, np.arange(len(uv)) + 17, lead_off, clipped)
        accel = np.rint(imu.accel_g / 0.000244) * (244 * 1e-6)
        accel[50:60] = np.nan
        gyro = np.rint(imu.gyro_dps / 0.07) * (7000 * 1e-5)
        gyro[50:60] = np.nan
        pods[side] = replace(
            pod,
            emg=record_,
            imu=replace(imu, accel_g=accel, gyro_dps=gyro),
            gaps=gaps,
            samples_lost=200 if gaps else 0,
            info=INFO,
            battery_pct=87.0,
        )
    sync = SyncUncertainty(np.array([0.0, 5.0]), np.array([0.9, 1.1]))
    return replace(recording, pods=pods, sync=sync)


def make_session(
    folder: Path, subject: str = "S07", scenario: str = "bridge", reps: int = 4
) -> AnalyzedSession:
    """Return a measured session; there is no file of it."""
    recording = as_measured(record(build_scenario(scenario, seed=7, reps=reps)))
    return session_of(folder / "2026-05-04_18-30-09_bridge.glutesym", recording, subject)


def session_of(path: Path, recording: Recording, subject: str = "") -> AnalyzedSession:
    """Return a recording as a measured session."""
    meta = SessionMeta(recording.exercise, STARTED, 0, "test", {}, True, subject)
    events = (
        StoredEvent(1.5, "marker", "belt\ttightened", None),
        StoredEvent(0.0, "connected", "", "left"),
    )
    return AnalyzedSession(path, meta, events, recording, measure_set(recording), Settings(), None)
