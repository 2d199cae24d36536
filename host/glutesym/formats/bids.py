"""A session as part of a BIDS dataset: EMG by EMG-BIDS, motion by Motion-BIDS.

Each pod has a clock of its own, so each has files of its own: nothing is resampled to one time
base. What BIDS has no field for is in the sidecars under ``Glutesym``; with it
`glutesym.formats.bids_reader` gives back the recording as it was.

A dataset holds many sessions: each export adds one, or replaces it.

Ref: https://bids-specification.readthedocs.io, version 1.11
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glutesym import __version__
from glutesym.errors import SessionError
from glutesym.formats.bdf import Annotation, write_bdf
from glutesym.formats.bids_sidecars import (
    ACCEL_DECIMALS,
    EVENTS_JSON,
    G_M_S2,
    GYRO_DECIMALS,
    MISSING,
    Row,
    emg_channels,
    emg_sidecar,
    event_rows,
    motion_channels,
    motion_sidecar,
)
from glutesym.recording import ImuRecord, PodRecord
from glutesym.session.analyze import AnalyzedSession, Progress
from glutesym.session.publish import cannot_write, publish, unfinished_folder

BIDS_VERSION = "1.11.1"  # the first of whose rules allow recording-<label> for EMG
FOLDER = "bids"  # the dataset, in the folder of an export
NO_SUBJECT = "unknown"

_README = f"""# Left and right gluteal EMG and motion

Written by glutesym {__version__}. Two pods, one on each side. Each has its own clock, so each has
its own files: `recording-left` and `recording-right` are EMG, `tracksys-left` and
`tracksys-right` motion. Nothing is filtered or resampled.

`acq_time` in `*_scans.tsv` is the time of each file's first sample. The rate in a file is the
measured one; `Glutesym` in its sidecar has the time of every sample.

Missing EMG samples are 0, have 4 in the signal `status` and the annotation BAD_ACQ_SKIP. Missing
motion is n/a.

Training and research; not a medical device, not for diagnosis.
"""


def export_bids(
    session: AnalyzedSession, folder: Path, progress: Progress = lambda _fraction: None
) -> list[Path]:
    """Put a session into the BIDS dataset ``folder/bids``; returns the files written.

    Raises
    ------
    SessionError
        No pod sent a sample, a file cannot be written, or another person's code would get the
        same label. A session that is there already stays as it was then.
    """
    root = folder / FOLDER
    pods = {side: pod for side, pod in session.recording.pods.items() if len(pod.emg.uv)}
    if not pods:
        raise SessionError(session.path, "no EMG was recorded, so there is nothing for BIDS.")
    subject = label_of(session.meta.subject) or NO_SUBJECT
    of_session = label_of(session.path.stem) or "1"
    place = f"sub-{subject}/ses-{of_session}"
    prefix = f"sub-{subject}_ses-{of_session}"
    task = f"{prefix}_task-{label_of(session.recording.exercise) or 'session'}"
    try:
        with unfinished_folder(root) as unfinished:
            participants = _participants(root, subject, session)
            files = _Files(unfinished, place)
            scans: list[Row] = []
            done = 0
            for side, pod in pods.items():
                name = f"emg/{task}_recording-{side}"
                _write_emg(files, name, pod, session)
                scans.append(_scan(session, f"{name}_emg.bdf", float(pod.emg.time_s[0])))
                done += 1
                progress(done / (2 * len(pods)))
                if len(pod.imu.time_s):
                    name = f"motion/{task}_tracksys-{side}"
                    _write_motion(files, name, pod, session)
                    scans.append(_scan(session, f"{name}_motion.tsv", float(pod.imu.time_s[0])))
                done += 1
                progress(done / (2 * len(pods)))
            files.json(f"emg/{task}_events.json", EVENTS_JSON)
            files.tsv(f"{prefix}_scans.tsv", scans)
            files = _with_root(files, root, participants)
            written = publish(unfinished, root, files.names)
            kept = {path.resolve() for path in written}
            for path in (root / place).rglob(f"{prefix}_*"):
                if path.resolve() not in kept:  # of an earlier export under another exercise
                    path.unlink()
            return written
    except (OSError, pl.exceptions.PolarsError) as error:
        raise cannot_write(root, error) from error


def label_of(text: str) -> str:
    """Return what of a text may be a label in BIDS: letters and digits."""
    return re.sub(r"[^A-Za-z0-9]", "", text)


class _Files:
    """Files of one session, written below an unfinished dataset."""

    def __init__(self, unfinished: Path, place: str) -> None:
        self._unfinished, self._place = unfinished, place
        self.names: list[str] = []

    def path(self, name: str, at_root: bool = False) -> Path:
        """Return where to write a file that is to be published."""
        full = name if at_root else f"{self._place}/{name}"
        self.names.append(full)
        path = self._unfinished / full
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def json(self, name: str, content: Mapping[str, object], at_root: bool = False) -> None:
        """Write a sidecar."""
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        self.path(name, at_root).write_text(f"{text}\n", "utf-8", newline="\n")

    def tsv(self, name: str, rows: Sequence[Row], at_root: bool = False) -> None:
        """Write a table with headings; None is n/a."""
        with self.path(name, at_root).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(
                file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None
            )
            if rows:
                writer.writerow(rows[0])
            writer.writerows([_cell(value) for value in row.values()] for row in rows)


def _write_emg(files: _Files, name: str, pod: PodRecord, session: AnalyzedSession) -> None:
    reps = [
        Annotation(rep.start_s, rep.end_s - rep.start_s, f"repetition {rep.number}")
        for rep in session.measures.reps
    ]
    markers = [
        Annotation(event.time_s, None, f"{event.kind}: {event.text}" if event.text else event.kind)
        for event in session.events
        if event.side in (None, pod.side)
    ]
    written = write_bdf(
        files.path(f"{name}_emg.bdf"),
        pod,
        session.meta.started_utc.astimezone(UTC),
        [*reps, *markers],
        session.meta.subject,
    )
    files.json(f"{name}_emg.json", emg_sidecar(pod, session, written))
    files.tsv(f"{name}_channels.tsv", emg_channels(pod, session, written))
    files.tsv(f"{name}_events.tsv", event_rows(pod.emg.time_s, written.fs_hz, session))


def _write_motion(files: _Files, name: str, pod: PodRecord, session: AnalyzedSession) -> None:
    files.json(f"{name}_motion.json", motion_sidecar(pod, session))
    files.tsv(f"{name}_channels.tsv", motion_channels(pod, session))
    _motion_frame(pod.imu).write_csv(
        files.path(f"{name}_motion.tsv"),
        include_header=False,
        separator="\t",
        null_value=MISSING,
        float_scientific=False,
    )


def _motion_frame(imu: ImuRecord) -> pl.DataFrame:
    latency_s = imu.time_s - imu.time_s[0]
    columns: list[tuple[NDArray[np.float64], int]] = [
        (latency_s, 6),
        *((imu.accel_g[:, i] * G_M_S2, ACCEL_DECIMALS) for i in range(3)),
        *((imu.gyro_dps[:, i], GYRO_DECIMALS) for i in range(3)),
    ]
    return pl.DataFrame(
        [pl.Series(str(i), v).fill_nan(None).round(n) for i, (v, n) in enumerate(columns)]
    )


def _scan(session: AnalyzedSession, name: str, first_s: float) -> Row:
    at = session.meta.started_utc.astimezone(UTC) + timedelta(seconds=first_s)
    return {"filename": name, "acq_time": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"}


def _participants(root: Path, subject: str, session: AnalyzedSession) -> list[Row]:
    """Return the dataset's people, this session's among them."""
    code = session.meta.subject or None
    rows: list[Row] = []
    path = root / "participants.tsv"
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            rows = [{k: None if v == MISSING else v for k, v in row.items()} for row in table]
    name = f"sub-{subject}"
    for row in rows:
        if row.get("participant_id") == name:
            other = row.get("subject_code", code)
            if other != code:
                raise SessionError(
                    path,
                    f"the code {other} is called {name} there, and {code} would be, too: BIDS has "
                    "letters and digits only. Export it into another folder with --folder.",
                )
            return rows
    new = dict.fromkeys(rows[0]) if rows else {}
    return [*rows, {**new, "participant_id": name, "subject_code": code}]


def _with_root(files: _Files, root: Path, participants: Sequence[Row]) -> _Files:
    """Add what the dataset as a whole has; what is there already, people may have edited."""
    files.tsv("participants.tsv", participants, at_root=True)
    if not (root / "participants.json").exists():
        meaning = "the subject's code as it was given, n/a: none"
        files.json("participants.json", {"subject_code": {"Description": meaning}}, at_root=True)
    if not (root / "dataset_description.json").exists():
        files.json(
            "dataset_description.json",
            {
                "Name": "Left and right gluteal EMG and motion",
                "BIDSVersion": BIDS_VERSION,
                "DatasetType": "raw",
                "GeneratedBy": [{"Name": "glutesym", "Version": __version__}],
            },
            at_root=True,
        )
    if not any((root / name).exists() for name in ("README", "README.md", "README.txt")):
        files.path("README.md", at_root=True).write_text(_README, "utf-8", newline="\n")
    return files


def _cell(value: object) -> str:
    """Return a value as BIDS has it in a table; a text stays on one line."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return MISSING
    text = repr(float(value)) if isinstance(value, float) else str(value)
    return " ".join(text.split()) or MISSING
