"""What a check tells: one line, and the fix if there is something to mend."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Subject = Literal[
    "computer", "window", "bluetooth", "serial", "virtual", "pods", "storage", "clock"
]
SUBJECTS: dict[Subject, str] = {  # in order, with their headings
    "computer": "Computer",
    "window": "Window and sound",
    "bluetooth": "Bluetooth",
    "serial": "Serial ports",
    "virtual": "Virtual pods",
    "pods": "Your pods",
    "storage": "Sessions",
    "clock": "Clocks",
}
Mark = Literal["ok", "warning", "problem", "not checked"]


@dataclass(frozen=True)
class Finding:
    """One line.

    Attributes
    ----------
    subject : str
        One of `SUBJECTS`.
    what : str
        What was looked at.
    mark : str
        ``"ok"``; ``"warning"``: something is missing or worth knowing; ``"problem"``: something is
        broken; ``"not checked"``.
    found : str
        What is the case.
    fix : str
        What to do about it on this computer, with commands to copy in backticks; "" if there is
        nothing to do.
    """

    subject: Subject
    what: str
    mark: Mark
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Check:
    """A look at something; it may fail or hang without harm to others.

    Attributes
    ----------
    subjects : tuple of str
        What its findings are about; the first one is told if it cannot be done.
    what : str
        What is looked at.
    look : callable
        Looks, in a thread of its own.
    stop : callable, optional
        Asks `look`, from another thread, to end at once.
    """

    subjects: tuple[Subject, ...]
    what: str
    look: Callable[[], Iterable[Finding]]
    stop: Callable[[], None] | None = None
