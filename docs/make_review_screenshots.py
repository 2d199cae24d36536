"""Draw the review of a recorded virtual session, in any size.

python docs/make_review_screenshots.py                                # the one of the docs
python docs/make_review_screenshots.py --all FOLDER [--size 360x640]  # every tab
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from glutesym.gui.qt import QtCore, QtWidgets
from glutesym.gui.review_window import ReviewWindow
from glutesym.session.run import RunningSession
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.surroundings import VirtualSurroundings

DOCS = Path(__file__).resolve().parent
PATIENCE_S = 240.0


def record(folder: Path) -> Path:
    """Record a set of bridges, the left side lower and later."""
    scenario = build_scenario("bridge", seed=4, reps=10, symmetry_index_pct=16.0, lag_ms=25.0)
    session = RunningSession(
        VirtualSurroundings(scenario, 4, None), folder / "session.glutesym", "bridge"
    )
    session.start()
    session.join(PATIENCE_S)
    return folder / "session.glutesym"


def until(what: Callable[[], bool]) -> None:
    """Let time pass until something is so."""
    end_s = time.monotonic() + PATIENCE_S
    while not what():
        QtWidgets.QApplication.processEvents()
        time.sleep(0.005)
        if time.monotonic() > end_s:
            raise TimeoutError


def keep(window: ReviewWindow, path: Path) -> None:
    """Keep a picture, when all is drawn."""
    for _ in range(5):
        QtWidgets.QApplication.processEvents()
    window.grab().save(str(path))
    print(path)


def main() -> None:
    """Draw what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every tab, into a folder")
    parser.add_argument("--size", default="1280x860", metavar="WIDTHxHEIGHT", help="(1280x860)")
    parser.add_argument("--session", type=Path, help="a session file; one is recorded otherwise")
    chosen = parser.parse_args()
    width, height = map(int, chosen.size.split("x"))
    app = QtWidgets.QApplication([])
    app.setQuitOnLastWindowClosed(False)
    with tempfile.TemporaryDirectory() as name:
        path = chosen.session or record(Path(name))
        window = ReviewWindow(path)
        window.resize(width, height)
        window.show()
        until(lambda: not window.page.busy)
        if window.page.reviewed is not None:
            window.page.select(min(3, len(window.page.reviewed.reps)))
        if not chosen.all:
            keep(window, DOCS / "review.png")
            return
        folder = chosen.all
        folder.mkdir(parents=True, exist_ok=True)
        tabs = window.findChild(QtWidgets.QTabWidget, "review_tabs")
        for number in range(tabs.count()):
            tabs.setCurrentIndex(number)
            until(lambda: not window.page.busy)
            keep(window, folder / f"{path.parent.name}_{width}_{number + 1}.png")
        for key in (QtCore.Qt.Key.Key_H, QtCore.Qt.Key.Key_E):
            for action in window.page.actions_now:
                if action.key == key and action.enabled:
                    action.run()
            keep(window, folder / f"{path.parent.name}_{width}_{chr(key)}.png")
            for overlay in window.findChildren(QtWidgets.QScrollArea, "review_help"):
                overlay.hide()
        window.close()


if __name__ == "__main__":
    main()
