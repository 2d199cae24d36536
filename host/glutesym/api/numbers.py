"""The analysis on arrays that somebody else recorded."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glutesym.analysis.asymmetry import summarize, symmetry_index_pct
from glutesym.errors import GlutesymError
from glutesym.measures import SIDES, Flaw, RepMeasure, SetMeasures, SetSummary, Side, SideMeasure
from glutesym.pipeline import Settings, measure_set
from glutesym.recording import EmgRecord, ImuRecord, PodRecord, Recording, SyncUncertainty

MIN_FS_HZ = 1000.0  # the muscle's band reaches to 450 Hz
_NO_AMOUNT = Flaw("unusable", "no amount was given")


def from_arrays(
    emg_uv: Mapping[Side, ArrayLike],
    fs_hz: float,
    accel_g: Mapping[Side, ArrayLike],
    gyro_dps: Mapping[Side, ArrayLike],
    imu_fs_hz: float,
    *,
    exercise: str = "",
    sync_uncertainty_ms: float = 0.0,
) -> Recording:
    """Make a recording of arrays that begin at one moment, for `analyze`.

    Parameters
    ----------
    emg_uv : mapping of side to (n,)
        Electrode voltage of each side, µV, not filtered; NaN where samples are missing.
    fs_hz : float
        Its rate, at least 1000.
    accel_g, gyro_dps : mapping of side to (m, 3)
        Motion of each side in axes of its own, g and degrees a second: repetitions are counted by
        it.
    imu_fs_hz : float
        Its rate.
    exercise : str
        What was done; decides how repetitions are judged.
    sync_uncertainty_ms : float
        How well the sides' clocks agree: 95 % of errors are smaller. 0 when one device recorded
        both.

    Raises
    ------
    GlutesymError
        A side is missing somewhere; a shape, a rate or the uncertainty is wrong.
    """
    if not (np.isfinite(fs_hz) and fs_hz >= MIN_FS_HZ):
        raise GlutesymError(
            f"EMG at {fs_hz:g} Hz: at least {MIN_FS_HZ:g} Hz are needed, as the muscle's band "
            "reaches to 450 Hz."
        )
    if not (np.isfinite(imu_fs_hz) and imu_fs_hz >= 50):
        raise GlutesymError(f"Motion at {imu_fs_hz:g} Hz: at least 50 Hz are needed.")
    if sync_uncertainty_ms < 0:
        raise GlutesymError(f"sync_uncertainty_ms is {sync_uncertainty_ms}: expected 0 or more.")
    pods: dict[Side, PodRecord] = {}
    for side in SIDES:
        given = [side in of_sides for of_sides in (emg_uv, accel_g, gyro_dps)]
        if not any(given):
            continue
        if not all(given):
            raise GlutesymError(f"The {side} side needs EMG, acceleration and rate of turn.")
        uv = _shaped(emg_uv[side], f"EMG of the {side} side", ())
        accel = _shaped(accel_g[side], f"acceleration of the {side} side", (3,))
        gyro = _shaped(gyro_dps[side], f"rate of turn of the {side} side", (3,))
        if len(accel) != len(gyro):
            raise GlutesymError(
                f"The {side} side has {len(accel)} samples of acceleration and {len(gyro)} of "
                "rate of turn: they must be of the same moments."
            )
        n = np.arange(len(uv))
        no = np.zeros(len(uv), bool)
        emg = EmgRecord(fs_hz, n / fs_hz, uv, n, no, no.copy())
        imu = ImuRecord(imu_fs_hz, np.arange(len(accel)) / imu_fs_hz, accel, gyro)
        pods[side] = PodRecord(side, emg, imu, samples_received=len(uv))
    if not pods:
        raise GlutesymError("There is no EMG: give at least one side.")
    duration_s = max(len(pod.emg.uv) / fs_hz for pod in pods.values())
    known = SyncUncertainty(np.array([0.0, duration_s]), np.full(2, sync_uncertainty_ms))
    return Recording(pods, duration_s, exercise, known)


def analyze(recording: Recording, *, mains_hz: float | None = None) -> SetMeasures:
    """Count, measure and judge the repetitions of a recording.

    Parameters
    ----------
    recording : Recording
        Of a session (`glutesym.load`), or made by `from_arrays`.
    mains_hz : {50, 60}, optional
        Take mains hum out first.

    Returns
    -------
    SetMeasures
        ``reps`` and ``summary``; what the recording does not support is None, with the reason.

    Raises
    ------
    GlutesymError
        ``mains_hz`` is something else.
    """
    require_mains(mains_hz)
    return measure_set(recording, Settings(mains_hz=mains_hz or None))


def require_mains(mains_hz: float | None) -> None:
    """Refuse a frequency that no country's mains have."""
    if mains_hz not in (None, 0, 50, 60):
        raise GlutesymError(f"mains_hz is {mains_hz}: expected 50 or 60; 0 leaves hum in.")


def asymmetry(left: ArrayLike, right: ArrayLike) -> SetSummary:
    """Judge how much two sides differ, given one amount a repetition of each.

    Parameters
    ----------
    left, right : (n,) array_like
        Of the same repetitions, in one unit, none negative: RMS in µV, say. NaN: not known.

    Returns
    -------
    SetSummary
        ``verdict``, ``symmetry_index_pct`` with its 95 % interval (positive: right larger), and
        ``detectable_pct``. Nothing about time.

    Raises
    ------
    GlutesymError
        The arrays differ in length, or an amount is negative or infinite.
    """
    amounts = [_shaped(of_side, name, ()) for of_side, name in ((left, "left"), (right, "right"))]
    if len(amounts[0]) != len(amounts[1]):
        raise GlutesymError(
            f"left has {len(amounts[0])} repetitions, right {len(amounts[1])}: they must be the "
            "same ones."
        )
    if any(np.isinf(of_side).any() or (of_side < 0).any() for of_side in amounts):
        raise GlutesymError("An amount is negative or infinite: RMS values, for example, are not.")
    return summarize([_rep(i + 1, *pair) for i, pair in enumerate(zip(*amounts, strict=True))])


def _rep(number: int, left: float, right: float) -> RepMeasure:
    known = np.isfinite(left) and np.isfinite(right)
    of_left, of_right = (
        SideMeasure(activation_uv=float(value))
        if np.isfinite(value)
        else SideMeasure(flaws=(_NO_AMOUNT,))
        for value in (left, right)
    )
    index = symmetry_index_pct(float(left), float(right)) if known else None
    return RepMeasure(number, float(number), number + 0.5, of_left, of_right, index, None)


def _shaped(values: ArrayLike, what: str, beyond: tuple[int, ...]) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise GlutesymError(f"{what}: expected numbers ({error}).") from error
    if array.ndim != 1 + len(beyond) or array.shape[1:] != beyond:
        wanted = ", ".join(("n", *map(str, beyond)))
        raise GlutesymError(f"{what}: expected an array ({wanted}), found {array.shape}.")
    return array
