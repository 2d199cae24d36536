"""A picture of the window, for the README and for looking at a layout."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from glutesym.errors import GlutesymError
from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.gui.window import LiveWindow
from glutesym.live_state import LiveState
from glutesym.view_options import PLAIN, ViewOptions


def save_screenshot(
    state: LiveState,
    path: Path,
    size_px: tuple[int, int] = theme.REFERENCE_SIZE_PX,
    options: ViewOptions = PLAIN,
    keys: str = "",
) -> None:
    """Draw the window with one snapshot, without showing it, and save it as a picture.

    Parameters
    ----------
    state : LiveState
        What it shows.
    path : Path
        The file; its suffix names the format, e.g. ``.png``.
    size_px : (int, int)
        Width and height.
    options : ViewOptions
        Unit, target band, theme.
    keys : str
        Letters of keys that are pressed before, e.g. ``"E"``.

    Raises
    ------
    GlutesymError
        The picture cannot be written.
    """
    if sys.platform.startswith("linux"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # draws without a display
    app = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    window = LiveWindow(
        lambda: state, lambda: None, lambda _text: None, lambda _side: None, options=options
    )
    try:
        window.setAttribute(QtCore.Qt.WidgetAttribute.WA_DontShowOnScreen)
        window.resize(*size_px)
        window.show()
        window.refresh()
        for key in keys:
            for kind in (QtCore.QEvent.Type.KeyPress, QtCore.QEvent.Type.KeyRelease):
                code = QtCore.Qt.Key(ord(key)).value
                event = QtGui.QKeyEvent(kind, code, QtCore.Qt.KeyboardModifier.NoModifier)
                QtWidgets.QApplication.sendEvent(window, event)
        window.refresh()
        app.processEvents()
        if window.error is not None:
            raise window.error
        if not window.grab().save(str(path)):
            raise GlutesymError(
                f"Cannot write the picture {path}. Give it a name that ends in .png, "
                "in a folder that exists and is writable."
            )
    finally:
        window.close()
