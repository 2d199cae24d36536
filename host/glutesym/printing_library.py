"""Many sessions on a console: what there are, and what has become of each subject."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding

from glutesym.wording import time_text

if TYPE_CHECKING:
    from glutesym.analysis.trend import Trend
    from glutesym.measures import Estimate
    from glutesym.session.history import Comparable, History
    from glutesym.session.library import Entry

_INDENT = 4


def print_entries(out: Console, entries: Sequence[Entry], folder: Path) -> None:
    """Print two lines a session: a table would fold the names of files, which are long.

    What all sessions have in common is said once, above them; files that cannot be read are told
    below them.
    """
    kinds = [entry.of for entry in entries if entry.of is not None]
    common: list[str] = []
    if len(kinds) > 1:
        common = [mark for mark in _marks(kinds[0]) if all(mark in _marks(of) for of in kinds)]
    if common:
        out.print(f"All of them: {', '.join(common)}")
    widest = max((len(of.subject) for of in kinds), default=0)
    unreadable: list[Entry] = []
    for entry in entries:
        if entry.of is None or entry.started is None:
            unreadable.append(entry)
            continue
        marks = [mark for mark in _marks(entry.of) if mark not in common]
        marks += [] if entry.ended else ["not ended"]
        marks += [f"copy of {entry.copy_of.name}"] if entry.copy_of else []
        what = ", ".join([entry.of.exercise, *marks])
        out.print(
            f"{entry.started.astimezone():%Y-%m-%d %H:%M}{entry.length_s:7.0f} s  "
            f"{entry.of.subject or '–':{max(widest, 1)}}  {what}",
            soft_wrap=True,
        )
        _print_below(out, f"{entry.path.relative_to(folder)}")
    size_mb = sum(entry.size_bytes for entry in entries) / 1e6
    length = time_text(sum(entry.length_s for entry in entries))
    out.print(f"{_count(len(kinds), 'session')}, {length}, {size_mb:.1f} MB")
    if unreadable:
        out.print(f"{_count(len(unreadable), 'file')} cannot be read:", style="bold")
    for entry in unreadable:
        why = entry.problem.partition(". ")[0].rstrip(".")
        _print_below(out, f"{entry.path.relative_to(folder)}: {why}")


def print_courses(out: Console, histories: Sequence[History]) -> None:
    """Print the first and the last value of each history, and whether there is a trend."""
    if not histories:
        out.print("No session of an exercise is among them: there is nothing to compare.")
    for history in histories:
        sets = history.sets
        out.print(f"{history.of}: {_count(len(sets), 'session')}", style="bold")
        for name, found, values in (
            (
                "Asymmetry, right larger +",
                history.asymmetry,
                [one.summary.symmetry_index_pct for one in sets],
            ),
            ("Lag, left later +", history.lag, [one.summary.lag_ms for one in sets]),
        ):
            text = f"{name}: {_course_text(found, values)}"
            out.print(Padding(text, (0, 0, 0, _INDENT), expand=False))


def _course_text(found: Trend, values: Sequence[Estimate]) -> str:
    unit, n_days = found.quantity.unit, len(found.days)
    known = [f"{one.value:+z.0f} {unit}" for one in values if one.value is not None]
    ends = f"first {known[0]}, last {known[-1]}" if len(known) > 1 else "".join(known)
    if found.verdict == "too few sessions":
        from glutesym.analysis.trend import MIN_DAYS

        verdict = f"no trend from {_count(n_days, 'day')}, {MIN_DAYS} are needed"
    else:
        verdict = found.verdict
    return f"{ends or 'not measurable'}; {verdict}"


def _marks(of: Comparable) -> list[str]:
    return [of.placement, *(["virtual pods"] if of.virtual else [])]


def _print_below(out: Console, text: str) -> None:
    out.print(" " * _INDENT + text, style="dim", soft_wrap=True)


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
