"""What a user may choose about the live view; the window and the terminal follow it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from glutesym.scale import MICROVOLTS, Band, Unit


class ThemeChoice(StrEnum):
    """The window's colours."""

    AUTO = "auto"  # as the system's
    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True)
class ViewOptions:
    """How a session is shown."""

    unit: Unit = MICROVOLTS
    target: Band | None = None  # in the unit
    theme: ThemeChoice = ThemeChoice.AUTO
    sound: bool = False  # a tone for the lower side after each repetition


PLAIN = ViewOptions()
