"""A tone after a repetition whose sides differ by more than noise: which side was lower.

One low tone in the left ear: the left side; two high ones in the right ear: the right side. The
tones are computed here and played by Qt Multimedia where it is installed (package
PySide6-Addons); otherwise the system's own bell rings, once or twice.
"""

from __future__ import annotations

import importlib
import struct
import tempfile
import wave
from pathlib import Path
from typing import Any

import numpy as np

from glutesym.gui.qt import QtCore, QtWidgets
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, RepMeasure, Side

_RATE_HZ = 44100
_TONES: dict[Side, tuple[float, int]] = {"left": (392.0, 1), "right": (784.0, 2)}  # Hz, times
_TONE_S, _PAUSE_S, _EDGE_S = 0.16, 0.09, 0.01
_LOUDNESS = 0.6


def lower_side(rep: RepMeasure) -> Side | None:
    """Return which side of a repetition was lower by more than noise; None: neither."""
    index, noise = rep.symmetry_index_pct, rep.symmetry_index_noise_pct
    if rep.excluded or index is None or noise is None or abs(index) <= noise:
        return None
    return "left" if index > 0 else "right"


class SoundCue(QtCore.QObject):
    """Plays what a new repetition calls for.

    Attributes
    ----------
    on : bool
    means : str
        What is heard, for the user.
    """

    def __init__(self, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self.on = False
        self._heard = 0  # the number of the last repetition that was looked at
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._effects: dict[Side, Any] = {}
        try:
            multimedia: Any = importlib.import_module("PySide6.QtMultimedia")
        except ImportError:
            multimedia = None
        self._multimedia = multimedia
        how = "tone" if multimedia else "beep"
        self.means = f"one {how}: left lower, two: right lower"

    def show_state(self, state: LiveState) -> None:
        """Look at a snapshot; what was there before it was switched on stays silent."""
        newest = state.reps[-1] if state.reps else None
        if newest is None or newest.number == self._heard:
            return
        self._heard = newest.number
        side = lower_side(newest)
        if self.on and side is not None:
            self.play(side)

    def play(self, side: Side) -> None:
        """Sound for a side that was lower."""
        if self._multimedia:
            self._effect(side).play()
            return
        for i in range(_TONES[side][1]):
            QtCore.QTimer.singleShot(round(1000 * i * 0.35), self, QtWidgets.QApplication.beep)

    def _effect(self, side: Side) -> Any:
        if not self._effects:
            self._folder = tempfile.TemporaryDirectory(prefix="glutesym-sound-")
            for one in SIDES:
                path = Path(self._folder.name) / f"{one}.wav"
                write_tone(path, one)
                self._effects[one] = self._multimedia.QSoundEffect(self)
                self._effects[one].setSource(QtCore.QUrl.fromLocalFile(str(path)))
        return self._effects[side]


def write_tone(path: Path, side: Side) -> None:
    """Write a side's tones as a WAV file: stereo, in the ear of that side."""
    hz, times = _TONES[side]
    t_s = np.arange(round(_TONE_S * _RATE_HZ)) / _RATE_HZ
    edge = np.clip(np.minimum(t_s, _TONE_S - t_s) / _EDGE_S, 0, 1)  # no clicks
    tone = np.concatenate([np.sin(2 * np.pi * hz * t_s) * edge, np.zeros(round(_PAUSE_S * 44100))])
    mono = np.tile(tone, times) * _LOUDNESS
    ears = np.zeros((len(mono), 2))
    ears[:, SIDES.index(side)] = mono
    samples = (ears * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(struct.calcsize("<h"))
        file.setframerate(_RATE_HZ)
        file.writeframes(samples.tobytes())
