"""Do all checks side by side: none waits for another, and none can hold up or hide the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

from glutesym.doctor.finding import SUBJECTS, Check, Finding

LIMIT_S = 9.0  # for everything together
_NAME = "doctor: "  # of threads
_LOOK_EVERY_S = 0.1
_END_S = 2.0  # for what was asked to stop


class Examination:
    """All checks, begun at once; iterate over the findings, subject by subject, as they come.

    Parameters
    ----------
    checks : sequence of Check
    limit_s : float
        What has not answered by then is told as a finding of its own.
    """

    def __init__(self, checks: Sequence[Check], limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._end_s = time.monotonic() + limit_s
        self._jobs = [_Job(check) for check in checks]

    def __iter__(self) -> Iterator[Finding]:
        for subject in SUBJECTS:
            jobs = [job for job in self._jobs if subject in job.check.subjects]
            for job in jobs:
                job.wait(self._end_s - time.monotonic(), self._limit_s)
            for job in jobs:
                yield from (found for found in job.findings if found.subject == subject)

    def close(self) -> None:
        """End what still runs, if it can be ended."""
        for job in self._jobs:
            job.stop()
        end_s = time.monotonic() + _END_S
        for job in self._jobs:
            if job.check.stop is not None:
                job.ended.wait(max(0.0, end_s - time.monotonic()))


def still_running() -> bool:
    """Return whether a check still runs, which may be for ever."""
    return any(thread.name.startswith(_NAME) for thread in threading.enumerate())


class _Job:
    """One check in its thread."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self._found: list[Finding] = []
        self._given_up: Finding | None = None
        # Not Thread.join: until Python 3.13 a thread counts as ended once Ctrl-C interrupts that.
        self.ended = threading.Event()
        thread = threading.Thread(target=self._run, name=_NAME + check.what, daemon=True)
        thread.start()

    @property
    def findings(self) -> list[Finding]:
        found = list(self._found)
        return found if self._given_up is None else [*found, self._given_up]

    def wait(self, seconds: float, limit_s: float) -> None:
        end_s = time.monotonic() + seconds
        # In short waits: on Windows Ctrl-C does not interrupt one.
        while not self.ended.wait(_LOOK_EVERY_S) and time.monotonic() < end_s:
            pass
        if not self.ended.is_set() and self._given_up is None:
            self._given_up = self._unchecked(f"no answer within {limit_s:g} s")

    def stop(self) -> None:
        if not self.ended.is_set() and self.check.stop is not None:
            self.check.stop()

    def _run(self) -> None:
        try:
            for finding in self.check.look():
                if self._given_up is None:
                    self._found.append(finding)
        except Exception as error:  # whatever it is: the other checks go on
            self._found.append(self._unchecked(f"{type(error).__name__}: {error}".rstrip(": ")))
        finally:
            self.ended.set()

    def _unchecked(self, why: str) -> Finding:
        return Finding(
            self.check.subjects[0], self.check.what, "not checked", f"could not be checked: {why}"
        )
