"""The tables of `onsets.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from onset_scores import Found, Score
from public_detectors import SLOW
from rich.table import Table

Sets = Mapping[str, Sequence[Found]]  # by detector
BySnr = Mapping[float, Sets]
ByRise = Mapping[float, Sequence[Found]]

_COMPARED = {
    "Onset, median (ms)": "onset_median_ms",
    "Rep lag, median (ms)": "rep_lag_median_ms",
    "Rep lag, p95 (ms)": "rep_lag_p95_ms",
    "Set lag, median (ms)": "set_lag_median_ms",
}


def one_detector(name: str, by_snr: BySnr, stated_pct: int) -> Table:
    """Return everything about one detector, a row for every signal-to-noise ratio."""
    columns = {
        "Recall (%)": "recall_pct",
        "Precision (%)": "precision_pct",
        "Onset, median (ms)": "onset_median_ms",
        "bias (ms)": "onset_bias_ms",
        "Rep lag, median (ms)": "rep_lag_median_ms",
        "p95 (ms)": "rep_lag_p95_ms",
        "Set lag, median (ms)": "set_lag_median_ms",
        "RMS (ms)": "set_lag_rms_ms",
        f"Onset in its {stated_pct} % interval (%)": "inside_pct",
        "Rep lag in its 90 % interval (%)": "lag_inside_pct",
        "Set lag in its 95 % interval (%)": "set_lag_inside_pct",
    }
    table = _table(f"{name}, rises that differ", ("SNR (dB)", *columns))
    for snr_db, sets in by_snr.items():
        score = Score.of(sets[name])
        table.add_row(f"{snr_db:g}", *(_number(getattr(score, key)) for key in columns.values()))
    return table


def many_detectors(how: str, by_snr: BySnr) -> Table:
    """Return all public detectors that are asked in one way."""
    snrs = "/".join(f"{snr_db:g}" for snr_db in by_snr)
    table = _table(
        f"Public detectors, {how}, at {snrs} dB", ("Detector", "Sets", *_COMPARED, "Recall (%)")
    )
    first = next(iter(by_snr.values()))
    public = {
        name.removeprefix(how + " "): [sets[name] for sets in by_snr.values()]
        for name in first
        if name.startswith(how)
    }
    own = [sets["glutesym"] for sets in by_snr.values()]
    fewer = [sets[::SLOW] for sets in own]
    for name, found in (public | {"glutesym": own, "glutesym, same as slow": fewer}).items():
        scores = [Score.of(sets) for sets in found]
        errors = (
            "/".join(_number(getattr(s, key) if s.counts else np.nan) for s in scores)
            for key in _COMPARED.values()
        )
        recall = "/".join(f"{score.recall_pct:.0f}" for score in scores)
        table.add_row(name, str(len(found[0])), *errors, recall)
    return table


def all_together(by_snr: BySnr) -> Table:
    """Return glutesym, the best of the public ones in every number, and the oracles.

    Ratios are with an oracle on the same onsets: those that glutesym reports.
    """
    headings = ("SNR (dB)", "glutesym", "best public, usual", "best public, tuned")
    oracles = ("oracle", "blind oracle")
    table = _table(
        "Side by side (recall of glutesym below)",
        ("", *headings, *(text for name in oracles for text in (name, f"glutesym/{name}"))),
    )
    for title, key in _COMPARED.items():
        for snr_db, sets in by_snr.items():
            own = getattr(Score.of(sets["glutesym"]), key)
            beside: list[str] = []
            for name in oracles:
                ratio = value = np.nan
                if name in sets:
                    same = [o.where(g) for o, g in zip(sets[name], sets["glutesym"], strict=True)]
                    value = getattr(Score.of(sets[name]), key)
                    ratio = own / getattr(Score.of(same), key)
                beside += [_number(value), _number(ratio, 2)]
            public = (_best(sets, how, key) for how in ("usual", "tuned"))
            table.add_row(title, f"{snr_db:g}", _number(own), *public, *beside)
            title = ""
        table.add_section()
    for snr_db, sets in by_snr.items():
        table.add_row("", f"{snr_db:g}", f"{Score.of(sets['glutesym']).recall_pct:.1f} % found")
    return table


def mismatch(by_law: Sets) -> Table:
    """Return what a difference of signal-to-noise ratios does to the lag."""
    columns = (
        "Law",
        "False L–R (ms)",
        "± SE",
        "Rep lag, SD (ms)",
        "Onset bias (ms)",
        "Recall (%)",
    )
    table = _table("glutesym, 16 dB left and 22 dB right, no lag, rises of 100 ms", columns)
    for law, sets in by_law.items():
        score = Score.of(sets)
        lag_ms = np.array([found.set_lag_error_ms for found in sets])
        error_ms = np.nanstd(lag_ms, ddof=1) / np.sqrt(np.isfinite(lag_ms).sum())
        table.add_row(
            law,
            f"{score.set_lag_bias_ms:+.1f}",
            _number(error_ms),
            _number(score.rep_lag_sd_ms),
            f"{score.onset_bias_ms:+.1f}",
            f"{score.recall_pct:.1f}",
        )
    return table


def laws(
    by_law: Mapping[str, Mapping[float, Sequence[Found]]], rises_ms: Sequence[float]
) -> Table:
    """Return what rises of every law and length do at 15 dB, both sides alike."""
    table = _table(
        "glutesym, 15 dB: onset bias, MAE | median error of rep lag, of set lag (ms)",
        ("Law", *(f"{rise_ms:g} ms" for rise_ms in rises_ms), "Recall (%)"),
    )
    for law, by_rise in by_law.items():
        cells = []
        for rise_ms in rises_ms:
            if rise_ms not in by_rise:
                cells.append("")
                continue
            score = Score.of(by_rise[rise_ms])
            cells.append(
                f"{score.onset_bias_ms:+.1f} {score.onset_mae_ms:.1f} | "
                f"{score.rep_lag_median_ms:.1f} {score.set_lag_median_ms:.1f}"
            )
        every = [found for sets in by_rise.values() for found in sets]
        table.add_row(law, *cells, f"{Score.of(every).recall_pct:.1f}")
    return table


def _best(sets: Sets, how: str, key: str) -> str:
    """Return the lowest error of the public detectors that find enough, and whose it is.

    Only those that are asked about every set compete.
    """
    scores = {
        name: Score.of(found)
        for name, found in sets.items()
        if name.startswith(how) and len(found) == len(sets["glutesym"])
    }
    values = {
        getattr(score, key): name.removeprefix(how + " ")
        for name, score in scores.items()
        if score.counts and np.isfinite(getattr(score, key))
    }
    return f"{min(values):.1f} {values[min(values)]}" if values else "–"


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title)
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right")
    return table


def _number(value: float, digits: int = 1) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "–"
