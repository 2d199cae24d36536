"""Where a colour is in a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glutesym.gui.qt import QtGui


def where(image: QtGui.QImage, color: str, tolerance: int = 12) -> NDArray[np.bool_]:
    """Return a (height, width) mask of the pixels that have a colour."""
    image = image.convertToFormat(QtGui.QImage.Format.Format_RGB32)
    stored = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    pixels = stored[:, : image.width(), 2::-1]  # stored as blue, green, red
    wanted = QtGui.QColor(color)
    rgb = np.array([wanted.red(), wanted.green(), wanted.blue()])
    return (np.abs(pixels.astype(int) - rgb) <= tolerance).all(axis=2)
