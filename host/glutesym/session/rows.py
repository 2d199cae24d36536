"""One row of the exported tables: a repetition, or the summary of a set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from glutesym.analysis.asymmetry import ln_ratio, symmetry_angle_pct
from glutesym.measures import SIDES, Estimate, FatigueTrend, RepMeasure, SetMeasures
from glutesym.recording import Recording
from glutesym.session.history import History
from glutesym.session.library import Entry
from glutesym.wording import causes_text

Row = Mapping[str, object]  # heading → value; None: an empty cell


def rep_row(rep: RepMeasure) -> Row:
    """Return the row of one repetition, headings as in :data:`glutesym.session.columns.REPS`."""
    row: dict[str, object] = {
        "rep": rep.number,
        "start_s": rep.start_s,
        "end_s": rep.end_s,
        "symmetry_index_pct": rep.symmetry_index_pct,
        "symmetry_angle_pct": _angle_pct(rep.symmetry_index_pct),
        "ratio_ln": _ln_ratio(rep.symmetry_index_pct),
        "lag_ms": rep.lag_ms,
        "offset_lag_ms": rep.offset_lag_ms,
        "coactivation_s": rep.coactivation_s,
        "working": rep.working,
        "sync_uncertainty_ms": rep.sync_uncertainty_ms,
        "quality": rep.quality,
        "excluded": int(rep.excluded),
        "reason": rep.reason or None,
        "edited": "; ".join(rep.edits) or None,
    }
    for side in SIDES:
        measure = rep.side(side)
        row |= {
            f"{side}_onset_s": measure.onset_s,
            f"{side}_offset_s": measure.offset_s,
            f"{side}_activation_uv": measure.activation_uv,
            f"{side}_peak_uv": measure.peak_uv,
            f"{side}_integrated_uv_s": measure.integrated_uv_s,
            f"{side}_burst_s": measure.burst_s,
            f"{side}_time_to_peak_s": measure.time_to_peak_s,
            f"{side}_snr_db": measure.snr_db,
            f"{side}_resting_uv": measure.resting_uv,
            f"{side}_hum_uv": measure.hum_uv,
            f"{side}_slow_uv": measure.slow_uv,
            f"{side}_onset_uncertainty_ms": measure.onset_uncertainty_ms,
            f"{side}_quality": measure.quality,
            f"{side}_reason": measure.reason or None,
        }
    return row


def gap_rows(recording: Recording) -> list[Row]:
    """Return a row a gap, headings as in :data:`glutesym.session.columns.GAPS`."""
    return [
        {
            "side": side,
            "signal": signal,
            "start_s": gap.start_s,
            "end_s": gap.end_s,
            "samples": gap.samples,
            "reason": gap.reason,
        }
        for side, pod in recording.pods.items()
        for signal, gaps in (("emg", pod.gaps), ("imu", pod.imu_gaps))
        for gap in gaps
    ]


def summary_row(recording: Recording, measures: SetMeasures) -> dict[str, object]:
    """Return the row of a set, headings as in :data:`glutesym.session.columns.SUMMARY`."""
    summary = measures.summary
    index = summary.symmetry_index_pct
    withheld = Estimate(None)
    no_stance = Estimate(None, reason="not a stance on one leg")
    unmeasured = Estimate(None, reason="it was not measured")
    nothing = FatigueTrend(unmeasured, unmeasured, unmeasured)
    difference = measures.hip_rotation_difference_deg
    rotations = [difference, *measures.hip_rotation_deg.values()]
    row: dict[str, object] = {
        "exercise": recording.exercise or None,
        "duration_s": recording.duration_s,
        "reps": summary.n_reps,
        "reps_used": summary.n_used,
        "reps_excluded": summary.n_excluded,
        "excluded_because": causes_text(summary) or None,
        "motion_lost_s": measures.motion_lost_s,
        "pods_swapped": None if measures.swapped is None else int(measures.swapped),
        "verdict": summary.verdict,
        "verdict_reason": summary.reason or None,
        **_estimate("symmetry_index", "pct", index),
        **_estimate("symmetry_angle", "pct", index.map(_angle_of)),
        **_estimate("ratio", "ln", index.map(ln_ratio)),
        "symmetry_reason": index.reason or None,
        "symmetry_detectable_pct": summary.detectable_pct,
        "lag_verdict": summary.lag_verdict,
        "lag_detectable_ms": summary.detectable_ms,
        **_estimate("lag", "ms", summary.lag_ms),
        "lag_reason": summary.lag_ms.reason or None,
        **_estimate("hip_rotation_difference", "deg", difference),
        "hip_rotation_reason": next((r.reason for r in rotations if r.reason), None),
        **_estimate("pelvic_drop_difference", "deg", measures.pelvic_drop_difference_deg),
        "sync_uncertainty_ms": recording.sync_uncertainty_ms,
    }
    for side in SIDES:
        activation = summary.activation_uv.get(side, Estimate(None, reason="no pod on this side"))
        row |= _estimate(f"{side}_activation", "uv", activation)
        row[f"{side}_activation_reason"] = activation.reason or None
        tired = measures.fatigue.get(side, nothing)
        row |= _estimate(f"{side}_median_frequency", "pct", tired.median_frequency_pct)
        row |= _estimate(f"{side}_fi_nsm5", "pct", tired.fi_nsm5_pct)
        row[f"{side}_fatigue_reason"] = (
            tired.median_frequency_pct.reason or tired.fi_nsm5_pct.reason or None
        )
        rotation = measures.hip_rotation_deg.get(side, withheld)
        row |= _estimate(f"{side}_hip_rotation", "deg", rotation)
        drop = measures.pelvic_drop_deg.get(side, no_stance)
        row |= _estimate(f"{side}_pelvic_drop", "deg", drop)
        row[f"{side}_pelvic_drop_reason"] = drop.reason or None
        pod = recording.pods.get(side)
        row |= {
            f"{side}_resting_uv": measures.resting_uv.get(side),
            f"{side}_samples_sent": pod and pod.samples_sent,
            f"{side}_samples_received": pod and pod.samples_received,
            f"{side}_samples_lost": pod and pod.samples_lost,
            f"{side}_frames_bad": pod and pod.frames_bad,
            f"{side}_boots": pod and pod.boots,
            f"{side}_emg_rate_hz": pod and pod.emg.fs_hz,
            f"{side}_clock_uncertainty_ms": pod and pod.clock_uncertainty_ms,
        }
    return row


def library_row(entry: Entry, folder: Path) -> Row:
    """Return the row of a session, headings as in :data:`glutesym.session.columns.LIBRARY`."""
    of, started = entry.of, entry.started
    known = of is not None
    return {
        "file": entry.path.relative_to(folder).as_posix(),
        "started": started and started.astimezone().isoformat(timespec="seconds"),
        "subject": of.subject or None if of else None,
        "exercise": of.exercise if of else None,
        "placement": of.placement if of else None,
        "duration_s": entry.length_s if known else None,
        "ended": int(entry.ended) if known else None,
        "virtual_pods": int(of.virtual) if of else None,
        "size_mb": entry.size_bytes / 1e6,
        "copy_of": entry.copy_of and entry.copy_of.relative_to(folder).as_posix(),
        "problem": entry.problem or None,
    }


def trend_rows(history: History) -> list[Row]:
    """Return a row a session, headings as in :data:`glutesym.session.columns.TREND`."""
    rows: list[Row] = []
    lines = [
        {day.day: day.fitted for day in found.days} for found in (history.asymmetry, history.lag)
    ]
    none = Estimate(None)
    for one in history.sets:
        summary, day = one.summary, one.at.date()
        index, lag = summary.symmetry_index_pct, summary.lag_ms
        index_line, lag_line = (
            none if estimate.value is None else line.get(day, none)
            for estimate, line in zip((index, lag), lines, strict=True)
        )
        rows.append(
            {
                "session": one.path.stem,
                "started": one.at.isoformat(timespec="seconds"),
                "reps": summary.n_reps,
                "reps_used": summary.n_used,
                **_estimate("symmetry_index", "pct", index),
                "verdict": summary.verdict,
                **_estimate("lag", "ms", lag),
                "lag_verdict": summary.lag_verdict,
                **_estimate("symmetry_index_line", "pct", index_line),
                **_estimate("lag_line", "ms", lag_line),
                "symmetry_reason": index.reason or None,
                "lag_reason": lag.reason or None,
            }
        )
    return rows


def _angle_pct(index_pct: float | None) -> float | None:
    return None if index_pct is None else _angle_of(index_pct)


def _angle_of(index_pct: float) -> float:
    """Return the symmetry angle that belongs to a symmetry index: both depend on L/R alone."""
    s = index_pct / 100  # (R−L)/(0.5·(R+L)), so L : R = 2 − s : 2 + s
    angle = symmetry_angle_pct(left=2 - s, right=2 + s)
    assert angle is not None
    return angle


def _ln_ratio(index_pct: float | None) -> float | None:
    """Return ln(R/L), None where it is not finite: one side was silent."""
    if index_pct is None or abs(index_pct) >= 200:
        return None
    return ln_ratio(index_pct)


def _estimate(name: str, unit: str, estimate: Estimate) -> Row:
    return {
        f"{name}_{unit}": estimate.value,
        f"{name}_ci_low_{unit}": estimate.ci_low,
        f"{name}_ci_high_{unit}": estimate.ci_high,
    }
