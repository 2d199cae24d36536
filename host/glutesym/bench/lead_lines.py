"""What the lead-off comparators say: silent while connected, prompt and right when not."""

from __future__ import annotations

import numpy as np

from glutesym import wire
from glutesym.bench.box import OPEN_N, OPEN_P, OPEN_REF, lead_off_s
from glutesym.bench.lead_off import Report, follow_report
from glutesym.bench.line import Line, Verdict, judged, told, withheld
from glutesym.bench.reading import BenchPod, BenchSession

_P, _N = wire.LEAD_OFF_2P, wire.LEAD_OFF_2N
_NAMES = {_P: "+", _N: "−", wire.LEAD_OFF_RLD: "REF"}
# The current is known to 20 % (SBAS502: typical values only); a frame has to be filled, and
# capacitors vary by 10 %.
_LIMIT_MS = 1000.0
_OFTEN = 0.05
_LIMITS = (
    f"6 nA lift the inputs of a ProtoCentral breakout in {1000 * lead_off_s(True):.0f} ms, "
    f"bare ones in {1000 * lead_off_s(False):.0f}; tolerances and a frame"
)
_REFERENCE = (
    "no number: the chip cannot feel its reference while it drives it (SBAS502, RLD lead-off). "
    "Others saw another electrode reported after 1 to 2 minutes. Do not count on it"
)


def connected_line(session: BenchSession, pod: BenchPod) -> Line | None:
    """Return whether electrodes count as connected while they are; None: nothing to look at."""
    name = "Electrodes connected"
    parts = [
        (stretch.start_s, stretch.end_s)
        for stretch in session.stretches
        if stretch.step in ("noise", "signal")
    ]
    parts += [
        (stretches[0].start_s, stretches[0].end_s)
        for step in ("off-p", "off-n", "off-ref")
        if (stretches := session.of(step))
    ]
    emg = pod.record.emg
    inside = np.zeros(len(emg.time_s), bool)
    for start_s, end_s in parts:
        inside |= (emg.time_s >= start_s) & (emg.time_s < end_s)
    if not inside.any():
        return None
    bits = pod.bits[inside]
    stuck = [bit for bit in (_P, _N) if ((bits & bit) != 0).mean() > _OFTEN]
    railed = bool(emg.clipped[inside].mean() > _OFTEN)
    if not stuck and not railed:
        return told(name, False, "all are joined by the box", "none is reported off")
    which = " and ".join(_NAMES[bit] for bit in stuck)
    if railed and stuck:
        says = (
            f"Electrode {which} is reported off and the signal is at its rail: its lead is broken "
            "or out. Measure from its snap to the plug: 100 kΩ."
        )
    elif railed:
        says = (
            "The signal is at its rail: look for a lead that touches the supply, or a wrong plug."
        )
    else:
        says = (
            f"Electrode {which} is reported off although its signal is there: its comparator is "
            "stuck, or the lead leaks. Dry and clean the plug; else replace the breakout."
        )
    return told(name, True, "all are joined by the box", says)


def opening_lines(session: BenchSession, pod: BenchPod) -> list[Line]:
    """Return the lines of the electrodes that were opened and closed."""
    lines: list[Line] = []
    named: dict[int, int] = {}
    for step, position, bit in (("off-p", OPEN_P, _P), ("off-n", OPEN_N, _N)):
        stretches = session.of(step)
        if len(stretches) < 3:
            continue
        label = f"Electrode {_NAMES[bit]} off"
        names = f"{label}: reported after", f"{label}: cleared after"
        if not pod.one_run:
            lines += [withheld(name, "the pod restarted in between") for name in names]
            continue
        report = _report(session, pod, step)
        new, problem = _problem(report, position, bit)
        if problem:
            lines += [withheld(name, problem) for name in names]
            continue
        named[bit] = new
        lines.append(_delay(names[0], report.report_s, report, position))
        if report.report_s is not None:
            lines.append(_clearing(names[1], report.clear_s))
        else:
            lines.append(withheld(names[1], "when it was reported is not known"))
    if named:
        lines.append(_naming(named))
    if len(session.of("off-ref")) >= 3 and pod.one_run:
        report = _report(session, pod, "off-ref")
        seen = [name for bit, name in _NAMES.items() if report.named & bit]
        says = f"reported: {', '.join(seen)}" if seen else "nothing was reported"
        lines.append(
            Line("Electrode REF off", Verdict.NOTE, says=f"{says} while {OPEN_REF}; {_REFERENCE}")
        )
    return lines


def _report(session: BenchSession, pod: BenchPod, step: str) -> Report:
    first, opened, closed = session.of(step)[-3:]
    emg = pod.record.emg
    return follow_report(
        emg.time_s,
        emg.uv,
        pod.bits,
        pod.complete_s,
        first.start_s,
        opened.start_s,
        closed.start_s,
        closed.end_s,
    )


def _problem(report: Report, position: str, bit: int) -> tuple[int, str]:
    """Return the bits that came, and why nothing can be said, if so."""
    if report.before & bit:
        return 0, "it counted as off before it was: see Electrodes connected"
    if not report.known:
        return 0, "no sample came while all were connected: the link lost them"
    if report.opened_s is None and not report.named:
        return 0, f"the signal did not move: was {position} opened?"
    return report.named, ""


def _delay(name: str, report_s: float | None, report: Report, position: str) -> Line:
    if report_s is None and report.opened_s is None:
        return withheld(name, "it was reported, but the signal does not tell when it opened")
    if report_s is None:
        return told(
            name,
            True,
            _LIMITS,
            f"Never reported while {position}, though the signal left: the comparator or its "
            "current is dead. Replace the breakout.",
        )
    return judged(
        name,
        "ms",
        1000 * report_s,
        0.0,
        high=_LIMIT_MS,
        limits_from=_LIMITS,
        fix="Reported late: something loads the input. Dry the plug, shorten the leads.",
    )


def _clearing(name: str, clear_s: float | None) -> Line:
    if clear_s is None:
        return told(
            name,
            True,
            _LIMITS,
            "It stays reported after it was closed: is the switch closed? Else the contact is "
            "bad, or the comparator stuck.",
        )
    return judged(
        name,
        "ms",
        1000 * clear_s,
        0.0,
        high=_LIMIT_MS,
        limits_from=_LIMITS,
        fix="It is cleared late: the contact bounces or is bad.",
    )


def _naming(named: dict[int, int]) -> Line:
    name = "The right electrode is named"
    wrong = [bit for bit, bits in named.items() if bits and not bits & bit]
    also = [bit for bit, bits in named.items() if bits & bit and bits & ~bit]
    source = "SBAS502, status word: a bit for each input"
    if not any(named.values()):
        return withheld(name, "none was reported")
    if wrong:
        return told(
            name,
            True,
            source,
            "The other one is named: + and − are exchanged, in the plug or on the snaps.",
        )
    if also:
        return told(
            name,
            True,
            source,
            "Others are named, too: two leads touch, or the input leaks.",
        )
    return told(name, False, source, ", ".join(_NAMES[bit] for bit in named))
