"""Which program plays sounds here."""

from __future__ import annotations

import shutil

# Each plays a WAV file and ends: PipeWire, PulseAudio, ALSA, macOS.
_PLAYERS = ("pw-play", "paplay", "aplay", "afplay")


def sound_player(path: str | None = None) -> str | None:
    """Return the player that is found first.

    Parameters
    ----------
    path : str, optional
        Where to look, as in the variable PATH; by default there.
    """
    return next((found for name in _PLAYERS if (found := shutil.which(name, path=path))), None)
