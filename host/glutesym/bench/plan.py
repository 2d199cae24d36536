"""What is done in which order: steps, the positions of the box in them, and for how long."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from glutesym.bench.box import HUM, OPEN_N, OPEN_P, OPEN_REF, POSITIONS, SHORT, SIGNAL
from glutesym.errors import GlutesymError

LOW_HZ, HIGH_HZ = 20.0, 400.0  # of the frequency response, beside the generator's own
FACES = 6
_STEADY_S = 10.0
_BEFORE_S, _OPEN_S, _CLOSED_S = 3.0, 5.0, 5.0
_FACE_S = 3.0
_BURSTS_S = 20.0


@dataclass(frozen=True)
class Setup:
    """What is known about generator and box; the tolerances are limits, not deviations."""

    generator_hz: float = 100.0
    generator_mv: float = 300.0  # RMS, at the box's input, in SIGNAL
    level_tolerance_pct: float = 2.0
    generator_ppm: float | None = None  # how well its frequency is known; None: not at all
    divide_by: int = 1000
    second_mv: float | None = None  # RMS; None: linearity is not tested
    hum_hz: float = 55.0
    hum_mv: float = 100.0  # RMS, at the box's input, in HUM

    def __post_init__(self) -> None:
        for ok, what in (
            (10 <= self.generator_hz <= 400, "--generator-hz must be from 10 to 400"),
            (10 <= self.hum_hz <= 400, "--hum-hz must be from 10 to 400"),
            (0.05 <= self.electrodes_mv <= 100, f"--generator-mv {_REACH}"),
            (self.hum_mv > 0, "--hum-mv must be more than 0"),
            (self.hum_mv <= 500, "--hum-mv must be at most 500: more is beyond the inputs"),
            (0 <= self.level_tolerance_pct <= 50, "--level-tolerance must be from 0 to 50"),
            (0 <= (self.generator_ppm or 0) <= 1e5, "--generator-ppm must be from 0 to 100000"),
            (
                self.second_mv is None or 2 <= self._apart(self.second_mv) <= 100,
                "--second-mv must be at least twice or at most half of --generator-mv",
            ),
        ):
            if not ok:
                raise GlutesymError(f"{what}.")

    @property
    def electrodes_mv(self) -> float:
        """RMS between the electrodes in SIGNAL, about."""
        return self.generator_mv / self.divide_by

    def _apart(self, other_mv: float) -> float:
        ratio = other_mv / self.generator_mv
        return max(ratio, 1 / ratio) if ratio > 0 else 0.0

    def to_text(self) -> str:
        """Return it as `setup_from_text` reads it."""
        return json.dumps(asdict(self))


_REACH = "divided by the box's divider must be from 0.05 to 100 mV"


def setup_from_text(text: str) -> Setup:
    """Return what `Setup.to_text` has written; raises ValueError if it is damaged."""
    known: Any = json.loads(text)
    try:
        return Setup(**known)
    except (TypeError, GlutesymError) as error:
        raise ValueError(str(error)) from error


@dataclass(frozen=True)
class Phase:
    """One position of the box, for some time."""

    position: str
    seconds: float
    prompt: str = ""  # what to do at once when it begins, without being asked


@dataclass(frozen=True)
class Generator:
    """What the generator gives: RMS at the box's input."""

    mv: float = 0.0
    hz: float = 0.0
    bursts: bool = False


@dataclass(frozen=True)
class Step:
    """A part of the test: ``ask`` is what the user has to do first."""

    name: str
    title: str
    ask: str
    phases: tuple[Phase, ...]
    generator: Generator = Generator()
    face: int = 0  # of the pod that is down, from 1; 0: as it lies
    settle_s: float = 2.0  # before the first phase: hands leave the box


def all_steps(setup: Setup) -> tuple[Step, ...]:
    """Return every step, optional ones included, in their order."""
    volts = f"{setup.generator_mv:g} mV RMS"
    base = (
        _steady("noise", "Noise", f"Turn the box to {SHORT}. Lay pod and box down.", SHORT),
        _signal(setup, "signal", "Signal", setup.generator_mv, setup.generator_hz),
        _signal(setup, "level", "Another level", setup.second_mv or 0.0, setup.generator_hz),
        _signal(setup, "low", "A low frequency", setup.generator_mv, LOW_HZ),
        _signal(setup, "high", "A high frequency", setup.generator_mv, HIGH_HZ),
        replace(
            _steady(
                "hum",
                "Hum",
                f"Set the generator to {setup.hum_hz:g} Hz, {setup.hum_mv:g} mV RMS. Turn the box "
                f"to {HUM}.",
                HUM,
            ),
            generator=Generator(setup.hum_mv, setup.hum_hz),
        ),
        _opening("off-p", "+", OPEN_P),
        _opening("off-n", "−", OPEN_N),
        _opening("off-ref", "REF", OPEN_REF),
        *(
            Step(
                f"face-{n}",
                f"Side {n} of {FACES}",
                f"Lay the pod on its side number {n} of {FACES}, another one each time.",
                (Phase(SHORT, _FACE_S),),
                face=n,
                settle_s=1.0,
            )
            for n in range(1, FACES + 1)
        ),
    )
    bursts = Step(
        "bursts",
        "Bursts",
        f"Turn both boxes to {SIGNAL}, their inputs on the one generator, {volts} in its bursts. "
        "Nobody wears a pod; all run on batteries.",
        (Phase(SIGNAL, _BURSTS_S),),
        Generator(setup.generator_mv, setup.generator_hz, bursts=True),
    )
    return (*base, bursts)


_GROUPS = {
    "faces": tuple(f"face-{n}" for n in range(1, FACES + 1)),
    "response": ("low", "high"),
}


def choose_steps(
    setup: Setup, names: Sequence[str] = (), response: bool = False, faces: bool = False
) -> tuple[Step, ...]:
    """Return the steps of one pod's test.

    Parameters
    ----------
    setup : Setup
    names : sequence of str
        Which, "faces" and "response" being several; empty: those that need nothing special, and
        what ``setup``, ``response`` and ``faces`` make possible.
    response, faces : bool

    Raises
    ------
    GlutesymError
        A step does not exist, or lacks what it needs.
    """
    wanted = [part for name in names for part in _GROUPS.get(name, (name,))]
    for name in wanted:
        if name not in STEP_NAMES:
            raise GlutesymError(f"There is no step {name}. Steps: {', '.join(STEP_NAMES)}.")
    if "bursts" in wanted:
        raise GlutesymError("Bursts need both pods: `glutesym bench --both`.")
    if "level" in wanted and setup.second_mv is None:
        raise GlutesymError("Step level needs the other level: --second-mv.")
    if "level" in wanted and "signal" not in wanted:
        wanted.append("signal")
    if {"low", "high"} & set(wanted) and "signal" not in wanted:
        wanted.append("signal")
    if not names:
        optional = {"level": setup.second_mv is not None, "low": response, "high": response}
        wanted = [
            step.name
            for step in all_steps(setup)
            if optional.get(step.name, not step.face or faces) and step.name != "bursts"
        ]
    return tuple(step for step in all_steps(setup) if step.name in wanted)


def both_steps(setup: Setup) -> tuple[Step, ...]:
    """Return the steps of the test of both pods at once."""
    return tuple(step for step in all_steps(setup) if step.name == "bursts")


def _steady(name: str, title: str, ask: str, position: str) -> Step:
    assert position in POSITIONS
    return Step(name, title, ask, (Phase(position, _STEADY_S),))


def _signal(setup: Setup, name: str, title: str, mv: float, hz: float) -> Step:
    ask = (
        f"Set the generator to a sine of {hz:g} Hz, {mv:g} mV RMS. Turn the box to {SIGNAL}, "
        f"÷ {setup.divide_by}."
    )
    return replace(_steady(name, title, ask, SIGNAL), generator=Generator(mv, hz))


def _opening(name: str, electrode: str, position: str) -> Step:
    return Step(
        name,
        f"Electrode {electrode} off",
        f"Turn the box to {SHORT}, all switches closed, a finger at the switch {position}.",
        (
            Phase(SHORT, _BEFORE_S),
            Phase(position, _OPEN_S, f"Now open {position}."),
            Phase(SHORT, _CLOSED_S, f"Now close {position}."),
        ),
    )


STEP_NAMES = (*(step.name for step in all_steps(Setup())), "faces", "response")
