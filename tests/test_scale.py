from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym.scale import SharedScale
from live_states import recording, with_side


@given(st.lists(st.floats(0, 1e6) | st.just(math.nan), max_size=20))
def test_scale_only_grows_and_never_clips(values_uv):
    scale = SharedScale()
    for value_uv in values_uv:
        before_uv = scale.top
        grew = scale.grow(value_uv)
        assert grew == (scale.top > before_uv)
        assert scale.top >= before_uv
        assert math.isnan(value_uv) or scale.top >= value_uv


@given(st.floats(20, 1e6))
def test_ticks_are_evenly_spaced_round_numbers_from_zero_to_the_top(value_uv):
    scale = SharedScale()
    scale.grow(value_uv)
    ticks_uv = scale.ticks()
    assert ticks_uv[0] == 0
    assert ticks_uv[-1] == pytest.approx(scale.top)
    assert 4 <= len(ticks_uv) <= 6
    steps_uv = np.diff(ticks_uv)
    assert steps_uv == pytest.approx(np.full(steps_uv.size, steps_uv[0]))
    assert len(f"{steps_uv[0]:g}".strip("0.").replace("e+0", "")) <= 2  # at most two digits


def test_the_scale_fits_the_peaks_of_both_sides_and_nothing_that_is_not_certain():
    scale = SharedScale()
    scale.grow_to_fit(recording(left_uv=30.0, right_uv=30.0))
    assert scale.top == 200.0  # the right side's peak of 150 and headroom
    drifts = with_side(recording(), "left", activation_uv=900.0, envelope_uv=np.full(2900, 900.0))
    assert not scale.grow_to_fit(drifts)
    assert scale.grow_to_fit(with_side(recording(), "left", peak_uv=390.0))
    assert scale.top >= 390.0
    assert not scale.grow_to_fit(recording())


def test_no_data_keep_the_scale():
    scale = SharedScale()
    top_uv = scale.top
    empty = with_side(recording(0), "left", activation_uv=math.nan, peak_uv=math.nan)
    empty = with_side(empty, "right", activation_uv=math.nan, peak_uv=math.nan)
    for side in ("left", "right"):
        empty = with_side(empty, side, envelope_uv=np.full(500, math.nan))
    assert not scale.grow_to_fit(empty)
    assert scale.top == top_uv
