"""Sitting is told from standing, bending, lying and walking, and added up."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glutesym.analysis.pelvis import reference
from glutesym.analysis.sitting import SittingMonitor, SittingSettings, sitting
from glutesym.recording import ImuRecord
from glutesym.virtual.scenarios.kinematics import Pose
from pelvis_motion import felt, poses

BOWS = [(Pose(pitch_deg=35.0), 3.0, 0.3, 1.0), (Pose(pitch_deg=35.0), 6.0, 0.3, 1.0)]
SEAT = Pose(pitch_deg=-25.0, list_deg=4.0)
STANCE_S, BENDING_S = (0.0, 2.5), (2.5, 9.0)
MINUTE = SittingSettings(break_after_min=1.0)


@cache
def day(seed=1):
    """Return two bows, 30 s of sitting from 15 s on, and 70 s of it from 75 s on."""
    seats = [(SEAT, 15.0, 30.0, 1.5), (SEAT, 75.0, 70.0, 1.5)]
    return felt(poses([*BOWS, *seats], 170.0), seed)


def known(imu, bending_s=BENDING_S):
    return reference(imu, STANCE_S, bending_s)


def cut(imu, start_s, end_s):
    return {
        side: ImuRecord(r.fs_hz, *(x[part] for x in (r.time_s, r.accel_g, r.gyro_dps)))
        for side, r in imu.items()
        for part in [slice(*np.searchsorted(r.time_s, (start_s, end_s)))]
    }


@pytest.mark.parametrize("seed", range(3))
def test_bouts_and_their_sum_are_found(seed):
    imu = day(seed)
    found = sitting(imu, known(imu), MINUTE)
    first, second = found.bouts
    assert first == pytest.approx((16.5, 46.5), abs=2)
    assert second == pytest.approx((76.5, 146.5), abs=2)
    assert found.total_s == pytest.approx(100, abs=5)
    assert found.longest_s == pytest.approx(70, abs=3)
    assert (found.sitting, found.bout_s, found.break_due) == (False, 0, False)
    assert found.seen_s == pytest.approx(169, abs=2)


def test_a_break_is_due_every_so_many_minutes_by_default_every_thirty():
    imu = day()
    found = sitting(imu, known(imu), SittingSettings(break_after_min=0.55))  # 33 s
    assert found.reminders_s == pytest.approx((109.5, 142.5), abs=2)
    assert len(sitting(imu, known(imu), MINUTE).reminders_s) == 1
    assert sitting(imu, known(imu)).reminders_s == ()
    assert SittingSettings().break_after_min == 30
    monitor = SittingMonitor(known(imu), MINUTE)
    assert not monitor.process(cut(imu, 0, 120)).break_due
    late = monitor.process(cut(imu, 120, 142))
    assert late.break_due
    assert late.sitting
    assert late.bout_s == pytest.approx(65, abs=3)
    assert not monitor.process(cut(imu, 142, 170)).break_due


@pytest.mark.parametrize("list_deg", [-6.0, 0.0, 6.0])
def test_the_lean_is_positive_to_the_right(list_deg):
    imu = felt(poses([*BOWS, (replace(SEAT, list_deg=list_deg), 15.0, 30.0, 1.5)], 55.0), 3)
    found = sitting(imu, known(imu))
    assert found.lean_deg.value == pytest.approx(list_deg, abs=1)
    assert found.tilt_difference_deg.value == pytest.approx(0, abs=1)


def test_a_pod_that_tilts_more_than_the_other_shows_in_the_difference():
    left = felt(poses([*BOWS, (Pose(-22.0), 15.0, 30.0, 1.5)], 55.0))["left"]
    right = felt(poses([*BOWS, (Pose(-30.0), 15.0, 30.0, 1.5)], 55.0))["right"]
    imu = {"left": left, "right": right}
    assert sitting(imu, known(imu)).tilt_difference_deg.value == pytest.approx(8, abs=1)


@pytest.mark.parametrize(
    "pose",
    [Pose(), Pose(pitch_deg=-5.0), Pose(pitch_deg=30.0), Pose(-88.0), Pose(88.0)],
    ids=["standing", "slouching", "bent forward", "on the back", "on the belly"],
)
def test_other_postures_are_not_sitting(pose):
    imu = felt(poses([*BOWS, (pose, 15.0, 30.0, 1.5)], 55.0))
    assert sitting(imu, known(imu)).total_s == 0


def test_who_moves_does_not_sit():
    imu = day()
    walking = {side: replace(r, gyro_dps=r.gyro_dps + 20.0 * np.sin(6 * r.time_s)[:, None])
               for side, r in imu.items()}  # fmt: skip
    assert sitting(walking, known(imu)).total_s == 0


def test_fidgeting_and_rising_for_a_moment_do_not_end_a_bout():
    imu = felt(poses([*BOWS, (SEAT, 15.0, 30.0, 1.5), (SEAT, 55.0, 30.0, 1.5)], 95.0))
    found = sitting(imu, known(imu))
    assert len(found.bouts) == 1
    assert found.longest_s == pytest.approx(70, abs=3)


def test_without_bending_time_is_known_and_the_lean_is_withheld():
    imu = day()
    found = sitting(imu, known(imu, None))
    assert found.total_s == pytest.approx(100, abs=5)
    assert found.lean_deg.value is None
    assert "bending" in found.lean_deg.reason


def test_one_pod_suffices_for_time():
    imu = day()
    found = sitting(imu, {"left": known(imu)["left"]})
    assert found.total_s == pytest.approx(100, abs=5)
    assert "both pods" in found.tilt_difference_deg.reason


def test_without_a_standing_reference_nothing_is_said():
    imu = day()
    found = sitting(imu, reference(imu, (3.0, 4.0)))
    assert (found.sitting, found.total_s, found.seen_s) == (None, 0, 0)
    assert "standing" in found.reason
    assert found.lean_deg.value is None


def test_lost_motion_is_neither_sitting_nor_standing():
    imu = day()
    lost = {}
    for side, r in imu.items():
        accel = r.accel_g.copy()
        accel[(r.time_s > 90) & (r.time_s < 110)] = np.nan
        lost[side] = replace(
            r, accel_g=accel, gyro_dps=np.where(np.isnan(accel), np.nan, r.gyro_dps)
        )
    found = sitting(lost, known(imu), MINUTE)
    assert found.seen_s == pytest.approx(149, abs=3)
    assert found.total_s == pytest.approx(80, abs=5)
    assert len(found.bouts) == 2  # it went on afterwards
    one = sitting({**imu, "left": lost["left"]}, known(imu), MINUTE)
    assert one.total_s == pytest.approx(100, abs=5)  # the other pod saw it


@given(st.lists(st.floats(0, 40), max_size=8))
@settings(max_examples=8)
def test_blocks_of_any_length_give_the_same(lengths_s):
    imu = cut(day(), 0, 100)
    monitor = SittingMonitor(known(imu), SittingSettings(break_after_min=0.4))
    edges = [0.0, *np.cumsum(lengths_s).tolist(), 200.0]
    for start_s, end_s in pairwise(edges):
        monitor.process(cut(imu, start_s, end_s))
    assert monitor.finish() == sitting(imu, known(imu), SittingSettings(break_after_min=0.4))


def test_a_break_after_no_time_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        SittingMonitor({}, SittingSettings(break_after_min=0.0))
