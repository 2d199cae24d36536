"""What a pod's other parts say: cell, motion sensor, and whether samples were lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glutesym.bench.line import Line, judged, told, withheld
from glutesym.bench.plan import FACES
from glutesym.bench.reading import BenchPod, BenchSession, Stretch

_Array = NDArray[np.float64]

_CELL_V = (3.3, 4.25)  # firmware/pod/power.py; charged cells have 4.2 V
# Ref: ST LSM6DSOX data sheet, mechanical characteristics: typical zero-g level 20 mg, sensitivity
# 1 %, zero rate 1 deg/s. Twice as much is allowed.
_OFFSET_MG, _SCALE_PCT, _ZERO_DPS = 40.0, 2.0, 2.0
_IMU_LIMITS = "twice what ST's data sheet calls typical"
_MOVED_DPS = 3.0  # standard deviation of a pod that does not lie
_LEAST = 100
_ON_EDGE = 0.9  # of 1 g along one axis: the pod lies on a side
_SENSOR = "Solder and supply of the motion sensor; else replace its breakout."


def battery_line(pod: BenchPod) -> Line:
    """Return what the gauge says of the cell."""
    name = "Cell"
    if not pod.gauge_works:
        return told(
            name,
            True,
            "MAX17048 on the board",
            "The gauge does not answer: it lives on the cell. Is the cell plugged in?",
        )
    volts = pod.battery_mv / 1000
    return judged(
        name,
        "V",
        volts,
        0.005,
        low=_CELL_V[0],
        high=_CELL_V[1],
        limits_from="firmware/pod/power.py; 4.2 V is a full cell",
        fix="Charge it. If it stays low, the cell is spent; if it is too high, take it out.",
        says="on USB power" if pod.on_usb else "on the cell",
    )


def loss_line(pod: BenchPod) -> Line:
    """Return whether samples were lost."""
    record = pod.record
    reasons = sorted({gap.reason for gap in record.gaps})
    lost = record.samples_lost
    return judged(
        "Samples lost",
        "",
        float(lost),
        0.0,
        expected=0.0,
        high=0.0,
        limits_from="what the radio loses is sent again",
        fix=f"{', '.join(reasons) or 'not fetched'}. {', '.join(record.problems)}".strip()
        + " Bring the pod closer; garbled data come from long SPI wires.",
        says=f"of {record.samples_sent}",
    )


def motion_lines(session: BenchSession, pod: BenchPod) -> list[Line]:
    """Return what the motion sensor reads of a pod that lies still."""
    names = ("Gravity", "Gyroscope at rest")
    stretches = session.of("noise")
    if not stretches:
        return []
    accel_g, gyro_dps = _motion(pod, stretches[-1])
    problem = _problem(accel_g, gyro_dps)
    if problem:
        return [withheld(name, problem) for name in names]
    gravity_g = float(np.linalg.norm(accel_g.mean(axis=0)))
    bias = gyro_dps.mean(axis=0)
    worst = int(np.argmax(np.abs(bias)))
    return [
        judged(
            names[0],
            "g",
            gravity_g,
            2 * float(np.linalg.norm(accel_g, axis=1).std() / np.sqrt(len(accel_g))),
            expected=1.0,
            low=1 - _OFFSET_MG / 1000 - _SCALE_PCT / 100,
            high=1 + _OFFSET_MG / 1000 + _SCALE_PCT / 100,
            limits_from=_IMU_LIMITS,
            fix=f"At rest it must feel 1 g. {_SENSOR}",
        ),
        judged(
            names[1],
            "°/s",
            float(bias[worst]),
            2 * float(gyro_dps[:, worst].std() / np.sqrt(len(gyro_dps))),
            expected=0.0,
            low=-_ZERO_DPS,
            high=_ZERO_DPS,
            limits_from=_IMU_LIMITS,
            fix=f"It turns though it lies: was it still? {_SENSOR}",
            says=f"axis {'xyz'[worst]}, the worst",
        ),
    ]


def face_lines(session: BenchSession, pod: BenchPod) -> list[Line]:
    """Return scale and offset of the accelerometer from six sides, in any order."""
    names = ("Accelerometer offset", "Accelerometer scale")
    sides = [session.of(f"face-{n}") for n in range(1, FACES + 1)]
    if not any(sides):
        return []
    seen: dict[tuple[int, int], float] = {}
    for stretches in sides:
        if not stretches:
            continue
        accel_g, gyro_dps = _motion(pod, stretches[-1])
        if _problem(accel_g, gyro_dps):
            continue
        mean = accel_g.mean(axis=0)
        axis = int(np.argmax(np.abs(mean)))
        if abs(mean[axis]) > _ON_EDGE * np.linalg.norm(mean):
            seen[axis, int(np.sign(mean[axis]))] = float(mean[axis])
    missing = [
        f"{'−' if sign < 0 else '+'}{'xyz'[axis]}"
        for axis in range(3)
        for sign in (1, -1)
        if (axis, sign) not in seen
    ]
    if missing:
        reason = f"the pod did not lie still with {', '.join(missing)} up"
        return [withheld(name, reason) for name in names]
    offsets = [(seen[axis, 1] + seen[axis, -1]) / 2 for axis in range(3)]
    scales = [(seen[axis, 1] - seen[axis, -1]) / 2 for axis in range(3)]
    far = int(np.argmax(np.abs(offsets)))
    wide = int(np.argmax(np.abs(np.array(scales) - 1)))
    return [
        judged(
            names[0],
            "mg",
            1000 * offsets[far],
            1.0,
            expected=0.0,
            low=-_OFFSET_MG,
            high=_OFFSET_MG,
            limits_from=_IMU_LIMITS,
            fix=f"{_SENSOR} A bent or hot board strains the sensor.",
            says=f"axis {'xyz'[far]}, the worst",
        ),
        judged(
            names[1],
            "% off",
            100 * (scales[wide] - 1),
            0.1,
            expected=0.0,
            low=-_SCALE_PCT,
            high=_SCALE_PCT,
            limits_from=_IMU_LIMITS,
            fix=f"{_SENSOR} Or the table is not level: 11° of tilt are 2 %.",
            says=f"axis {'xyz'[wide]}, the worst",
        ),
    ]


def _motion(pod: BenchPod, stretch: Stretch) -> tuple[_Array, _Array]:
    imu = pod.record.imu
    inside = (imu.time_s >= stretch.start_s) & (imu.time_s < stretch.end_s)
    known = inside & np.isfinite(imu.accel_g).all(axis=1) & np.isfinite(imu.gyro_dps).all(axis=1)
    return imu.accel_g[known], imu.gyro_dps[known]


def _problem(accel_g: _Array, gyro_dps: _Array) -> str:
    if len(accel_g) < _LEAST:
        return "the motion sensor told next to nothing: see the pod's problems"
    if gyro_dps.std(axis=0).max() > _MOVED_DPS:
        return "the pod was moved: lay it down and repeat"
    return ""
