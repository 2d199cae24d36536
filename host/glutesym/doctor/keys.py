"""The file with the pods' keys, and what this computer owns."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from glutesym.doctor.finding import Finding
from glutesym.errors import KeyFileError, how_to_own
from glutesym.keys import KeyRing
from glutesym.measures import SIDES


def key_file(path: Path) -> Iterator[Finding]:
    """Tell about the key file and which pods are owned."""
    try:
        keys = KeyRing.load(path)
    except KeyFileError as error:
        said, _, fix = error.reason.partition(" Fix: ")
        fix = f"`{fix}`." if fix else "See docs/security.md."
        yield Finding("pods", "Key file", "problem", f"{path}: {said}", fix)
        return
    if not path.exists():
        fix = how_to_own(SIDES)
        yield Finding(
            "pods", "Key file", "warning", f"{path}: not there yet; no pod is owned", fix
        )
        return
    yield Finding("pods", "Key file", "ok", f"{path}{_mode(path)}")
    owned = [f"{pod.side} {pod.tag}" for pod in keys]
    missing = tuple(side for side in SIDES if not any(pod.side == side for pod in keys))
    found = ", ".join(owned) or "none"
    if missing:
        found += f"; no {' and no '.join(missing)} pod"
        fix = how_to_own(missing)
        yield Finding("pods", "Owned", "warning", found, fix)
    else:
        yield Finding("pods", "Owned", "ok", found)


def _mode(path: Path) -> str:
    if os.name != "posix":
        return ""
    return f", mode {stat.S_IMODE(path.stat().st_mode):04o}: yours alone"
