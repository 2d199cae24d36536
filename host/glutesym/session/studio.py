"""Where the sessions of a visit take place: each step has surroundings of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from glutesym import host_clock
from glutesym.analysis.mvic_guide import MvicGuide
from glutesym.analysis.mvic_timetable import GuideSettings
from glutesym.keys import KeyRing, default_path
from glutesym.session.resume import Interrupted, interrupted_lately
from glutesym.session.run import RealSurroundings, Surroundings
from glutesym.session.subject import PLACEMENT


class Studio(Protocol):
    """Makes the surroundings of sessions. ``swapped``: pods are worn on each other's side."""

    virtual: bool
    guide: GuideSettings  # of a calibration, unless something else is asked for

    def require_pods(self) -> None:
        """Say at once which pods this computer cannot have; raises GlutesymError."""
        ...

    def interrupted(self, folder: Path) -> Interrupted | None:
        """Return the session of a folder that pods may still hold a part of."""
        ...

    def subject(self, wanted: str) -> str:
        """Return whose sessions these are."""
        ...

    def check_exercise(self, exercise: str) -> None:
        """Raise GlutesymError, with what to do, if this exercise cannot be done here."""
        ...

    def look(self, swapped: bool) -> Surroundings:
        """Return where pods are connected to and signals are looked at."""
        ...

    def calibration(
        self, settings: GuideSettings, subject: str, placement: str, swapped: bool
    ) -> tuple[Surroundings, MvicGuide]:
        """Return where a guided calibration takes place, and its guide."""
        ...

    def training(self, exercise: str, subject: str, placement: str, swapped: bool) -> Surroundings:
        """Return where a set takes place."""
        ...

    def resumption(self, interrupted: Interrupted) -> Surroundings:
        """Return where an interrupted session goes on."""
        ...


class RealStudio:
    """Real pods, over Bluetooth or USB. See `Studio`.

    Parameters
    ----------
    usb : bool
        Over USB: pods in bench mode.
    ports : sequence of str
        Serial ports to look at besides those of known boards.
    """

    virtual = False
    guide = GuideSettings()

    def __init__(
        self, usb: bool = False, ports: Sequence[str] = (), without_pods: str = "glutesym demo"
    ) -> None:
        self._usb, self._ports = usb or bool(ports), ports
        self._without_pods = without_pods

    def require_pods(self) -> None:
        """Say at once which pods this computer does not own.

        Raises
        ------
        NotOwnedError
            It owns no pod of a side.
        KeyFileError
            The file of keys cannot be used.
        """
        KeyRing.load(default_path()).require(without_pods=self._without_pods)

    def interrupted(self, folder: Path) -> Interrupted | None:
        """Return the session of a folder that pods may still hold a part of."""
        return interrupted_lately(folder, host_clock.NAME, host_clock.now_ns(), datetime.now(UTC))

    def subject(self, wanted: str) -> str:
        """Return whose sessions these are."""
        return wanted

    def check_exercise(self, exercise: str) -> None:
        """Nothing is wrong with any exercise."""

    def look(self, swapped: bool) -> Surroundings:
        """Return where pods are connected to and signals are looked at."""
        return self._surroundings("", PLACEMENT, swapped)

    def calibration(
        self, settings: GuideSettings, subject: str, placement: str, swapped: bool
    ) -> tuple[Surroundings, MvicGuide]:
        """Return where a guided calibration takes place, and its guide."""
        return self._surroundings(subject, placement, swapped), MvicGuide(settings)

    def training(self, exercise: str, subject: str, placement: str, swapped: bool) -> Surroundings:
        """Return where a set takes place."""
        return self._surroundings(subject, placement, swapped)

    def resumption(self, interrupted: Interrupted) -> Surroundings:
        """Return where an interrupted session goes on: its pods are told by their addresses."""
        return RealSurroundings(None, self._usb, self._ports, interrupted=interrupted)

    def _surroundings(self, subject: str, placement: str, swapped: bool) -> Surroundings:
        return RealSurroundings(
            None, self._usb, self._ports, subject, placement=placement, swapped=swapped
        )
