"""What no detector can know: the onset, unless it is told by which law the muscle rises.

    python benchmarks/rise_laws.py
    python benchmarks/rise_laws.py --rise-ms 60 --snr 10 20
    python benchmarks/rise_laws.py --laws raised-cosine minimum-jerk --rise-ms 200

A rise by one law looks much like one by another law that starts earlier or later and takes more
or less long. For each pair of laws this finds the most similar rise of the other one, and how many
repetitions are needed until the signal itself speaks for the true one by odds of 20 to 1. With
fewer, whoever is not told the law may take the other, and its onset. Nothing is drawn at random:
muscle and noise are Gaussian with known spectra, so that what a repetition tells apart is the
Kullback-Leibler divergence of two covariances (Kullback and Leibler 1951).
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import permutations
from multiprocessing import get_context
from typing import get_args

import numpy as np
from onset_contestants import same, scenario_of
from oracle import UNDISTURBED, Array, Model, Rise
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy import linalg, optimize

from glutesym.virtual.scenarios.muscle import RiseShape
from scenario_recording import record

_LAWS = ("linear", "raised-cosine", "exponential", "square-root", "quadratic")
_SNRS_DB = (6.0, 10.0, 15.0, 20.0, 30.0)
_ODDS = 20.0
_BEFORE_S, _AFTER_S = 0.15, 0.4  # around the onset: before and after nothing differs


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rise-ms", type=float, default=100.0, help="of the true law (100)")
    parser.add_argument("--snr", type=float, nargs="+", default=_SNRS_DB, help="dB")
    laws = get_args(RiseShape)
    parser.add_argument(
        "--laws",
        metavar="LAW",
        nargs="+",
        choices=laws,
        default=_LAWS,
        help=f"at least two of {', '.join(laws)} ({', '.join(_LAWS)})",
    )
    chosen = parser.parse_args()
    pairs = list(permutations(dict.fromkeys(chosen.laws), 2))
    if not pairs:
        parser.error("one law cannot be told from another: give --laws two or more")
    table = Table(title=f"Onset of the most similar rise against a true one of {chosen.rise_ms:g} "
                  "ms: ms, and repetitions needed to tell them apart")  # fmt: skip
    for heading in ("True law", "Other law", *(f"{snr_db:g} dB" for snr_db in chosen.snr)):
        table.add_column(heading, justify="left" if "law" in heading else "right")
    # Processes share the cores, so that each needs one thread only.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        models = [model_at(snr_db) for snr_db in chosen.snr]
        found = pool.map(partial(of_pair, models=models, rise_s=chosen.rise_ms / 1000), pairs)
        progress = track(found, "pairs of laws", len(pairs), console=Console(stderr=True))
        for pair, of_snrs in zip(pairs, progress, strict=True):
            cells = [f"{1000 * late_s:+.1f} ({reps:.1f})" for late_s, reps in of_snrs]
            table.add_row(*pair, *cells)
    Console(width=120).print(table)


def of_pair(
    pair: tuple[str, str], models: list[Model], rise_s: float
) -> list[tuple[float, float]]:
    """Return how late the most similar rise of the other law starts, s, and repetitions needed."""
    found = [most_similar(model, pair[0], rise_s, pair[1]) for model in models]
    return [(late_s, float(np.log(_ODDS)) / nats) for late_s, nats in found]


def model_at(snr_db: float) -> Model:
    """Return what is true of a side of a set with that signal-to-noise ratio."""
    scenario = scenario_of(same(snr_db, "linear") | UNDISTURBED, seed=1)
    return Model.of(scenario, "left", record(scenario).pods["left"].emg)


def most_similar(model: Model, true: str, rise_s: float, other: str) -> tuple[float, float]:
    """Return how late the most similar rise by another law starts, and how much tells them apart.

    Seconds; nats a repetition.
    """
    time_s = np.arange(-_BEFORE_S, _AFTER_S, model.time_s[1] - model.time_s[0])
    plateau_uv = float(np.mean(model.plateau_uv))
    truth = model.covariance(time_s, plateau_uv, Rise.of(true, rise_s))

    def apart(late_and_log_rise: Array) -> float:
        late, log_rise = late_and_log_rise
        rise = Rise.of(other, rise_s * float(np.exp(log_rise)))
        return divergence(truth, model.covariance(time_s - rise_s * late, plateau_uv, rise))

    enough = {"xatol": 0.005, "fatol": 1e-4}
    found = [
        optimize.minimize(apart, (late, log_rise), method="Nelder-Mead", options=enough)
        for late in (-0.2, 0.1)
        for log_rise in (-0.3, 0.3)
    ]
    best = min(found, key=lambda one: one.fun)
    return rise_s * float(best.x[0]), float(best.fun)


def divergence(truth: Array, other: Array) -> float:
    """Return what a sample of a Gaussian tells against another covariance, on average, nats."""
    root, of_truth = (linalg.cholesky(of, lower=True) for of in (other, truth))
    white = linalg.solve_triangular(root, of_truth, lower=True)
    log_ratio = np.log(np.diag(root)).sum() - np.log(np.diag(of_truth)).sum()
    return 0.5 * (float((white**2).sum()) - len(truth)) + float(log_ratio)


if __name__ == "__main__":
    main()
