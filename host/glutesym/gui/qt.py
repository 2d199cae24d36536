"""The only place that imports Qt and pyqtgraph: what is missing is named with its fix."""

from __future__ import annotations

import os
import sys

from glutesym.errors import MissingPartError
from glutesym.gui.display import missing_part

os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")  # other Qt bindings may be installed as well
try:
    import pyqtgraph as pg
    from pyqtgraph.util.garbage_collector import GarbageCollector
    from PySide6 import QtCore, QtGui, QtWidgets
except ImportError as error:
    raise missing_part(error) from error


def _require_sound_bindings() -> None:
    """Refuse bindings that lose a reference to None in every call that returns nothing.

    PySide6 6.12.0 does so before Python 3.12, where None became immortal (PEP 683), and ends the
    process, with the recording in it, after some thousand calls. Measured, so that it holds for
    every version.
    """
    calls = 200
    rect = QtCore.QRectF()
    before = sys.getrefcount(None)
    for _ in range(calls):
        rect.setLeft(0.0)
    if sys.version_info < (3, 12) and sys.getrefcount(None) <= before - calls // 2:
        version = ".".join(map(str, sys.version_info[:2]))
        raise MissingPartError(
            f"A PySide6 that is safe on Python {version}",
            'pip install "PySide6-Essentials>=6.7,<6.12"',
        )


_require_sound_bindings()

__all__ = ["GarbageCollector", "QtCore", "QtGui", "QtWidgets", "pg"]
