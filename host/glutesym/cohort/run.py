"""A folder of sessions as one table: what is new or changed is measured, the rest is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from glutesym.cohort.cluster import on_cluster
from glutesym.cohort.ledger import Ledger
from glutesym.cohort.local import in_processes
from glutesym.cohort.work import Outcome, Task, analysis_version, measure
from glutesym.errors import GlutesymError, SessionError
from glutesym.measures import SIDES
from glutesym.session.columns import REPS, SUMMARY, Column
from glutesym.session.names import original_first, sessions_in
from glutesym.session.normalised import FOLDER
from glutesym.session.publish import UNFINISHED, cannot_write
from glutesym.session.tables import table

LEDGER = ".done"  # ending of the file beside the table
FILE = Column("file", "", "path of the session file below the folder")
PROBLEM = Column("problem", "", "why it could not be measured", "it was")
PLACEMENT = Column("placement", "", "of the electrodes", "it could not be read")
VIRTUAL = Column("virtual_pods", "", "whether its pods were simulated", "it could not be read")
COPY_OF = Column("copy_of", "", "file of the session that it is a copy or replay of", "it is none")
SESSIONS = (FILE, *SUMMARY, PLACEMENT, VIRTUAL, COPY_OF, PROBLEM)
REPETITIONS = (FILE, *REPS)
_PART_ROWS = 20_000  # rows that are Python's at once

_Session = tuple[str, dict[str, Any] | None, list[dict[str, Any]], str]  # as `Ledger.outcomes`
Told = Callable[[int, int], None]  # how many of how many sessions are done


@dataclass(frozen=True)
class Cohort:
    """What a run came to."""

    sessions: int  # rows of the table
    measured: int  # in this run; the others were kept from earlier ones
    problems: tuple[tuple[str, str], ...]  # file and reason


def run_cohort(
    folder: Path,
    out: Path,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    mains_hz: int | None = None,
    reps: Path | None = None,
    told: Told = lambda _done, _of: None,
) -> Cohort:
    """Measure all sessions below a folder and write a Parquet table, a row a session.

    Interrupted at any time, it goes on with the same call. A session is measured again when its
    file, its folder's calibrations, the frequency of the hum or what of glutesym measures it has
    changed.

    Parameters
    ----------
    folder : Path
    out : Path
        The table; beside it, with `LEDGER` added to its name, is kept what was measured.
    workers : int
        Processes of this computer.
    scheduler : str, optional
        Of a Dask cluster, which measures instead; it must see the folder at the same path.
    mains_hz : int, optional
        As of `measure_session`.
    reps : Path, optional
        Another Parquet table, a row a repetition.
    told : callable
        Called with how many sessions are done, and of how many.

    Raises
    ------
    SessionError
        There is no session, or a file cannot be written.
    GlutesymError
        The cluster does not answer, or has another version of glutesym.
    """
    root = folder.resolve()
    paths = {path.relative_to(root).as_posix(): path for path in sessions_in(root, below=True)}
    states = {file: _state(path, mains_hz) for file, path in paths.items()}
    problems: dict[str, str] = {}
    with Ledger(out.with_name(out.name + LEDGER)) as ledger:
        kept = ledger.states()
        new = [file for file in paths if kept.get(file) != states[file]]
        done = len(paths) - len(new)
        told(done, len(paths))
        tasks = (Task(file, str(paths[file]), mains_hz) for file in new)
        results = (
            on_cluster(measure, tasks, scheduler)
            if scheduler
            else in_processes(measure, tasks, workers)
        )
        for task, outcome in results if new else ():
            if outcome is None:
                problems[task.file] = "its process ended (killed, or out of memory)"
            else:
                _check_version(outcome)
                ledger.keep(outcome, states[task.file])
            done += 1
            told(done, len(paths))
        _write(out, SESSIONS, _session_rows(ledger, paths, problems))
        if reps is not None:
            _write(reps, REPETITIONS, _rep_rows(ledger, paths, problems))
        problems |= {
            file: problem for file, _, _, problem in ledger.outcomes() if problem and file in paths
        }
    return Cohort(len(paths), len(new), tuple(sorted(problems.items())))


def _state(path: Path, mains_hz: int | None) -> str:
    """Return what a session's rows depend on."""
    unmerged = path.with_name(path.name + "-wal")  # SQLite's, of one that is being recorded
    about = [path, *([unmerged] if unmerged.exists() else [])]
    about += sorted((path.parent / FOLDER).glob("*.json"))
    try:
        stats = [(one.stat().st_size, one.stat().st_mtime_ns) for one in about]
    except OSError as error:
        raise SessionError(path, f"cannot be read ({error.strerror}).") from error
    return f"{analysis_version()} {mains_hz} {stats}"


def _check_version(outcome: Outcome) -> None:
    if outcome.analysis != analysis_version():
        raise GlutesymError(
            f"A worker has glutesym {outcome.analysis}, here is {analysis_version()}: they may "
            "measure differently. Install the same one everywhere, start the workers again, and "
            "give the same command."
        )


def _session_rows(
    ledger: Ledger, paths: dict[str, Path], problems: dict[str, str]
) -> Iterator[dict[str, Any]]:
    nothing = dict.fromkeys(column.heading for column in SESSIONS)
    originals = _originals(_of(ledger, paths, problems))
    for file, summary, _, problem in _of(ledger, paths, problems):
        known = summary or {"session": paths[file].stem}
        original = originals[summary["started_utc"]] if summary else file
        copy_of = None if original == file else original
        yield nothing | known | {"file": file, "copy_of": copy_of, "problem": problem or None}


def _originals(sessions: Iterator[_Session]) -> dict[str, str]:
    """Return the file that is no copy, of each moment at which a session began."""
    originals: dict[str, tuple[int, tuple[bool, int, str], str]] = {}
    for file, summary, _, _ in sessions:
        if summary:
            bad = sum(summary[f"{side}_frames_bad"] or 0 for side in SIDES)  # or damaged since
            one = bad, original_first(Path(file)), file
            other = originals.setdefault(summary["started_utc"], one)
            originals[summary["started_utc"]] = min(one, other)
    return {started: file for started, (_, _, file) in originals.items()}


def _rep_rows(
    ledger: Ledger, paths: dict[str, Path], problems: dict[str, str]
) -> Iterator[dict[str, Any]]:
    for file, _, reps, _ in _of(ledger, paths, problems):
        for rep in reps:
            yield rep | {"file": file}


def _of(ledger: Ledger, paths: dict[str, Path], problems: dict[str, str]) -> Iterator[_Session]:
    """Yield what is known of the sessions that are there; of lost ones, that they were lost."""
    for outcome in ledger.outcomes():
        if outcome[0] in paths and outcome[0] not in problems:
            yield outcome
    for file, problem in sorted(problems.items()):
        yield file, None, [], problem


def _write(path: Path, columns: Sequence[Column], rows: Iterable[dict[str, Any]]) -> None:
    """Write a table of Parquet in parts; until it is whole an earlier one stays."""
    parts: list[pl.DataFrame] = []
    part: list[dict[str, Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == _PART_ROWS:
            parts += table(columns, part)
            part = []
    parts += table(columns, part)
    unfinished = path.with_name(f"{UNFINISHED}{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = pl.concat(parts, how="vertical_relaxed")
        whole.sort("file", maintain_order=True).write_parquet(unfinished)
        unfinished.replace(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
