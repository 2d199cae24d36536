"""Maximal contractions on disk: one JSON file for each subject and placement of the electrodes.

Electrodes that are put on anew read differently, so a calibration is of one placement, and of the
day it was made.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any, cast

from glutesym.analysis.calibration import Mvic
from glutesym.analysis.quality import MOST_UV
from glutesym.errors import GlutesymError, SubjectError, reason_of
from glutesym.measures import SIDES, Side
from glutesym.session.subject import subject_code

_KIND, _FORMAT = "glutesym calibration", 1
_PREFIX = "mvic"
_PLACEMENT_CHARS = 40  # keeps the longest UTF-8 name below 255 bytes
_SAME_ELECTRODES = timedelta(hours=12)  # nobody wears them for longer
_LEAST_MVIC_UV = 1.0  # front ends make more noise than that
_AGAIN = "Put a backup in its place, or move it away and calibrate again."


class CalibrationError(GlutesymError):
    """A calibration that cannot be read or written.

    Attributes
    ----------
    path : Path
        The file in question.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"{path}: {reason}")


class _DamagedError(CalibrationError):
    """One of ours that says nothing any more."""


@dataclass(frozen=True)
class StoredCalibration:
    """What one subject could do at most with the electrodes in one place."""

    subject: str  # a code, never a name; "": nobody in particular
    placement: str  # in the user's words
    made: datetime  # with time zone
    mvic: Mapping[Side, Mvic]

    def holds_at(self, moment: datetime) -> bool:
        """Say whether the electrodes worn at a moment can be those that it was made with."""
        return abs(moment - self.made) <= _SAME_ELECTRODES


def calibration_path(folder: Path, subject: str, placement: str) -> Path:
    """Return where the calibration of a subject and placement is kept.

    Raises
    ------
    SubjectError
        The subject is no code.
    CalibrationError
        The placement has no letter or digit.
    """
    words = re.sub(r"[\W_]+", "-", placement.lower()).strip("-")[:_PLACEMENT_CHARS].rstrip("-")
    if not words:
        raise CalibrationError(
            folder, f"placement {placement!r} names nothing. Give it a name like 'gmax upper'."
        )
    return folder / f"{_PREFIX}_{subject_code(subject)}_{words}.json"


def save_calibration(folder: Path, calibration: StoredCalibration) -> Path:
    """Write a calibration, in place of an earlier one of the same subject and placement.

    At any moment there is the old file or the new one, whole.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        There is no side, or the time has no time zone.
    SubjectError
        The subject is no code.
    CalibrationError
        The file cannot be written, or another subject's or placement's is in its place.
    """
    if not calibration.mvic or calibration.made.tzinfo is None:
        raise ValueError("a calibration has at least one side and a time with a time zone")
    path = calibration_path(folder, calibration.subject, calibration.placement)
    with suppress(_DamagedError):  # it is replaced
        if path.exists():
            _check_whose(path, _read(path), calibration.subject, calibration.placement)
    content = {
        "kind": _KIND,
        "format": _FORMAT,
        "subject": calibration.subject,
        "placement": calibration.placement,
        "made": calibration.made.isoformat(),
        "mvic": {side: asdict(mvic) for side, mvic in calibration.mvic.items()},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    except OSError as error:
        reason = f"cannot be written ({reason_of(error)}). Check its folder's permissions."
        raise CalibrationError(path, reason) from error
    return path


def load_calibration(folder: Path, subject: str, placement: str) -> StoredCalibration | None:
    """Return the calibration of a subject and placement; None: there is none.

    Raises
    ------
    SubjectError
        The subject is no code.
    CalibrationError
        The file cannot be read, is damaged or none of ours, or of another subject or placement.
    """
    path = calibration_path(folder, subject, placement)
    if not path.exists():
        return None
    calibration = _read(path)
    _check_whose(path, calibration, subject, placement)
    return calibration


def stored_calibrations(folder: Path) -> list[StoredCalibration]:
    """Return all calibrations of a folder, newest first; other files are passed over.

    Raises
    ------
    CalibrationError
        One of them is damaged or cannot be read.
    """
    found = [_read(path) for path in sorted(folder.glob(f"{_PREFIX}_*_*.json"))]
    return sorted(found, key=lambda calibration: calibration.made, reverse=True)


def _check_whose(path: Path, found: StoredCalibration, subject: str, placement: str) -> None:
    if (found.subject, found.placement) != (subject, placement):
        raise CalibrationError(
            path,
            f"is of subject {found.subject!r}, placement {found.placement!r}; expected "
            f"{subject!r}, {placement!r}. Choose a placement whose name differs by more.",
        )


def _read(path: Path) -> StoredCalibration:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        reason = f"cannot be read ({reason_of(error)}). Check its permissions."
        raise CalibrationError(path, reason) from error
    except ValueError as error:
        raise _DamagedError(path, f"expected JSON text, found other bytes. {_AGAIN}") from error
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _DamagedError(path, f"expected JSON, found {_start(text)}. {_AGAIN}") from error
    if not isinstance(content, dict) or cast("dict[str, Any]", content).get("kind") != _KIND:
        raise CalibrationError(
            path, f"expected a {_KIND}, found another program's JSON. Move it out of this folder."
        )
    content = cast("dict[str, Any]", content)
    if content.get("format") != _FORMAT:
        raise CalibrationError(
            path,
            f"expected format {_FORMAT}, found {content.get('format')!r}. Update glutesym, or "
            "calibrate again.",
        )
    try:
        return _decode(content)
    except (KeyError, TypeError, ValueError, AttributeError, SubjectError) as error:
        raise _DamagedError(path, f"is damaged ({error}). {_AGAIN}") from error


def _decode(content: dict[str, Any]) -> StoredCalibration:
    """Return the calibration; raises KeyError, TypeError, ValueError, AttributeError if none."""
    mvic: dict[Side, Mvic] = {}
    for side, row in content["mvic"].items():
        if side not in SIDES or row["side"] != side:
            raise ValueError(f"a side is one of {SIDES}, found {side!r}")
        fields: dict[str, Any] = {**row, "refused": tuple(row["refused"])}
        value = Mvic(**fields)
        if not _LEAST_MVIC_UV <= value.mvic_uv <= MOST_UV:
            raise ValueError(
                f"MVIC of the {side} side: expected {_LEAST_MVIC_UV:g} to {MOST_UV:,.0f} µV"
            )
        if value.cv_pct is not None and not isfinite(value.cv_pct):
            raise ValueError(f"spread of the {side} side: expected a number")
        mvic[side] = value
    made = datetime.fromisoformat(content["made"])
    if not mvic or made.tzinfo is None:
        raise ValueError("expected a side and a time with its zone")
    if not isinstance(content["placement"], str):
        raise TypeError("expected text as placement")
    return StoredCalibration(subject_code(content["subject"]), content["placement"], made, mvic)


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _start(text: str) -> str:
    return repr(text[:20]) if text else "nothing"
