"""Truth and measurement side by side, for a session of virtual pods."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from glutesym.measures import SIDES, Side
from glutesym.session.analyze import AnalyzedSession
from glutesym.virtual.scenarios.base import EMG_GRID_HZ, Scenario, Truth
from glutesym.virtual.scenarios.synthetic import set_truth
from glutesym.virtual.surroundings import SCENARIO_EVENT

_NEWTON_STEPS = 8
_OVERLAP = 0.5  # a repetition is found when a measured one covers at least half of it


@dataclass(frozen=True)
class TruthCheck:
    """What was true, what was measured. ``None``: there is no such number."""

    reps_true: int
    reps_measured: int
    reps_matched: int
    symmetry_index_true_pct: float | None
    symmetry_index_pct: float | None
    lag_true_ms: float | None
    lag_ms: float | None
    lag_per_rep_mae_ms: float | None
    samples_sent: dict[Side, int]
    samples_received: dict[Side, int]
    samples_lost: dict[Side, int]
    sync_uncertainty_ms: float
    pelvic_drop_true_deg: dict[Side, float]  # by the leg stood on; empty: another exercise
    pelvic_drop_deg: dict[Side, float]
    sync_error_ms: float | None  # of a left–right time difference, from the waveforms themselves

    @property
    def symmetry_index_error_pct(self) -> float | None:
        """Measured less true, percentage points."""
        return _difference(self.symmetry_index_pct, self.symmetry_index_true_pct)

    @property
    def lag_error_ms(self) -> float | None:
        """Measured less true."""
        return _difference(self.lag_ms, self.lag_true_ms)

    def pelvic_drop_error_deg(self, leg: Side) -> float | None:
        """Measured less true, standing on a leg."""
        return _difference(self.pelvic_drop_deg.get(leg), self.pelvic_drop_true_deg.get(leg))

    @property
    def ratio_error_pct(self) -> float | None:
        """Measured right/left amplitude ratio, relative to the true one."""
        measured, true = self.symmetry_index_pct, self.symmetry_index_true_pct
        if measured is None or true is None:
            return None
        return 100 * (_ratio(measured) / _ratio(true) - 1)


def check_truth(session: AnalyzedSession, scenario: Scenario) -> TruthCheck | None:
    """Compare a session's measures with what was played of a scenario.

    Returns
    -------
    TruthCheck or None
        None when the scenario had not begun when the session ended.
    """
    starts = [event.time_s for event in session.events if event.kind == SCENARIO_EVENT]
    if not starts:
        return None
    truth = _played(scenario.truth, session.recording.duration_s - starts[0])
    reps = session.measures.reps
    lag_errors: list[float] = []
    matched = 0
    for rep in truth.reps:
        start_s, end_s = rep.start_s + starts[0], rep.end_s + starts[0]
        overlaps = [min(end_s, r.end_s) - max(start_s, r.start_s) for r in reps]
        if not overlaps or max(overlaps) < _OVERLAP * (end_s - start_s):
            continue
        matched += 1
        found = reps[int(np.argmax(overlaps))]
        lag_true_ms = 1000 * (rep.onset_s["left"] - rep.onset_s["right"])
        if found.lag_ms is not None and np.isfinite(lag_true_ms):
            lag_errors.append(abs(found.lag_ms - lag_true_ms))
    pods = session.recording.pods
    summary = session.measures.summary
    present: list[Side] = [side for side in SIDES if side in pods]
    return TruthCheck(
        reps_true=len(truth.reps),
        reps_measured=len(reps),
        reps_matched=matched,
        symmetry_index_true_pct=truth.symmetry_index_pct,
        symmetry_index_pct=summary.symmetry_index_pct.value,
        lag_true_ms=truth.lag_ms,
        lag_ms=summary.lag_ms.value,
        lag_per_rep_mae_ms=float(np.mean(lag_errors)) if lag_errors else None,
        samples_sent={side: pods[side].samples_sent for side in present},
        samples_received={side: pods[side].samples_received for side in present},
        samples_lost={side: pods[side].samples_lost for side in present},
        pelvic_drop_true_deg=truth.pelvic_drop_deg,
        pelvic_drop_deg={
            leg: drop.value
            for leg, drop in session.measures.pelvic_drop_deg.items()
            if drop.value is not None
        },
        sync_uncertainty_ms=session.recording.sync_uncertainty_ms,
        sync_error_ms=_sync_error_ms(session, scenario, starts[0]),
    )


def _played(truth: Truth, until_s: float) -> Truth:
    """Return the truth about the repetitions that had ended when the session did."""
    reps = tuple(rep for rep in truth.reps if rep.end_s <= until_s)
    if len(reps) == len(truth.reps):
        return truth
    known = all(np.isfinite([*rep.activation_uv.values()]).all() for rep in reps)
    return set_truth(reps) if known and reps else replace(truth, reps=reps)


def _sync_error_ms(session: AnalyzedSession, scenario: Scenario, start_s: float) -> float | None:
    """Return by how much more the left side's times are off than the right side's.

    The electrode voltage that was played is known at every moment, so the time error of a record
    is the shift that explains best how it differs from what was played (Gauss–Newton).
    """
    errors_ms: list[float] = []
    for side in SIDES:
        pod = session.recording.pods.get(side)
        if pod is None:
            return None
        played_uv = scenario.side(side).emg_uv.astype(np.float64)
        played_s = start_s + np.arange(len(played_uv)) / EMG_GRID_HZ
        played_slope_uv_s = np.gradient(played_uv, 1 / EMG_GRID_HZ)
        emg = pod.emg
        inside = (emg.time_s > played_s[0] + 1) & (emg.time_s < played_s[-1] - 1)
        inside &= np.isfinite(emg.uv) & ~emg.clipped & ~emg.lead_off
        if np.count_nonzero(inside) < emg.fs_hz:
            return None
        late_s = 0.0
        for _ in range(_NEWTON_STEPS):
            time_s = emg.time_s[inside] - late_s
            expected_uv = np.interp(time_s, played_s, played_uv)
            slope_uv_s = np.interp(time_s, played_s, played_slope_uv_s)
            late_s += float(
                (expected_uv - emg.uv[inside]) @ slope_uv_s / (slope_uv_s @ slope_uv_s)
            )
        errors_ms.append(1000 * late_s)
    return errors_ms[0] - errors_ms[1]


def _difference(measured: float | None, true: float | None) -> float | None:
    return None if measured is None or true is None else measured - true


def _ratio(symmetry_index_pct: float) -> float:
    """Return R/L: SI = 100·(R−L)/(0.5·(R+L))."""
    return (200 + symmetry_index_pct) / (200 - symmetry_index_pct)
