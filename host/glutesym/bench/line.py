"""A line of the protocol: what was measured, what was expected, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite


class Verdict(StrEnum):
    """What a line says."""

    PASS = "pass"
    FAIL = "FAIL"
    WITHHELD = "withheld"  # the data do not support a number
    NOTE = "note"  # nothing was expected


@dataclass(frozen=True)
class Line:
    """One line. ``None``: there is none; ``half`` is of the 95 % interval."""

    name: str
    verdict: Verdict
    unit: str = ""
    measured: float | None = None
    half: float | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    limits_from: str = ""  # where the limits come from
    says: str = ""  # why it failed and what to do, why it is withheld, or what to know


def judged(
    name: str,
    unit: str,
    measured: float,
    half: float,
    *,
    expected: float | None = None,
    low: float | None = None,
    high: float | None = None,
    limits_from: str,
    fix: str,
    says: str = "",
) -> Line:
    """Return a line that passes or fails, or is withheld.

    It fails when the number is beyond a limit; it is withheld when it is uncertain by more than
    the limits span, or is no number.

    Parameters
    ----------
    name, unit : str
    measured, half : float
        Number and half-width of its 95 % interval.
    expected, low, high : float, optional
    limits_from : str
        Data sheet and section, or how they were computed.
    fix : str
        What a failure means and what to do then.
    says : str
        What to know when it passes.
    """
    if not isfinite(measured) or not isfinite(half):
        return withheld(name, "it cannot be computed from what was recorded")
    room = (
        (high - low) / 2
        if low is not None and high is not None
        else abs((low if high is None else high) or 0.0)
    )
    if half > room > 0:
        return withheld(name, f"too uncertain: {measured:.3g} ± {half:.2g} {unit}")
    failed = (low is not None and measured < low) or (high is not None and measured > high)
    return Line(
        name,
        Verdict.FAIL if failed else Verdict.PASS,
        unit,
        measured,
        half,
        expected,
        low,
        high,
        limits_from,
        fix if failed else says,
    )


def withheld(name: str, reason: str) -> Line:
    """Return a line without a number."""
    return Line(name, Verdict.WITHHELD, says=reason)


def told(name: str, failed: bool, limits_from: str, says: str) -> Line:
    """Return a line that is no number."""
    return Line(name, Verdict.FAIL if failed else Verdict.PASS, limits_from=limits_from, says=says)
