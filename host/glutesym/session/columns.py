"""Every column of the exported tables: name, unit, meaning, and when its cells are empty.

Headings, rounding, the sidecar and docs/csv.md derive from it. What was measured comes before what
says how far it can be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    "mb": ("megabytes, 1,000,000 bytes", 3),
    "": ("no unit", 0),
}


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    unit: str  # a key of UNITS
    meaning: str
    empty: str = ""  # when a cell is; a heading: the reason stands there; "": never

    @property
    def heading(self) -> str:
        """The heading in the file: the name and the unit."""
        return f"{self.name}_{self.unit}" if self.unit else self.name


def _per_side(*columns: Column) -> tuple[Column, ...]:
    """Return each column of the left side, and beside it that of the right side."""
    return tuple(
        replace(
            column,
            name=f"{side}_{column.name}",
            meaning=f"{side} side: {column.meaning}",
            empty=column.empty.replace("{side}", side),
        )
        for column in columns
        for side in SIDES
    )


def _estimate(name: str, unit: str, meaning: str, empty: str) -> tuple[Column, ...]:
    ends = {"low": "lower", "high": "upper"}
    return (
        Column(name, unit, meaning, empty),
        *(
            Column(f"{name}_ci_{end}", unit, f"{word} end of its 95 % confidence interval", empty)
            for end, word in ends.items()
        ),
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
_LOST = "sample lost: see gaps"
_SIDE_REASON, _REASON = "{side}_reason", "reason"
_NO_POD = "no pod on this side"
_NO_LINE = "there is no line, or the number of this session is withheld"

EMG = (
    _SIDE,
    Column("time", "s", "session time of the sample"),
    Column("index", "", "number of the sample on the pod; starts again when the pod restarts"),
    Column("emg", "uv", "electrode voltage as measured, unfiltered, offset included", _LOST),
    Column("lead_off", "", "1: an electrode was off the skin", _LOST),
    Column("clipped", "", "1: the converter was at its rail", _LOST),
)
IMU = (
    _SIDE,
    Column("time", "s", "session time of the sample"),
    *(
        Column(f"accel_{axis}", "g", f"specific force along the pod's {axis} axis", _LOST)
        for axis in "xyz"
    ),
    *(
        Column(f"gyro_{axis}", "dps", f"rate of turn about the pod's {axis} axis", _LOST)
        for axis in "xyz"
    ),
)
REPS = (
    Column("rep", "", "number of the repetition, from 1"),
    Column("start", "s", "start of the repetition, session time"),
    Column("end", "s", "end of the repetition"),
    Column(
        "working", "", "the side that worked", "exercises on both legs, or not clear: see reason"
    ),
    *_per_side(
        Column(
            "activation", "uv", "RMS over the active part, resting power subtracted", _SIDE_REASON
        ),
    ),
    Column("symmetry_index", "pct", _SYMMETRY_INDEX, "exercises on one leg, or see reason"),
    *_per_side(
        Column(
            "onset",
            "s",
            "start of muscle activity; it may lie before the movement, whose bounds are start_s "
            "and end_s",
            _SIDE_REASON,
        )
    ),
    Column("lag", "ms", _LAG, "exercises on one leg, or see reason"),
    *_per_side(
        Column("offset", "s", "end of muscle activity", _SIDE_REASON),
        Column("peak", "uv", "highest 250 ms RMS", _SIDE_REASON),
        Column("burst", "s", "duration of activity: from onset to offset", _SIDE_REASON),
        Column("integrated", "uv_s", "activation times the duration of activity", _SIDE_REASON),
        Column(
            "time_to_peak", "s", "from onset to the middle of the highest 250 ms", _SIDE_REASON
        ),
    ),
    Column("symmetry_angle", "pct", _SYMMETRY_ANGLE, "as symmetry_index"),
    Column("ratio", "ln", _LN_RATIO, "as symmetry_index, or one side was silent"),
    Column(
        "offset_lag", "ms", "offset left − offset right, positive: left ends later", "as lag_ms"
    ),
    Column("coactivation", "s", "for how long both sides were active at once", _REASON),
    *_per_side(
        Column("snr", "db", "signal-to-noise ratio: activity against rest", _SIDE_REASON),
        Column("onset_uncertainty", "ms", "half-width of the onset's 95 % interval", _SIDE_REASON),
        Column("resting", "uv", "RMS at rest then, subtracted in power", _SIDE_REASON),
        Column("hum", "uv", "mains hum at rest, RMS", "no rest long enough to tell"),
        Column(
            "slow",
            "uv",
            "RMS from 2 to 25 Hz during the movement: cables and skin that move",
            _SIDE_REASON,
        ),
    ),
    Column(
        "sync_uncertainty", "ms", "95 % bound of the clocks' error in the lag", "it is not known"
    ),
    Column("quality", "", _QUALITY),
    Column("excluded", "", "1: the summary is made without this repetition"),
    Column("reason", "", "why the quality is not good, both sides", "quality is good"),
    *_per_side(
        Column("quality", "", "its own quality, same grades"),
        Column("reason", "", "why its quality is not good", "{side}_quality is good"),
    ),
    Column("edited", "", "what a reviewer did: added, moved, excluded, working", "nothing"),
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
    Column("side", "", "the pod that it concerns", "the whole session"),
    Column("kind", "", "what kind of event"),
    Column("text", "", "details", "nothing more is known"),
)
_MVIC = "mvic_reason"
NORMALISED = (
    *_per_side(
        Column("mvic", "uv", "what its activation is set against: highest 500 ms RMS", _MVIC),
        Column(
            "mvic_spread",
            "pct",
            "SD over mean of the trials or repetitions it is taken from",
            f"there is one only, or see {_MVIC}",
        ),
        Column(
            "mvic_source",
            "",
            "the position of the maximal contraction, or the set's own peak",
            _MVIC,
        ),
        Column("of_mvic", "pct", "activation of the set over that; may exceed 100", _MVIC),
    ),
    Column("right_over_left_of_mvic", "pct", "right_of_mvic over left_of_mvic", _MVIC),
    Column(
        "right_over_left_raw_mvic", "pct", f"right_mvic over left_mvic, {ELECTRODE_CAUTION}", _MVIC
    ),
    Column("mvic_placement", "", "of the calibration's electrodes", "the set's own peak"),
    Column("mvic_made", "", "when the calibration was made", "the set's own peak"),
    Column(
        "mvic_reason",
        "",
        "why nothing is set against a maximum, or with what caution it is",
        "nothing is to be said against it",
    ),
)
SUMMARY = (
    Column("session", "", "name of the session file, without its ending"),
    Column("started_utc", "", "when it began", "not known"),
    Column("subject", "", "whose it is: a code", "not given"),
    Column("exercise", "", "what was exercised", "not given"),
    Column("verdict", "", "left lower, right lower, within noise or not measurable"),
    Column("verdict_reason", "", "why the verdict is not a side", "it is clear"),
    *_estimate("symmetry_index", "pct", f"of the set: {_SYMMETRY_INDEX}", "symmetry_reason"),
    Column("lag_verdict", "", "left later, right later, within noise or not measurable"),
    *_estimate("lag", "ms", f"of the set: {_LAG}", "lag_reason"),
    *(
        column
        for side in SIDES
        for column in _estimate(
            f"{side}_activation",
            "uv",
            f"{side} side: activation of the set",
            f"{side}_activation_reason",
        )
    ),
    Column("duration", "s", "length of the session"),
    Column("reps", "", "repetitions that were found"),
    Column("reps_used", "", "repetitions that the summary judges together"),
    Column("reps_excluded", "", "repetitions that it leaves out, as their quality is unusable"),
    Column("excluded_because", "", "why, and how many for each reason", "none is excluded"),
    Column("symmetry_reason", "", "why symmetry index, angle and ratio are withheld", "given"),
    Column("lag_reason", "", "why the lag is withheld", "it is given"),
    *_per_side(Column("activation_reason", "", "why activation is withheld", "it is given")),
    Column("symmetry_detectable", "pct", f"symmetry index: {_DETECTABLE}", "symmetry_reason"),
    Column("lag_detectable", "ms", f"lag: {_DETECTABLE}", "lag_reason"),
    *_estimate("symmetry_angle", "pct", f"of the set: {_SYMMETRY_ANGLE}", "symmetry_reason"),
    *_estimate(
        "ratio", "ln", f"of the set: {_LN_RATIO}", "see symmetry_reason, or one side was silent"
    ),
    *(
        column
        for side in SIDES
        for column in (
            *_estimate(
                f"{side}_median_frequency",
                "pct",
                f"{side} side: {_CHANGE} (fatigue)",
                f"{side}_fatigue_reason",
            ),
            *_estimate(
                f"{side}_fi_nsm5",
                "pct",
                f"{side} side, spectral index FInsm5 (Dimitrov 2006), which rises as a muscle "
                f"tires: {_CHANGE}",
                f"{side}_fatigue_reason",
            ),
            Column(f"{side}_fatigue_reason", "", "why fatigue is withheld", "it is given"),
        )
    ),
    *(
        column
        for side in SIDES
        for column in _estimate(
            f"{side}_hip_rotation",
            "deg",
            f"hinged on the {side} leg: how far the pelvis opens to the free side",
            "hip_rotation_reason",
        )
    ),
    *_estimate("hip_rotation_difference", "deg", "right leg − left leg", "hip_rotation_reason"),
    Column("hip_rotation_reason", "", "why hip rotation is withheld", "it is given"),
    *(
        column
        for side in SIDES
        for column in (
            *_estimate(
                f"{side}_pelvic_drop",
                "deg",
                f"standing on the {side} leg: how far the pelvis drops on the free side",
                f"{side}_pelvic_drop_reason",
            ),
            Column(
                f"{side}_pelvic_drop_reason",
                "",
                "why pelvic drop is withheld",
                "it is given",
            ),
        )
    ),
    *_estimate(
        "pelvic_drop_difference", "deg", "right leg − left leg", "the drop of a leg is withheld"
    ),
    Column("motion_lost", "s", "time that no pod's motion is known of: nothing is counted there"),
    Column("pods_swapped", "", "1: the pods seem to be on each other's side", "it cannot be told"),
    *_per_side(
        Column("resting", "uv", "RMS at rest, subtracted in power", "no rest was found"),
        Column("samples_sent", "", "EMG samples that the pod put into frames", _NO_POD),
        Column("samples_received", "", "EMG samples that arrived", _NO_POD),
        Column("samples_lost", "", "EMG samples that are missing", _NO_POD),
        Column("frames_bad", "", "frames that could not be decoded", _NO_POD),
        Column(
            "boots",
            "",
            "starts of the pod during the session; more than 1: it restarted",
            _NO_POD,
        ),
        Column("emg_rate", "hz", "EMG samples per second of session time, as measured", _NO_POD),
        Column(
            "clock_uncertainty",
            "ms",
            "half-width of the bracket around session time",
            "it is not known, or no pod on this side",
        ),
    ),
    Column(
        "sync_uncertainty",
        "ms",
        "95 % bound of the error of a left–right time difference",
        "it is not known",
    ),
    *NORMALISED,
)
TREND = (
    Column("session", "", "name of the session file, without its ending"),
    Column("started", "", "when it began, local time"),
    Column("reps", "", "repetitions that were found"),
    Column("reps_used", "", "repetitions that the summary judges together"),
    *_estimate("symmetry_index", "pct", _SYMMETRY_INDEX, "symmetry_reason"),
    Column("verdict", "", "left lower, right lower, within noise or not measurable"),
    *_estimate("lag", "ms", _LAG, "lag_reason"),
    Column("lag_verdict", "", "left later, right later, within noise or not measurable"),
    *_estimate("symmetry_index_line", "pct", "the line through all days, there", _NO_LINE),
    *_estimate("lag_line", "ms", "the line through all days, there", _NO_LINE),
    Column("symmetry_reason", "", "why the symmetry index is withheld", "it is given"),
    Column("lag_reason", "", "why the lag is withheld", "it is given"),
)
_UNREAD = "it cannot be read"
LIBRARY = (
    Column("file", "", "path of the session file below the folder"),
    Column("started", "", "when it began, local time", _UNREAD),
    Column("subject", "", "whose it is: a code", "not given"),
    Column("exercise", "", "what was exercised, as a reviewer named it if one did", _UNREAD),
    Column("placement", "", "of the electrodes", _UNREAD),
    Column("duration", "s", "until its last frame came: a little after the last sample", _UNREAD),
    Column("ended", "", "1: its recorder was stopped; 0: still recorded, or cut off", _UNREAD),
    Column("virtual_pods", "", "1: simulated, 0: real", _UNREAD),
    Column("size", "mb", "of the file"),
    Column("copy_of", "", "file of the session that it is a copy or replay of", "it is none"),
    Column("problem", "", "why it cannot be read", "it can"),
)
TABLES = {  # of one session
    "reps": REPS,
    "summary": SUMMARY,
    "events": EVENTS,
    "gaps": GAPS,
    "emg": EMG,
    "imu": IMU,
}
CONTENTS = {  # what each table is, in a line
    "reps": "each repetition: amounts, onsets, asymmetry, lag, quality",
    "summary": "the whole set: verdicts, asymmetry and lag with 95 % intervals",
    "events": "what happened: connections, markers",
    "gaps": "every stretch of samples that is missing, and why",
    "emg": "every EMG sample, unfiltered: the left pod's, then the right one's",
    "imu": "every motion sample: the left pod's, then the right one's",
}
