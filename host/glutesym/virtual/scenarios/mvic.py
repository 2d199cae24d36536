"""Maximal contractions as the guide of a calibration asks for them: somebody who obeys it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.calibration import PEAK_WINDOW_S, POSITIONS, Position
from glutesym.analysis.mvic_timetable import GuideSettings, Slot, contracting, timetable
from glutesym.dsp.bandpass import bandpass_zero_phase
from glutesym.dsp.envelope import rms_envelope
from glutesym.errors import GlutesymError
from glutesym.measures import SIDES, Side
from glutesym.virtual.scenarios import artefacts
from glutesym.virtual.scenarios.base import EMG_GRID_HZ, Scenario, SideSignals, Truth, side_signals
from glutesym.virtual.scenarios.kinematics import Pose, imu_signals, movement
from glutesym.virtual.scenarios.muscle import (
    Burst,
    active_slice,
    envelope,
    random_stream,
    shaped_noise,
    surface_emg_amplitude,
)

_Array = NDArray[np.float64]

_REACTS_S = 0.3
_SPARE = 2  # squeezes after the last one that is planned, if the guide wants more


@dataclass(frozen=True)
class MvicSettings:
    """What is asked for, and how strong and obedient the virtual person is."""

    reps: int = 0
    positions: tuple[Position, ...] = POSITIONS
    trials: int = 3
    rest_s: float = 5.0
    change_s: float = 8.0
    mvic_left_uv: float = 240.0  # in the last position; in others a tenth less
    mvic_right_uv: float = 300.0
    too_short: tuple[int, ...] = (1,)  # squeezes, counted from 0, that are let go after a second
    noise_uv: float = 2.0  # RMS, always

    def __post_init__(self) -> None:
        if min(self.mvic_left_uv, self.mvic_right_uv, self.noise_uv) <= 0:
            raise GlutesymError("Scenario settings: give MVICs and noise above 0 µV.")

    @property
    def guide(self) -> GuideSettings:
        """The settings of the guide that is obeyed.

        Raises
        ------
        GlutesymError
            There is no such guide.
        """
        try:
            return GuideSettings(self.positions, self.trials, self.rest_s, self.change_s)
        except ValueError as error:
            raise GlutesymError(f"Scenario settings: {error}. Change that setting.") from error


def build_mvic(settings: MvicSettings, seed: int) -> Scenario:
    """Return a session of maximal contractions on the timetable of the guide.

    Parameters
    ----------
    settings : MvicSettings
    seed : int
    """
    slots = _slots(settings)
    duration_s = float(np.ceil(slots[-1].end_s + 2.0))
    n = round(duration_s * EMG_GRID_HZ)
    motion = movement(Pose(), [], [], duration_s)
    signals: dict[Side, SideSignals] = {}
    for side in SIDES:
        emg_uv = _muscle(settings, seed, side, slots, n)
        emg_uv += artefacts.background(seed, side, n, settings.noise_uv)
        emg_uv += artefacts.half_cell(seed, side, n, 8.0 if side == "left" else -12.0, 60.0)
        signals[side] = side_signals(emg_uv, *imu_signals(motion, side, seed))
    return Scenario(
        name="mvic",
        description="Maximal contractions, as the guide of a calibration asks for them",
        seed=seed,
        duration_s=duration_s,
        exercise="mvic",
        left=signals["left"],
        right=signals["right"],
        truth=Truth(mvic_uv={"left": settings.mvic_left_uv, "right": settings.mvic_right_uv}),
        parameters={
            name: value if isinstance(value, int | float) else str(value)
            for name, value in asdict(settings).items()
        },
    )


def _slots(settings: MvicSettings) -> list[Slot]:
    """Return the squeezes of the guide, as it repeats those that are too short, and some more."""
    planned = timetable(settings.guide)
    refused = {at: SIDES for at in settings.too_short if at < len(planned)}
    slots = timetable(settings.guide, refused)
    for _ in range(_SPARE):
        last = slots[-1]
        later_s = last.end_s + settings.rest_s - last.squeeze_s
        slots.append(
            replace(
                last,
                start_s=last.end_s,
                squeeze_s=last.squeeze_s + later_s,
                release_s=last.release_s + later_s,
            )
        )
    return slots


def _muscle(settings: MvicSettings, seed: int, side: Side, slots: list[Slot], n: int) -> _Array:
    """Return a muscle's own signal, (n,) µV; its best squeeze is the MVIC."""
    muscle = shaped_noise(random_stream(seed, side, "muscle"), n, surface_emg_amplitude)
    shares = random_stream(seed, side, "effort").uniform(0.9, 0.98, len(slots))
    out = np.zeros(n)
    for index, slot in enumerate(slots):
        if side not in contracting(slot):
            continue
        best = slot.position == settings.positions[-1]
        share = (
            1.0
            if best and slot.trial == min(2, settings.trials)
            else shares[index] * (1.0 if best else 0.9)
        )
        short = index in settings.too_short
        burst = Burst(
            onset_s=slot.squeeze_s + _REACTS_S,
            offset_s=slot.squeeze_s + 1.3 if short else slot.release_s + _REACTS_S,
            gain=1.0,
            rise_s=0.3,
            rise_shape="raised-cosine",
            fall_s=0.2,
            levels=(1.0,),
            level_times_s=(),
        )
        part = active_slice(burst.onset_s, burst.offset_s, n)
        squeeze = muscle[part] * envelope((burst,), n)[part]
        out[part] = squeeze * (share * _mvic_uv(settings, side) / _peak(squeeze))
    return out


def _mvic_uv(settings: MvicSettings, side: Side) -> float:
    return settings.mvic_left_uv if side == "left" else settings.mvic_right_uv


def _peak(squeeze: _Array) -> float:
    """Return the highest 500 ms RMS in the muscle's band."""
    band = bandpass_zero_phase(squeeze, EMG_GRID_HZ)
    return float(np.nanmax(rms_envelope(band, EMG_GRID_HZ, PEAK_WINDOW_S)))
