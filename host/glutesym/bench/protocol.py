"""The protocol of a bench test that a builder keeps: one file to read, one for programs."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict
from math import floor, isfinite, log10
from pathlib import Path
from typing import Any

from glutesym import __version__
from glutesym.bench.judge import BenchResult, PodResult
from glutesym.bench.line import Line, Verdict
from glutesym.errors import SessionError

FORMAT = 1


def write_protocol(result: BenchResult) -> list[Path]:
    """Write protocol.txt and .json beside the session file; returns the files.

    Raises
    ------
    SessionError
        A file cannot be written.
    """
    base = result.session.path
    texts = {
        base.with_suffix(".txt"): as_text(result),
        base.with_suffix(".json"): json.dumps(as_dict(result), indent=2, ensure_ascii=False),
    }
    for path, text in texts.items():
        new = path.with_suffix(path.suffix + ".new")
        try:
            new.write_text(text + "\n", encoding="utf-8")
            os.replace(new, path)
        except OSError as error:
            with suppress(OSError):  # the disk may be gone
                new.unlink()
            raise SessionError(path, f"cannot be written ({error.strerror}).") from error
    return list(texts)


def as_dict(result: BenchResult) -> dict[str, Any]:
    """Return everything as JSON has it: numbers that do not exist are null."""
    session = result.session
    return {
        "format": FORMAT,
        "session_file": session.path.name,
        "started_utc": session.meta.started_utc.isoformat(),
        "recorded_with": session.meta.versions,
        "measured_with": __version__,
        "setup": asdict(session.setup),
        "skipped": list(session.skipped),
        "pods": [
            {
                "side": pod.side or None,
                "id": pod.name,
                "firmware": pod.firmware or None,
                "lines": [_plain(asdict(line)) for line in pod.lines],
            }
            for pod in result.pods
        ],
        "passed": result.exit_code == 0,
    }


def as_text(result: BenchResult) -> str:
    """Return the protocol as text of fixed width."""
    session = result.session
    parts = [
        "glutesym bench test",
        f"{session.meta.started_utc.astimezone():%Y-%m-%d %H:%M:%S %z}   {session.path.name}",
        f"measured with glutesym {__version__}",
        "setup: " + ", ".join(f"{k} {v}" for k, v in asdict(session.setup).items()),
    ]
    if session.skipped:
        parts.append(f"left out: {', '.join(session.skipped)}")
    for pod in result.pods:
        parts += ["", title(pod)]
        parts += [_row(line) for line in pod.lines]
    parts += ["", sentence(result)]
    return "\n".join(parts)


def title(pod: PodResult) -> str:
    """Return which pod the lines are about."""
    if not pod.side:
        return pod.name
    return f"{pod.side} pod, id {pod.name}, firmware {pod.firmware}"


def sentence(result: BenchResult) -> str:
    """Return the outcome in words."""
    failed, unknown = result.count(Verdict.FAIL), result.count(Verdict.WITHHELD)
    passed, notes = result.count(Verdict.PASS), result.count(Verdict.NOTE)
    if not result.lines:
        return "Nothing was measured."
    parts = [f"Of {len(result.lines)} lines {passed} passed"]
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{unknown} could not be measured"] if unknown else []
    parts += [f"{notes} {'is a note' if notes == 1 else 'are notes'}"] if notes else []
    return ", ".join(parts) + "."


def number(line: Line) -> str:
    """Return what was measured, with its unit."""
    if line.measured is None:
        return "-"
    if not line.half:
        return f"{line.measured:.4g} {line.unit}".strip()
    digits = max(0, min(4, 1 - floor(log10(line.half))))
    return f"{line.measured:.{digits}f} ± {line.half:.{digits}f} {line.unit}".strip()


def limits(line: Line) -> str:
    """Return the limits, with their unit."""
    if line.low is None and line.high is None:
        return "-"
    if line.low is None:
        return f"at most {line.high:.4g} {line.unit}".strip()
    if line.high is None:
        return f"at least {line.low:.4g} {line.unit}".strip()
    return f"{line.low:.4g} to {line.high:.4g} {line.unit}".strip()


def _row(line: Line) -> str:
    row = f"{line.verdict.value:9}{line.name:32}{number(line):26}{limits(line)}".rstrip()
    notes = [line.says] if line.says else []
    if line.limits_from:
        notes.append(f"limits: {line.limits_from}")
    return "\n".join([row, *(f"{'':9}{note}" for note in notes)])


def _plain(line: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not isfinite(value) else value
        for key, value in line.items()
    }
