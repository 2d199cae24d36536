"""Draw the live window in every state, from sessions of virtual pods.

    python docs/make_screenshot.py              the pictures of the documentation
    python docs/make_screenshot.py --all FOLDER every state, to look at

Everything in the pictures was measured: the pods' firmware runs, streams and is recorded as in
``make demo``; the window draws the snapshot of one moment of it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from glutesym.errors import SessionError
from glutesym.gui.screenshot import save_screenshot
from glutesym.live_state import LiveState
from glutesym.scale import MICROVOLTS, Band, Unit
from glutesym.session.normalised import VIRTUAL, live_unit
from glutesym.session.run import RunningSession
from glutesym.view_options import ThemeChoice, ViewOptions
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import Simulation
from glutesym.virtual.surroundings import VirtualSurroundings

HERE = Path(__file__).resolve().parent
ACTIVE_UV = 60.0  # pictures are taken while both sides work
SESSION = "2026-05-04_18-30-09_bridge.glutesym"
Wanted = Callable[[LiveState], bool]


def moment(
    wanted: Wanted, name: str = "bridge", exercise: str = "Glute bridge", incident=None, **settings
) -> LiveState:
    """Return the first snapshot of a virtual session that is wanted."""
    found: list[LiveState] = []

    class Watched(VirtualSurroundings):
        async def compute(self, work):
            await super().compute(work)
            state = session.poll()
            if not found and wanted(state):
                found.append(state)
                session.stop()

    scenario = build_scenario(name, seed=4, **settings)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        surroundings = Watched(scenario, 4, None, incident=incident)
        session = RunningSession(surroundings, Path("sessions") / SESSION, exercise)
        session.start()
        with contextlib.suppress(SessionError):  # of a disk that is full up to the end
            session.join()
    return found[0]


def works(state: LiveState) -> bool:
    """Whether both sides are active."""
    return all(live.activation_uv > ACTIVE_UV for live in state.sides.values())


def in_set(reps: int) -> Wanted:
    """Want a moment of the repetition after so many."""
    return lambda state: len(state.reps) >= reps and works(state)


@cache
def mid_set() -> LiveState:
    """Return a moment of the ninth repetition."""
    return moment(in_set(8))


async def left_pod_lost(simulation: Simulation) -> None:
    """Put the left pod out of reach after some repetitions."""
    import asyncio

    await asyncio.sleep(24.0)
    simulation.pods["left"].radio.set_outage(30)


async def disk_full(simulation: Simulation) -> None:
    """Let no file of this process grow any more."""
    import asyncio

    await asyncio.sleep(24.0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, resource.RLIM_INFINITY))


def disk_trouble() -> LiveState:
    """Return a moment at which the session cannot be saved."""
    try:
        return moment(lambda state: bool(state.trouble) and works(state), incident=disk_full)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)


@cache
def calibrated() -> Unit:
    """Return the unit after a calibration of virtual pods."""
    with tempfile.TemporaryDirectory() as folder:
        run = "from glutesym.cli import main; main()"
        command = [sys.executable, "-c", run, "calibrate", "--virtual", "-o", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return live_unit(Path(folder), VIRTUAL, "gluteus maximus")


@dataclass(frozen=True)
class Picture:
    """What is drawn, and how."""

    state: Callable[[], LiveState]
    size_px: tuple[int, int] = (1280, 800)
    theme: ThemeChoice = ThemeChoice.DARK
    target: Band | None = None
    mvic: bool = False
    keys: str = ""
    in_docs: bool = False

    def draw(self, path: Path) -> None:
        """Save it."""
        unit = calibrated() if self.mvic else MICROVOLTS
        options = ViewOptions(unit, self.target, self.theme)
        save_screenshot(self.state(), path, self.size_px, options, self.keys)
        print(f"Wrote {path}")


def of_phase(phase: str) -> Callable[[], LiveState]:
    """Return how to get the first moment of a session's phase."""
    return lambda: moment(lambda state: state.phase == phase)


LIGHT = ThemeChoice.LIGHT
PICTURES = {
    "live": Picture(mid_set, in_docs=True),
    "live-waiting": Picture(lambda: LiveState(exercise="Glute bridge")),
    "live-scanning": Picture(of_phase("scanning")),
    "live-connecting": Picture(of_phase("connecting")),
    "live-first-seconds": Picture(lambda: moment(lambda s: s.time_s > 6.5)),
    "live-one-rep": Picture(lambda: moment(in_set(1))),
    "live-pod-lost": Picture(
        lambda: moment(
            lambda s: s.time_s > 36 and not s.sides["left"].connected, incident=left_pod_lost
        )
    ),
    "live-electrode-off": Picture(
        lambda: moment(
            lambda s: s.sides["left"].lead_off and s.sides["left"].light == "red",
            lead_off_left_s=((26.0, 33.0),),
        ),
        in_docs=True,
    ),
    "live-hum": Picture(lambda: moment(in_set(5), hum_uv=40.0)),
    "live-disk-full": Picture(disk_trouble),
    "live-one-leg": Picture(
        lambda: moment(
            lambda s: len(s.reps) >= 10 and s.sides["right"].activation_uv > ACTIVE_UV,
            "single-leg-deadlift",
            "Single-leg deadlift",
        )
    ),
    "live-mvic": Picture(mid_set, mvic=True, target=Band(30, 45), in_docs=True),
    "live-light": Picture(mid_set, theme=LIGHT, mvic=True, target=Band(20, 30), in_docs=True),
    "live-raw": Picture(mid_set, keys="E"),
    "live-raw-light": Picture(mid_set, keys="E", theme=LIGHT),
    "live-help": Picture(mid_set, keys="H"),
    "live-note": Picture(mid_set, keys="N"),
    "live-phone": Picture(mid_set, (360, 640), mvic=True, target=Band(30, 45), in_docs=True),
    "live-phone-light": Picture(mid_set, (360, 640), theme=LIGHT),
    "live-phone-wide": Picture(mid_set, (640, 360)),
    "live-phone-help": Picture(mid_set, (360, 640), keys="H"),
    "live-phone-trouble": Picture(
        lambda: moment(
            lambda s: s.time_s > 36 and not s.sides["left"].connected, incident=left_pod_lost
        ),
        (360, 640),
    ),
    "live-tablet": Picture(mid_set, (800, 1280)),
    "live-full-hd": Picture(mid_set, (1920, 1080)),
    "live-4k": Picture(mid_set, (3840, 2160)),
}


def main() -> None:
    """Draw what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", metavar="FOLDER", type=Path, help="every state, into a folder")
    parser.add_argument("--only", nargs="*", help="names of pictures", choices=PICTURES)
    arguments = parser.parse_args()
    folder = arguments.all or HERE
    os.makedirs(folder, exist_ok=True)
    for name, picture in PICTURES.items():
        chosen = name in arguments.only if arguments.only else arguments.all or picture.in_docs
        if chosen:
            picture.draw(folder.resolve() / f"{name}.png")


if __name__ == "__main__":
    main()
