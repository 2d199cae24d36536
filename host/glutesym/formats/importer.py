"""From a recording of another EMG system to the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from glutesym.analysis.activity import active_spans
from glutesym.analysis.reps import Movement
from glutesym.errors import MissingPartError, RecordingFileError
from glutesym.formats.foreign import (
    ForeignFile,
    SideChannels,
    imported_session,
    recording_from,
)
from glutesym.formats.given_reps import reps_of_marks, reps_of_table
from glutesym.formats.read_csv import read_csv
from glutesym.formats.read_xdf import is_xdf, read_xdf
from glutesym.formats.unit_check import unit_doubt
from glutesym.formats.units import Quantity
from glutesym.installing import install_command
from glutesym.measures import Side
from glutesym.pipeline import Settings
from glutesym.recording import Recording
from glutesym.session.analyze import AnalyzedSession
from glutesym.session.columns import TABLES
from glutesym.session.export_csv import ABOUT, README

_SQLITE = b"SQLite format 3\0"  # what session files are
_EDF = (b"\xffBIOSEMI", b"0       ")  # BDF, EDF: their version
_HEAD_BYTES = 16
_NOT_TEXT = (".edf", ".bdf", ".xdf")


@dataclass(frozen=True)
class ImportOptions:
    """What a user says about a file."""

    sides: Mapping[Side, SideChannels] = field(default_factory=dict[Side, SideChannels])
    units: Mapping[Quantity, str] = field(default_factory=dict[Quantity, str])
    rate_hz: float | None = None  # of a text table
    time: str = ""  # the column of a text table that has the time
    exercise: str = ""
    placement: str = ""
    reps: Path | None = None  # a table of repetitions
    marks: str = ""  # annotations that are repetitions begin so ...
    marks_end: str = ""  # ... and end at those that begin so


def is_foreign(path: Path) -> bool:
    """Whether something is a recording of another system, or a session of a BIDS dataset."""
    if path.is_dir():
        return any(path.glob("emg/*_emg.json")) or _exported_from(path) is not None
    if path.suffix.lower() == ".glutesym" or not path.is_file():
        return False
    try:
        return not _head(path).startswith(_SQLITE)
    except OSError:
        return False


def _exported_from(path: Path) -> Path | None:
    """Return the session that an exported folder, or a file in one, was made of; else None."""
    folder = path if path.is_dir() else path.parent
    named = {*(f"{table}.csv" for table in TABLES), ABOUT, README}
    if not (folder / ABOUT).is_file() or not (path.is_dir() or path.name in named):
        return None
    try:
        about = json.loads((folder / ABOUT).read_text("utf-8"))
        made_of = Path(about["session"]["session_file"]).name
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return folder.parent / made_of


def import_recording(
    path: Path, options: ImportOptions, settings: Settings
) -> tuple[AnalyzedSession, list[str]]:
    """Read and measure a file.

    Returns
    -------
    AnalyzedSession
    list of str
        What a user must know: how it was read, and where the repetitions come from.

    Raises
    ------
    RecordingFileError
        It cannot be read, or not with these options.
    SessionError
        It is the folder of a dataset that another program wrote.
    MissingPartError
        What reads this format is not installed.
    """
    if (session := _exported_from(path)) is not None:
        raise RecordingFileError(
            path,
            "this was exported by glutesym: what is measured is its session. "
            + (
                f"Run `glutesym analyze {session}`."
                if session.is_file()
                else f"It was {session.name}, which is not beside the folder."
            ),
        )
    if path.is_dir():
        try:
            from glutesym.formats.bids_reader import read_bids
        except ModuleNotFoundError as error:
            raise _missing("BDF", error) from error
        return read_bids(path, settings), ["Read from a BIDS dataset that glutesym wrote."]
    if not options.sides:
        names = _read(path, replace(options, rate_hz=1.0)).names
        raise RecordingFileError(
            path,
            "this is no session of glutesym. To analyze a recording of another system, say which "
            f'channels are EMG: --left "NAME" --right "NAME". It has: {names}.',
        )
    if options.time and options.rate_hz is not None:
        raise RecordingFileError(path, "--rate or --time: give one of them, not both.")
    file = _read(path, options)
    recording = recording_from(file, options.sides, options.exercise, options.units)
    movements, said = _movements(file, recording, options, settings)
    session = imported_session(
        path, recording, settings, movements, file.started, options.placement
    )
    doubt = unit_doubt(recording)
    return session, [f"Read as {file.kind}.", *file.notes, said, *([doubt] if doubt else [])]


def sessions_of_dataset(folder: Path) -> list[Path]:
    """Return the folders of sessions in a BIDS dataset, or in a folder that holds one."""
    below = ("ses-*", "sub-*/ses-*", "*/sub-*/ses-*")
    found = {path for pattern in below for path in folder.glob(pattern)}
    return sorted(path for path in found if any(path.glob("emg/*_emg.json")))


def _movements(
    file: ForeignFile, recording: Recording, options: ImportOptions, settings: Settings
) -> tuple[Sequence[Movement] | None, str]:
    """Return where repetitions are, None: by motion; and say it."""
    if options.reps is not None:
        return reps_of_table(options.reps), f"Repetitions: as {options.reps.name} says."
    if options.marks:
        found = reps_of_marks(file, options.marks, options.marks_end)
        return found, f'Repetitions: as the marks "{options.marks}" say.'
    if any(len(pod.imu.time_s) for pod in recording.pods.values()):
        return None, "Repetitions: found by motion."
    return active_spans(recording, settings.mains_hz), (
        "Repetitions: found by muscle activity alone, as no motion was given. Getting up or "
        "holding a posture counts as one, too: look at their times, or give them with --reps."
    )


def _read(path: Path, options: ImportOptions) -> ForeignFile:
    try:
        head = _head(path)
        if not head:
            raise RecordingFileError(path, "it is empty.")
        if head.startswith(_EDF):
            try:
                from glutesym.formats.read_edf import read_edf
            except ModuleNotFoundError as error:
                raise _missing("EDF and BDF", error) from error
            return read_edf(path)
        if is_xdf(head):
            return read_xdf(path)
        if path.suffix.lower() in _NOT_TEXT:
            kind = path.suffix[1:].upper()
            raise RecordingFileError(
                path,
                f"this is no {kind}, in spite of its name: it does not begin as one. Export it "
                "again; or if it is a table of text, name it .csv.",
            )
        wanted = [
            name
            for of in options.sides.values()
            for name in (of.emg, *(of.accel or ()), *(of.gyro or ()))
        ]
        return read_csv(path, wanted, options.rate_hz, options.time)
    except FileNotFoundError as error:
        raise RecordingFileError(path, "there is no such file.") from error
    except OSError as error:
        raise RecordingFileError(path, f"it cannot be read ({error.strerror}).") from error


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _missing(what: str, error: ModuleNotFoundError) -> MissingPartError:
    return MissingPartError(f"What reads {what} ({error.name})", install_command("formats"))
