"""Short tones, for who cannot see the screen: through the system's own player, else its bell."""

from __future__ import annotations

import io
import sys
import tempfile
import wave
from pathlib import Path
from typing import Literal

import numpy as np

from glutesym.gui.players import sound_player
from glutesym.gui.qt import QtCore, QtWidgets

Sound = Literal["tick", "squeeze", "let go", "done", "left lower", "right lower"]

_RATE_HZ = 22_050
_TONES: dict[Sound, tuple[tuple[float, float], ...]] = {  # Hz, seconds
    "tick": ((660.0, 0.08),),
    "squeeze": ((880.0, 0.45),),
    "let go": ((660.0, 0.15), (440.0, 0.35)),
    "left lower": ((392.0, 0.3),),
    "right lower": ((784.0, 0.12), (0.0, 0.08), (784.0, 0.12)),
    "done": ((523.0, 0.12), (659.0, 0.12), (784.0, 0.3)),
}
_LOUDNESS = 0.6
_EDGE_S = 0.01  # faded in and out, or it clicks


def wav_of(sound: Sound) -> bytes:
    """Return a sound as a WAV file, 16 bit mono."""
    parts: list[np.ndarray] = []
    for tone_hz, length_s in _TONES[sound]:
        t_s = np.arange(round(length_s * _RATE_HZ)) / _RATE_HZ
        edge = np.clip(np.minimum(t_s, length_s - t_s) / _EDGE_S, 0.0, 1.0)
        parts.append(_LOUDNESS * edge * np.sin(2 * np.pi * tone_hz * t_s))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(_RATE_HZ)
        out.writeframes((32_767 * np.concatenate(parts)).astype("<i2").tobytes())
    return file.getvalue()


class Sounds:
    """Plays sounds without waiting for their end. Call `close` when no more are wanted.

    Parameters
    ----------
    muted : bool
        Plays nothing.
    """

    def __init__(self, muted: bool = False) -> None:
        self._muted = muted
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._player = sound_player() or ""

    def play(self, sound: Sound) -> None:
        """Begin to play a sound."""
        if self._muted:
            return
        if sys.platform == "win32":
            import winsound

            winsound.PlaySound(str(self._file(sound)), winsound.SND_FILENAME | winsound.SND_ASYNC)
        elif not self._player or not QtCore.QProcess.startDetached(
            self._player, [str(self._file(sound))]
        ):
            if sound != "tick":
                QtWidgets.QApplication.beep()

    def close(self) -> None:
        """Remove the files."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _file(self, sound: Sound) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(
                prefix="glutesym-sounds-", ignore_cleanup_errors=True
            )
        path = Path(self._folder.name) / f"{sound.replace(' ', '-')}.wav"
        if not path.exists():
            path.write_bytes(wav_of(sound))
        return path
