"""Every column of the exported tables: name, unit and meaning.

Headings, rounding and the sidecar derive from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from glutesym.analysis.calibration import ELECTRODE_CAUTION
from glutesym.measures import GRADES, SIDES

UNITS: dict[str, tuple[str, int]] = {  # short name in a heading → in words, decimals written
    "s": ("seconds", 6),
    "ms": ("milliseconds", 3),
    "uv": ("microvolts", 3),
    "uv_s": ("microvolt seconds", 3),
    "ln": ("natural logarithm", 5),
    "deg": ("degrees", 2),
    "pct": ("percent", 3),
    "db": ("decibels", 2),
    "hz": ("hertz", 4),
    "g": ("standard gravities, 9.80665 m/s2", 6),
    "dps": ("degrees per second", 3),
    "": ("no unit", 0),
}


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    unit: str  # a key of UNITS
    meaning: str

    @property
    def heading(self) -> str:
        """The heading in the file: the name and the unit."""
        return f"{self.name}_{self.unit}" if self.unit else self.name


def _per_side(*columns: Column) -> tuple[Column, ...]:
    return tuple(
        Column(f"{side}_{column.name}", column.unit, f"{side} side: {column.meaning}")
        for side in SIDES
        for column in columns
    )


def _estimate(name: str, unit: str, meaning: str) -> tuple[Column, ...]:
    return (
        Column(name, unit, meaning),
        Column(f"{name}_ci_low", unit, f"lower end of the 95 % confidence interval of {name}"),
        Column(f"{name}_ci_high", unit, f"upper end of the 95 % confidence interval of {name}"),
    )


_SIDE = Column("side", "", "left or right: the pod that measured")
_SYMMETRY_INDEX = "symmetry index 100·(R−L)/(0.5·(R+L)) of the activations, positive: right larger"
_SYMMETRY_ANGLE = (
    "symmetry angle 100·(atan(R/L) − 45°)/90° of the activations, positive: right larger "
    "(Zifchock et al. 2008, Gait & Posture 27:622)"
)
_QUALITY = "; ".join(f"{grade}: {meaning}" for grade, meaning in GRADES.items())
_LN_RATIO = "ln(R/L) of the activations, positive: right larger"
_DETECTABLE = "another such set must differ by this to differ in earnest (MDC95)"
_CHANGE = "change from the first repetition to the last one"
_LAG = "onset left − onset right, positive: left starts later"

EMG = (
    _SIDE,
    Column("time", "s", "session time of the sample"),
    Column("index", "", "number of the sample on the pod; starts again when the pod restarts"),
    Column("emg", "uv", "electrode voltage as measured, offset included; empty: sample lost"),
    Column("lead_off", "", "1: an electrode was off the skin; empty: sample lost"),
    Column("clipped", "", "1: the converter was at its rail; empty: sample lost"),
)
IMU = (
    _SIDE,
    Column("time", "s", "session time of the sample"),
    *(
        Column(f"accel_{axis}", "g", f"specific force along the pod's {axis} axis; empty: lost")
        for axis in "xyz"
    ),
    *(
        Column(f"gyro_{axis}", "dps", f"rate of turn about the pod's {axis} axis; empty: lost")
        for axis in "xyz"
    ),
)
REPS = (
    Column("rep", "", "number of the repetition, from 1"),
    Column("start", "s", "start of the repetition"),
    Column("end", "s", "end of the repetition"),
    *_per_side(
        Column("onset", "s", "start of muscle activity"),
        Column("offset", "s", "end of muscle activity"),
        Column("activation", "uv", "RMS over the active part, resting power subtracted"),
        Column("peak", "uv", "highest 250 ms RMS"),
        Column("integrated", "uv_s", "activation times the duration of activity"),
        Column("burst", "s", "duration of activity: from onset to offset"),
        Column("time_to_peak", "s", "from onset to the middle of the highest 250 ms"),
        Column("snr", "db", "signal-to-noise ratio: activity against rest"),
        Column("resting", "uv", "RMS at rest at that time, which is subtracted in power"),
        Column("hum", "uv", "mains hum at rest, RMS; empty: no rest long enough to tell"),
        Column("slow", "uv", "RMS from 2 to 25 Hz during the movement: cables and skin that move"),
        Column("onset_uncertainty", "ms", "half-width of the onset's 95 % interval"),
        Column("quality", "", _QUALITY),
        Column("reason", "", "why the quality of this side is not good"),
    ),
    Column("symmetry_index", "pct", _SYMMETRY_INDEX),
    Column("symmetry_angle", "pct", _SYMMETRY_ANGLE),
    Column("ratio", "ln", _LN_RATIO),
    Column("lag", "ms", _LAG),
    Column("offset_lag", "ms", "offset left − offset right, positive: left ends later"),
    Column("coactivation", "s", "for how long both sides were active at once"),
    Column("working", "", "of exercises on one leg: the side that worked"),
    Column("sync_uncertainty", "ms", "95 % bound of the clocks' error in the lag"),
    Column("quality", "", _QUALITY),
    Column("excluded", "", "1: the summary is made without this repetition"),
    Column("reason", "", "why the quality of this repetition is not good"),
)
GAPS = (
    _SIDE,
    Column("signal", "", "what is missing: emg or imu"),
    Column("start", "s", "session time at which it begins"),
    Column("end", "s", "session time at which it ends"),
    Column("samples", "", "how many samples are missing"),
    Column("reason", "", "why they are missing"),
)
EVENTS = (
    Column("time", "s", "session time of the event"),
    Column("side", "", "the pod that it concerns; empty: the whole session"),
    Column("kind", "", "what kind of event"),
    Column("text", "", "details"),
)
NORMALISED = (
    *_per_side(
        Column("mvic", "uv", "what its activation is set against: highest 500 ms RMS"),
        Column("mvic_spread", "pct", "SD over mean of the trials or repetitions it is taken from"),
        Column(
            "mvic_source", "", "the position of the maximal contraction, or the set's own peak"
        ),
        Column("of_mvic", "pct", "activation of the set over that; may exceed 100"),
    ),
    Column("right_over_left_of_mvic", "pct", "right_of_mvic over left_of_mvic"),
    Column("right_over_left_raw_mvic", "pct", f"right_mvic over left_mvic, {ELECTRODE_CAUTION}"),
    Column("mvic_placement", "", "of the calibration's electrodes; empty: the set's own peak"),
    Column("mvic_made", "", "when the calibration was made"),
    Column("mvic_reason", "", "why nothing is set against a maximum, or with what caution it is"),
)
SUMMARY = (
    Column("exercise", "", "what was exercised"),
    Column("duration", "s", "length of the session"),
    Column("reps", "", "repetitions that were found"),
    Column("reps_used", "", "repetitions that the summary judges together"),
    Column("reps_excluded", "", "repetitions that it leaves out, as their quality is unusable"),
    Column("excluded_because", "", "why, and how many for each reason"),
    Column("motion_lost", "s", "time that no pod's motion is known of: nothing is counted there"),
    Column(
        "pods_swapped", "", "1: the pods seem to be on each other's side; empty: cannot be told"
    ),
    Column("verdict", "", "left lower, right lower, within noise or not measurable"),
    Column("verdict_reason", "", "why the verdict is not a side, if it is not"),
    *_estimate("symmetry_index", "pct", f"of the set: {_SYMMETRY_INDEX}"),
    *_estimate("symmetry_angle", "pct", f"of the set: {_SYMMETRY_ANGLE}"),
    *_estimate("ratio", "ln", f"of the set: {_LN_RATIO}"),
    Column("symmetry_reason", "", "why symmetry index, angle and ratio are withheld"),
    Column("symmetry_detectable", "pct", f"symmetry index: {_DETECTABLE}"),
    *_estimate("lag", "ms", f"of the set: {_LAG}"),
    Column("lag_verdict", "", "left later, right later, within noise or not measurable"),
    Column("lag_reason", "", "why the lag is withheld"),
    Column("lag_detectable", "ms", f"lag: {_DETECTABLE}"),
    *(
        column
        for side in SIDES
        for column in (
            *_estimate(f"{side}_activation", "uv", f"{side} side: activation of the set"),
            Column(f"{side}_activation_reason", "", f"{side} side: why activation is withheld"),
        )
    ),
    *(
        column
        for side in SIDES
        for column in (
            *_estimate(f"{side}_median_frequency", "pct", f"{side} side: {_CHANGE} (fatigue)"),
            *_estimate(f"{side}_fi_nsm5", "pct", f"{side} side, Dimitrov 2006: {_CHANGE}"),
            Column(f"{side}_fatigue_reason", "", f"{side} side: why fatigue is withheld"),
            *_estimate(
                f"{side}_hip_rotation",
                "deg",
                f"hinged on the {side} leg: how far the pelvis opens to the free side",
            ),
            *_estimate(
                f"{side}_pelvic_drop",
                "deg",
                f"standing on the {side} leg: how far the pelvis drops on the free side",
            ),
            Column(f"{side}_pelvic_drop_reason", "", "why it is withheld, in stance on one leg"),
        )
    ),
    *_estimate("hip_rotation_difference", "deg", "right leg − left leg"),
    *_estimate("pelvic_drop_difference", "deg", "right leg − left leg"),
    *_per_side(
        Column("resting", "uv", "RMS at rest, which is subtracted in power"),
        Column("samples_sent", "", "EMG samples that the pod put into frames"),
        Column("samples_received", "", "EMG samples that arrived"),
        Column("samples_lost", "", "EMG samples that are missing"),
        Column("frames_bad", "", "frames that could not be decoded"),
        Column("boots", "", "starts of the pod during the session; more than 1: it restarted"),
        Column("emg_rate", "hz", "EMG samples per second of session time, as measured"),
        Column("clock_uncertainty", "ms", "half-width of the bracket around session time"),
    ),
    Column("sync_uncertainty", "ms", "95 % bound of the error of a left–right time difference"),
    *NORMALISED,
)
TABLES = {
    "emg": EMG,
    "imu": IMU,
    "reps": REPS,
    "gaps": GAPS,
    "events": EVENTS,
    "summary": SUMMARY,
}
