"""A visit with virtual pods: every step has a world of its own, worn by a scenario."""

from __future__ import annotations

import re
from pathlib import Path

from glutesym.analysis.mvic_guide import MvicGuide
from glutesym.analysis.mvic_timetable import GuideSettings
from glutesym.errors import GlutesymError
from glutesym.session.normalised import VIRTUAL
from glutesym.session.resume import Interrupted
from glutesym.session.run import Surroundings
from glutesym.session.subject import PLACEMENT
from glutesym.virtual.scenarios.base import Scenario
from glutesym.virtual.scenarios.catalog import EXERCISES, build_scenario
from glutesym.virtual.scenarios.mvic import MvicSettings
from glutesym.virtual.surroundings import VirtualSurroundings


class VirtualStudio:
    """Two virtual pods. See `glutesym.session.studio.Studio`.

    Parameters
    ----------
    seed : int
        Of everything random.
    speed : float or None
        World seconds per real second; ``None``: as fast as possible.
    reps : int, optional
        Repetitions of a set; by default the scenario's.
    guide : GuideSettings, optional
        Of a calibration; by default with short rests.
    """

    virtual = True

    def __init__(
        self,
        seed: int = 1,
        speed: float | None = 1.0,
        reps: int | None = None,
        guide: GuideSettings | None = None,
    ) -> None:
        self.guide = guide or MvicSettings().guide
        self._seed, self._speed, self._reps = seed, speed, reps

    def require_pods(self) -> None:
        """Virtual pods are always there."""

    def interrupted(self, folder: Path) -> Interrupted | None:
        """Virtual pods end with their session."""
        return None

    def subject(self, wanted: str) -> str:
        """Return whose sessions these are: no person's."""
        return wanted or VIRTUAL

    def check_exercise(self, exercise: str) -> None:
        """Say which exercises virtual people can do.

        Raises
        ------
        GlutesymError
            This is none of them.
        """
        if _scenario_name(exercise) not in EXERCISES:
            names = ", ".join(name.replace("-", " ") for name in EXERCISES)
            raise GlutesymError(f"A virtual person cannot do this. Choose one of: {names}.")

    def look(self, swapped: bool) -> Surroundings:
        """Return a person who stands still for as long as it takes."""
        return self.surroundings(build_scenario("rest", seed=self._seed), "", swapped, True)

    def calibration(
        self, settings: GuideSettings, subject: str, placement: str, swapped: bool
    ) -> tuple[Surroundings, MvicGuide]:
        """Return a person who obeys the guide, and the guide."""
        scenario = build_scenario(
            "mvic",
            seed=self._seed,
            positions=settings.positions,
            trials=settings.trials,
            rest_s=settings.rest_s,
            change_s=settings.change_s,
        )
        place = self.surroundings(scenario, subject, swapped, True, placement)
        return place, MvicGuide(settings, place.shift)

    def training(self, exercise: str, subject: str, placement: str, swapped: bool) -> Surroundings:
        """Return a person who does a set."""
        scenario = build_scenario(_scenario_name(exercise), seed=self._seed, reps=self._reps)
        return self.surroundings(scenario, subject, swapped, False, placement)

    def resumption(self, interrupted: Interrupted) -> Surroundings:
        """Never asked for: `interrupted` finds none."""
        raise GlutesymError("Virtual pods end with their session. Begin a new one.")

    def surroundings(
        self,
        scenario: Scenario,
        subject: str,
        swapped: bool,
        stay: bool,
        placement: str = PLACEMENT,
    ) -> VirtualSurroundings:
        """Return a world of its own for one session."""
        return VirtualSurroundings(
            scenario,
            self._seed,
            self._speed,
            subject=subject,
            placement=placement,
            swapped=swapped,
            stay=stay,
        )


def _scenario_name(exercise: str) -> str:
    return re.sub(r"[^a-z]+", "-", exercise.lower()).strip("-")
