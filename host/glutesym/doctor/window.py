"""Whether a window can open here, on which screen, and whether there is sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from glutesym.doctor.finding import Finding
from glutesym.doctor.surroundings import Computer
from glutesym.gui.display import NO_SCREEN, Display, has_display, try_display
from glutesym.gui.players import sound_player

_LIMIT_S = 8.0
_TERMINAL = "Work at a screen, or see the bars in the terminal: `glutesym live --terminal`."


def window(
    computer: Computer, try_it: Callable[[float], Display | str] = try_display
) -> Iterator[Finding]:
    """Tell whether Qt really starts, on which platform, and which screens there are."""
    if computer.system == "linux" and not has_display(computer.environ):
        yield Finding("window", "Window", "warning", NO_SCREEN.rstrip("."), _TERMINAL)
        return
    tried = try_it(_LIMIT_S)
    if isinstance(tried, str):
        said, _, fix = tried.partition(" Fix: ")
        fix = f"`{fix}`." if fix else _TERMINAL
        yield Finding("window", "Window", "problem", said.rstrip("."), fix)
        return
    screens = " and ".join(tried.screens) or "no screen"
    found = f"Qt starts on {tried.platform}: {screens}"
    if tried.platform in ("offscreen", "minimal"):
        fix = "Nobody sees such a window. Unset it: `unset QT_QPA_PLATFORM`."
        yield Finding("window", "Window", "warning", found, fix)
    else:
        yield Finding("window", "Window", "ok", found)


def sound(computer: Computer) -> Iterator[Finding]:
    """Tell what plays the tones of the app and of `--sound`."""
    if computer.system == "win32":
        yield Finding("window", "Sound", "ok", "Windows plays it")
        return
    player = sound_player(computer.environ.get("PATH"))
    if player is None:
        found = "no player (pw-play, paplay or aplay): the desktop's bell rings instead"
        fix = "`sudo apt install pipewire-bin`, or pulseaudio-utils, or alsa-utils."
        yield Finding("window", "Sound", "warning", found, fix)
    elif computer.system == "linux" and not _has_output(computer):
        found = f"{player}, but no sound server runs and the kernel has no sound card"
        fix = "Plug in a speaker or headphones; without, watch the screen."
        yield Finding("window", "Sound", "warning", found, fix)
    else:
        yield Finding("window", "Sound", "ok", player)


def _has_output(computer: Computer) -> bool:
    runtime = computer.environ.get("XDG_RUNTIME_DIR", "").lstrip("/")
    if runtime:
        folder = computer.root / runtime
        if any((folder / name).exists() for name in ("pipewire-0", "pulse/native")):
            return True
    try:
        cards = (computer.root / "proc/asound/cards").read_text()
    except OSError:
        return False
    return "[" in cards  # else it says "--- no soundcards ---"
