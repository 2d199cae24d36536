"""One session's rows: the task that processes and clusters do, alike wherever it runs."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from glutesym import __version__
from glutesym.errors import SessionError


@dataclass(frozen=True)
class Task:
    """A session to be measured."""

    file: str  # its name in the table: the path below the folder, with /
    path: str  # where it is, the same on every computer that measures
    mains_hz: int | None  # 50, 60, 0: leave hum in, None: as recorded


@dataclass(frozen=True)
class Outcome:
    """What came of a task; goes between processes and computers."""

    file: str
    analysis: str  # `analysis_version` of whoever measured
    summary: dict[str, Any] | None = None  # a row of `summary.csv`, not rounded; None: a problem
    reps: tuple[dict[str, Any], ...] = ()  # rows of `reps.csv`
    problem: str = ""


def measure(task: Task) -> Outcome | None:
    """Measure one session; that it cannot be measured is an outcome, too. None: out of memory."""
    try:
        return _measure(task)
    except SessionError as error:
        problem = error.reason
    except MemoryError:
        return None
    except Exception as error:  # a mistake of ours: it is named, and costs this session only
        problem = (
            f"glutesym failed ({type(error).__name__}: {error}): please report it with what "
            "`glutesym analyze` says of this file"
        )
    return Outcome(task.file, analysis_version(), problem=problem)


def _measure(task: Task) -> Outcome:
    from glutesym.session.analyze import session_meta
    from glutesym.session.measured import measure_session
    from glutesym.session.tables import session_tables, whole

    path = Path(task.path)
    session = measure_session(path, mains_hz=task.mains_hz)
    meta = session_meta(session)
    whose = {"session": path.stem} | {key: meta.get(key) for key in ("started_utc", "subject")}
    parts = session_tables(
        session.recording, session.measures, session.events, whose, session.normalised
    )
    (summary,) = whole("summary", parts["summary"]).to_dicts()
    reps = whole("reps", parts["reps"]).to_dicts()
    about = {"placement": session.meta.placement, "virtual_pods": session.virtual}
    return Outcome(task.file, analysis_version(), summary | about, tuple(reps))


@cache
def analysis_version() -> str:
    """Return what tells one analysis from another: the version, and a digest of its sources."""
    digest = hashlib.sha256()
    for name, path in sorted(_sources().items()):
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"


def _sources() -> dict[str, Path]:
    """Return this module and all that it imports, directly or through others, by name."""
    package = Path(__file__).resolve().parents[1]
    waiting = {__name__}
    found: dict[str, Path] = {}
    while waiting:
        name = waiting.pop()
        path = package.joinpath(*name.split(".")[1:]).with_suffix(".py")
        ours = name.startswith(f"{package.name}.")
        if not ours or name in found or not path.is_file():  # no file: a package or a function
            continue
        found[name] = path
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                waiting |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found
