"""Draw where the electrodes go, as the app shows it: the pictures of docs/placement.md.

python docs/make_placement_pictures.py
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from glutesym.gui import theme
from glutesym.gui.placement import PlacementPicture
from glutesym.gui.qt import QtWidgets
from glutesym.view_options import ThemeChoice

DOCS = Path(__file__).resolve().parent
SIZE_PX = (760, 720)


def main() -> None:
    """Write one picture a muscle."""
    argparse.ArgumentParser(description=__doc__.split("\n\n")[0]).parse_args()
    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    theme.use(ThemeChoice.LIGHT)
    for muscle in ("maximus", "medius"):
        picture = PlacementPicture()
        picture.setStyleSheet(f"background: {theme.WINDOW}")
        picture.resize(*SIZE_PX)
        picture.show_placement(f"gluteus {muscle}")
        picture.grab().save(str(DOCS / f"placement-{muscle}.png"))
    application.processEvents()


if __name__ == "__main__":
    main()
