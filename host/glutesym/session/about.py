"""The sidecar of an export: what the tables mean and how they came to be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from importlib.metadata import version
from typing import cast

import numpy as np

from glutesym import __version__
from glutesym.measures import SIDES
from glutesym.recording import PodRecord, Recording
from glutesym.session.columns import CONTENTS, TABLES, UNITS

_CONVENTIONS = {
    "time": "seconds of session time; 0 is the moment the session started. Both sides share it.",
    "asymmetry": "positive: the right side is larger",
    "lag": "left minus right, positive: the left side starts later",
    "empty cell": "a lost sample or a withheld number; 'empty' of its column says when, or names "
    "the column with the reason",
    "flags": "1: yes, 0: no",
    "confidence intervals": "95 %",
    "axes": "x, y, z of the motion sensor itself",
    "raw signal": "the emg table is what the electrodes gave: no filter, no offset removed",
    "amplitude": "microvolts depend on skin and electrodes; do not compare them between people",
    "purpose": "training and research; not a medical device, not for diagnosis",
}


def about(
    rows: Mapping[str, int], recording: Recording, meta: Mapping[str, object]
) -> dict[str, object]:
    """Return the content of ``about.json``, ready for JSON.

    Parameters
    ----------
    rows : mapping
        Rows of each table.
    recording : Recording
        Both pods' samples.
    meta : mapping
        What the caller knows: start, versions, settings and filters; copied as ``session``.
    """
    return {
        "made_with": {name: version(name) for name in ("numpy", "scipy", "polars")}
        | {"glutesym": __version__},
        "exercise": recording.exercise,
        "duration_s": recording.duration_s,
        "sync_uncertainty_ms": plain(recording.sync_uncertainty_ms),
        "session": plain(meta),
        "conventions": _CONVENTIONS,
        "pods": {
            side: _pod(recording.pods[side]) if side in recording.pods else None for side in SIDES
        },
        "files": {
            f"{table}.csv": {
                "rows": rows[table],
                "content": CONTENTS[table],
                "columns": {
                    column.heading: {
                        "unit": UNITS[column.unit][0],
                        "meaning": column.meaning,
                        "empty": column.empty or "never",
                    }
                    for column in columns
                },
            }
            for table, columns in TABLES.items()
        },
    }


def _pod(pod: PodRecord) -> object:
    return plain(
        {
            "info": pod.info,
            "boots": pod.boots,
            "emg_rate_hz": pod.emg.fs_hz,
            "imu_rate_hz": pod.imu.fs_hz,
            "samples_sent": pod.samples_sent,
            "samples_received": pod.samples_received,
            "samples_lost": pod.samples_lost,
            "frames_bad": pod.frames_bad,
            "clock_uncertainty_ms": pod.clock_uncertainty_ms,
            "battery_pct": pod.battery_pct,
            "gaps": pod.gaps,
            "problems": pod.problems,
        }
    )


def plain(value: object) -> object:
    """Return what JSON can hold: not-a-number becomes null, unknown objects their text."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in cast(Mapping[object, object], value).items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast(Sequence[object], value)]
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | None) else str(value)
