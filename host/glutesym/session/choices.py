"""What a person chooses for a visit: who, where the electrodes are, which folder and exercise."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from glutesym.errors import GlutesymError
from glutesym.session.calibration_store import CalibrationError, calibration_path
from glutesym.session.studio import Studio
from glutesym.session.subject import PLACEMENT, subject_code


class ChoiceError(GlutesymError):
    """Something that was chosen cannot be.

    Attributes
    ----------
    field : str
        Of `Choices`.
    """

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


@dataclass(frozen=True)
class Choices:
    """What a person has chosen."""

    subject: str = ""
    placement: str = PLACEMENT
    folder: Path = Path("sessions")
    exercise: str = "hip thrust"
    mains_hz: int | None = None


def checked_choices(choices: Choices, subject: str, placement: str, folder: str) -> Choices:
    """Return the choices with what somebody has typed in.

    Raises
    ------
    ChoiceError
        Something of it cannot be; says which field and what to do.
    """
    try:
        code = subject_code(subject.strip())
    except GlutesymError as error:
        raise ChoiceError("subject", str(error)) from error
    try:
        calibration_path(Path(), code, placement.strip())
    except CalibrationError as error:
        raise ChoiceError(
            "placement", "Say where the electrodes are, such as gluteus maximus."
        ) from error
    return replace(
        choices, subject=code, placement=placement.strip(), folder=_usable_folder(folder.strip())
    )


def checked_exercise(studio: Studio, choices: Choices, exercise: str) -> Choices:
    """Return the choices with another exercise.

    Raises
    ------
    ChoiceError
        It has no name, or cannot be done here.
    """
    name = " ".join(exercise.split())
    if not any(character.isalnum() for character in name):
        raise ChoiceError("exercise", "Say what you are going to do, such as hip thrust.")
    try:
        studio.check_exercise(name)
    except GlutesymError as error:
        raise ChoiceError("exercise", str(error)) from error
    return replace(choices, exercise=name)


def nearest_folder(text: str) -> str:
    """Return the folder that somebody has typed in, or the nearest above it that exists."""
    try:
        existing = _folder_and_nearest(text.strip())[1]
    except (OSError, RuntimeError, ValueError, StopIteration):
        existing = Path()
    return str((existing if existing.is_dir() else existing.parent).absolute())


def _folder_and_nearest(text: str) -> tuple[Path, Path]:
    """Return a folder, and itself or the nearest place above it that exists."""
    if "\0" in text:
        raise ValueError("no system allows it")
    folder = Path(text).expanduser()
    return folder, next(place for place in (folder, *folder.absolute().parents) if place.exists())


def _usable_folder(text: str) -> Path:
    if not text:
        raise ChoiceError("folder", "Name a folder for the sessions, such as sessions.")
    try:
        folder, existing = _folder_and_nearest(text)
    except (OSError, RuntimeError, ValueError, StopIteration) as error:
        raise ChoiceError("folder", f"{text} cannot be a folder: choose another one.") from error
    if not existing.is_dir():
        raise ChoiceError("folder", f"{existing} is a file: choose a folder.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ChoiceError("folder", f"{existing} may not be written to: choose another folder.")
    return folder
