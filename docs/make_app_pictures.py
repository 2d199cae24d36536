"""Draw the pages of ``glutesym app`` and every state in which it tells what to do.

A visit of virtual pods is clicked through; each picture is what the window shows at that moment.

    python docs/make_app_pictures.py                                    # those of docs/app.md
    python docs/make_app_pictures.py --all FOLDER [--size 360x640]      # every state
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from bleak.exc import BleakBluetoothNotAvailableError
from bleak.exc import BleakBluetoothNotAvailableReason as _Reason

from glutesym.analysis.calibration import POSITIONS
from glutesym.analysis.mvic_timetable import GuideSettings
from glutesym.gui.app import AppWindow
from glutesym.gui.qt import QtWidgets
from glutesym.gui.sounds import Sounds
from glutesym.keys import KeyRing, OwnedPod, new_key
from glutesym.links.ble import BleTransport
from glutesym.session.choices import Choices
from glutesym.session.visit import Visit
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import Simulation
from glutesym.virtual.studio import VirtualStudio
from glutesym.virtual.surroundings import Incident, VirtualSurroundings

DOCS = Path(__file__).resolve().parent
IN_THE_DOCS = {
    "connect": "app-connect.png",
    "check_noisy": "app-check.png",
    "calibrate_refused": "app-calibrate.png",
}
PATIENCE_S = 240.0


async def bluetooth_off(simulation: Simulation) -> None:
    """Switch the adapter off."""
    simulation.set_adapter(False)


async def no_adapter(simulation: Simulation) -> None:
    """Take the adapter away."""
    unavailable(simulation, _Reason.NO_BLUETOOTH)


async def not_allowed(simulation: Simulation) -> None:
    """Forbid it."""
    unavailable(simulation, _Reason.DENIED_BY_SYSTEM)


async def one_pod(simulation: Simulation) -> None:
    """Switch a pod off."""
    simulation.pods["right"].switch_off()


async def no_pod(simulation: Simulation) -> None:
    """Switch both off."""
    for pod in simulation.pods.values():
        pod.switch_off()


async def stranger(simulation: Simulation) -> None:
    """Lose the key of the left pod."""
    client, scanner = simulation.backends
    keys = KeyRing.of(
        OwnedPod(*known) for known in simulation.keys.values() if known[1] == "right"
    )
    simulation.transport = BleTransport(keys, client, scanner, simulation.loop.now_ns)


async def other_owner(simulation: Simulation) -> None:
    """Have another key than the pods."""
    client, scanner = simulation.backends
    keys = KeyRing.of(
        OwnedPod(pod, side, new_key()) for pod, side, _key in simulation.keys.values()
    )
    simulation.transport = BleTransport(keys, client, scanner, simulation.loop.now_ns)


def unavailable(simulation: Simulation, reason: _Reason) -> None:
    """Have the system say that there is no Bluetooth."""

    def refuse() -> None:
        raise BleakBluetoothNotAvailableError("The system says no.", reason)

    simulation.adapter.require_power = refuse


TROUBLES = (bluetooth_off, no_adapter, not_allowed, one_pod, no_pod, stranger, other_owner)


class Troubled(VirtualStudio):
    """Virtual pods with which something goes wrong before they are connected."""

    def __init__(self, trouble: Incident) -> None:
        super().__init__(speed=None)
        self._trouble = trouble

    def surroundings(self, scenario, subject, swapped, stay, placement=""):
        """Let it go wrong."""
        return VirtualSurroundings(
            scenario, 1, None, stay=stay, swapped=swapped, before=self._trouble
        )


class Unowned(VirtualStudio):
    """A computer that owns no pod."""

    def require_pods(self):
        """Say so."""
        KeyRing.of([]).require()


class Noisy(VirtualStudio):
    """A virtual person whose left reference picks up hum, and whose right electrode is off."""

    def look(self, swapped):
        """Return somebody who sits beside a charger, with an electrode off."""
        scenario = build_scenario(
            "rest",
            seed=1,
            hum_uv=25.0,
            lead_off_right_s=((2.0, 400.0),),
            rest_before_s=400.0,
        )
        return self.surroundings(scenario, "", swapped, stay=True)


class Clicker:
    """Clicks through the window and keeps pictures of it."""

    def __init__(self, window: AppWindow, folder: Path, size: tuple[int, int]) -> None:
        self.window, self._folder = window, folder
        window.resize(*size)
        window.show()

    def until(self, what: Callable[[], bool]) -> None:
        """Let time pass until something is so."""
        end_s = time.monotonic() + PATIENCE_S
        while not what():
            QtWidgets.QApplication.processEvents()
            time.sleep(0.005)
            if self.window.error is not None:
                raise self.window.error
            if time.monotonic() > end_s:
                raise TimeoutError(self.window.step)

    def click(self, name: str) -> None:
        """Press a button of the page, as soon as that is possible."""
        self.until(lambda: self._ready(name))
        self._button(name).click()

    def keep(self, name: str) -> None:
        """Keep a picture."""
        self.window.refresh()
        QtWidgets.QApplication.processEvents()
        path = self._folder / f"{name}.png"
        self.window.grab().save(str(path))
        print(path)

    def text(self, name: str) -> str:
        """Return what a label of the page says."""
        label = self.window.page.findChild(QtWidgets.QLabel, name)
        return label.text() if label else ""

    def _button(self, name: str) -> QtWidgets.QPushButton:
        return self.window.page.bar.findChild(QtWidgets.QPushButton, name)

    def _ready(self, name: str) -> bool:
        button = self._button(name)
        return button is not None and button.isEnabled()


def errors(folder: Path, size: tuple[int, int]) -> None:
    """Draw what the first page says about everything that can go wrong there."""
    studios = {trouble.__name__: Troubled(trouble) for trouble in TROUBLES}
    for name, studio in {**studios, "not_owned": Unowned()}.items():
        visit = Visit(studio)
        clicker = Clicker(AppWindow(visit, Sounds(muted=True)), folder, size)
        clicker.until(lambda visit=visit: not visit.busy)
        clicker.keep(f"error_{name}")
        clicker.window.close()
        visit.end()


def noisy(folder: Path, size: tuple[int, int]) -> None:
    """Draw the signal check when it has something to say."""
    visit = Visit(Noisy(speed=None))
    clicker = Clicker(AppWindow(visit, Sounds(muted=True)), folder, size)
    clicker.click("next")
    clicker.until(
        lambda: [live.light for live in visit.poll().sides.values()] == ["yellow", "red"]
    )
    clicker.click("measure")
    clicker.until(lambda: visit.baseline.result is not None)
    clicker.keep("check_noisy")
    clicker.window.close()
    visit.end()


def path(folder: Path, size: tuple[int, int], place: Path) -> None:
    """Draw the whole path."""
    guide = GuideSettings(positions=POSITIONS, trials=2, rest_s=5.0, change_s=5.0)
    visit = Visit(VirtualStudio(speed=8.0, guide=guide, reps=10), Choices(folder=place))
    clicker = Clicker(AppWindow(visit, Sounds(muted=True)), folder, size)
    page = clicker.window.pages["connect"]
    clicker.until(lambda: visit.poll().phase == "scanning")
    clicker.keep("connect_scanning")
    clicker.until(lambda: visit.poll().sides["left"].light is not None)
    clicker.keep("connect")
    page._inputs["subject"].setText("Jane Doe")
    clicker.click("next")
    clicker.keep("connect_mistake")
    page._inputs["subject"].setText("S07")
    clicker.click("next")
    clicker.until(lambda: visit.poll().sides["left"].noise_uv is not None)
    clicker.keep("check")
    clicker.click("measure")
    clicker.until(lambda: visit.baseline.result is not None)
    clicker.keep("check_done")
    clicker.click("next")
    clicker.keep("calibrate")
    clicker.click("start")
    for word in ("relax", "get ready", "hold", "let go"):
        clicker.until(lambda word=word: _word(visit) == word)
        clicker.keep(f"calibrate_{word.replace(' ', '_')}")
    clicker.until(lambda: "refused" in clicker.text("trials") and _word(visit) == "hold")
    clicker.keep("calibrate_refused")
    clicker.until(lambda: bool(visit.calibrating and visit.calibrating.over))
    clicker.keep("calibrate_result")
    clicker.click("next")
    clicker.keep("set")
    clicker.click("start")
    clicker.until(lambda: len(visit.poll().reps) >= 6)
    clicker.keep("live")
    clicker.until(lambda: clicker.window.step == "result")
    clicker.until(lambda: bool(visit.measuring and visit.measuring.over))
    clicker.keep("result")
    clicker.window.close()
    visit.end()


def _word(visit: Visit) -> str:
    prompt = visit.guide.prompt(visit.poll().time_s) if visit.guide else None
    return prompt.word if prompt else ""


def all_pictures(folder: Path, size: tuple[int, int], wanted: list[str]) -> None:
    """Draw them, in a folder of sessions that goes away afterwards."""
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        if "path" in wanted:
            path(folder, size, Path("sessions"))
        if "noisy" in wanted:
            noisy(folder, size)
        if "errors" in wanted:
            errors(folder, size)


def main() -> None:
    """Draw them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every state, into a folder")
    parser.add_argument("--size", default="1000x720", metavar="WIDTHxHEIGHT", help="(1000x720)")
    chosen = parser.parse_args()
    width, height = map(int, chosen.size.split("x"))
    _app = QtWidgets.QApplication([])  # as long as there are windows
    with tempfile.TemporaryDirectory() as drawn:
        folder = chosen.all or Path(drawn)
        folder.mkdir(parents=True, exist_ok=True)
        what = ["path", "noisy", "errors"] if chosen.all else ["path", "noisy"]
        all_pictures(folder.resolve(), (width, height), what)
        for name, picture in () if chosen.all else IN_THE_DOCS.items():
            shutil.copy(folder / f"{name}.png", DOCS / picture)


if __name__ == "__main__":
    main()
