"""What the views draw, by the colours of their pixels."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from pixels import where

from glutesym.gui import theme
from glutesym.gui.text import FitText
from glutesym.live_state import LiveState
from glutesym.measures import Estimate, Flaw
from live_states import leg_rep, recording, rep, summary, with_side

LEFT, RIGHT = theme.SIDE_COLORS["left"], theme.SIDE_COLORS["right"]


def bar_heights_px(view) -> dict[str, int]:
    """Return the height of each bar: of full rows of its colour in its half of the view."""
    image = view.picture("bars")
    middle = image.width() // 2
    halves = {"left": np.s_[:, :middle], "right": np.s_[:, middle:]}
    return {
        side: int((where(image, color)[halves[side]].mean(axis=1) > 0.6).sum())
        for side, color in theme.SIDE_COLORS.items()
    }


def test_bars_are_as_high_as_the_activation_on_one_scale(shown):
    view = shown(recording(left_uv=60.0, right_uv=120.0))
    heights = bar_heights_px(view)
    assert heights["left"] > 40
    assert heights["right"] == pytest.approx(2 * heights["left"], abs=3)


def test_the_scale_grows_for_both_sides_and_never_falls_back(shown):
    view = shown(recording(left_uv=60.0, right_uv=120.0))
    before = bar_heights_px(view)
    loud = with_side(view.state, "right", activation_uv=390.0, peak_uv=395.0)
    view.show(replace(loud, time_s=loud.time_s + 1))
    grown = bar_heights_px(view)
    assert grown["right"] > before["right"]
    assert grown["left"] < before["left"]  # the same scale for the quiet side
    view.show(recording(left_uv=60.0, right_uv=120.0))
    assert bar_heights_px(view)["left"] == pytest.approx(grown["left"], abs=1)


def test_peaks_are_held_above_the_bars(shown):
    view = shown(recording(left_uv=10.0, right_uv=10.0))

    def peak_row(image, half) -> float:
        rows = np.flatnonzero(where(image, theme.DARK.text)[half].mean(axis=1) > 0.6)
        assert 0 < rows.size < 10, "one line a bar"
        return float(rows.mean())

    image = view.picture("bars")
    middle = image.width() // 2
    left, right = peak_row(image, np.s_[:, :middle]), peak_row(image, np.s_[:, middle:])
    assert left > right + 10  # 116 µV is lower on the screen than 150 µV
    view.show(with_side(view.state, "left", activation_uv=5.0))
    assert peak_row(view.picture("bars"), np.s_[:, :middle]) == left


def test_a_warning_is_a_filled_plate_on_its_side(shown):
    view = shown(with_side(recording(), "left", lead_off=True))
    image = view.picture("bars")
    plate = where(image, theme.WARNING)
    assert plate[:, : image.width() // 2].sum() > 2000
    assert plate[:, image.width() // 2 :].sum() == 0
    assert where(shown().picture("bars"), theme.WARNING).sum() == 0


def envelope_columns(view, color: str) -> np.ndarray:
    """Return which columns of the plot show a curve, as a mask from -10 s to now."""
    mask = where(view.picture("envelopes"), color, tolerance=60)
    body = mask[mask.shape[0] // 5 :]  # below the key
    columns = np.flatnonzero(body.any(axis=0))
    return body.any(axis=0)[columns[0] : columns[-1] + 1]


def test_a_gap_stays_a_gap(shown):
    state = replace(recording(), reps=(), summary=None)
    uv = state.sides["left"].envelope_uv.copy()
    uv[-600:-400] = math.nan  # 20 % of ten seconds at 100 Hz
    view = shown(with_side(state, "left", envelope_uv=uv))
    left = envelope_columns(view, LEFT)
    assert 1 - left.mean() == pytest.approx(0.2, abs=0.02)
    assert envelope_columns(view, RIGHT).mean() > 0.98


def test_only_the_last_ten_seconds_are_shown(shown):
    state = replace(recording(20), reps=(), summary=None)
    uv = state.sides["left"].envelope_uv.copy()
    uv[:-1000] = math.nan
    view = shown(with_side(state, "left", envelope_uv=uv))
    assert envelope_columns(view, LEFT).mean() > 0.98


def test_no_data_draw_no_curve(shown):
    view = shown(LiveState(phase="scanning"))
    image = view.picture("envelopes")
    assert where(image, LEFT)[image.height() // 5 :].sum() == 0


def dots(view, color: str) -> tuple[int, int]:
    """Return how many pixels of a colour are left and right of the middle line."""
    image = view.picture("asymmetry")
    mask = where(image, color)[image.height() // 6 :]  # below the headings
    middle = image.width() // 2
    return int(mask[:, : middle - 3].sum()), int(mask[:, middle + 3 :].sum())


@pytest.mark.parametrize(("sign", "color"), [(1, RIGHT), (-1, LEFT)])
def test_a_repetition_is_drawn_on_the_larger_side_in_its_colour(shown, sign, color):
    state = replace(recording(3), reps=tuple(rep(n, sign * 18.0) for n in (1, 2, 3)))
    left, right = dots(shown(state), color)
    assert (right if sign > 0 else left) > 100
    assert (left if sign > 0 else right) == 0


def test_a_withheld_repetition_has_no_dot(shown):
    state = replace(recording(1), reps=(rep(1, None, None),), summary=None)
    view = shown(state)
    assert dots(view, LEFT) == (0, 0)
    assert dots(view, RIGHT) == (0, 0)


@pytest.mark.parametrize(("side", "color"), [("left", LEFT), ("right", RIGHT)])
def test_on_one_leg_the_dot_is_on_the_side_of_the_leg(shown, side, color):
    state = replace(recording(1), reps=(leg_rep(1, side),), summary=None)
    view = shown(state)
    left, right = dots(view, color)
    assert (right if side == "right" else left) > 100
    assert (left if side == "right" else right) < 30


def words_beside_the_middle(view) -> int:
    """Return how many pixels of dim words stand on the right of the middle line."""
    image = view.picture("asymmetry")
    top, bottom = image.height() // 6, image.height() * 7 // 8  # no headings, no scale
    return int(where(image, theme.DARK.dim)[top:bottom, image.width() // 2 + 20 :].sum())


def test_why_a_repetition_has_no_dot_stands_beside_it(shown):
    good = replace(recording(1), reps=(rep(1, -18.0),), summary=None)
    view = shown(good)
    nothing = words_beside_the_middle(view)
    view.show(replace(good, reps=(rep(1, None, None),)))
    assert words_beside_the_middle(view) > nothing + 200


def test_an_excluded_repetition_has_no_dot_even_if_its_asymmetry_is_known(shown):
    moved = Flaw("unusable", "motion was lost as it began")
    state = replace(recording(1), reps=(replace(rep(1), flaws=(moved,)),), summary=None)
    view = shown(state)
    assert dots(view, LEFT) == (0, 0)
    assert dots(view, RIGHT) == (0, 0)


def test_missing_data_are_a_plate_on_an_empty_bar(shown):
    view = shown(with_side(recording(), "left", activation_uv=math.nan, reason="settling"))
    image = view.picture("bars")
    assert where(image, theme.WARNING)[:, : image.width() // 2].sum() > 2000
    assert bar_heights_px(view)["left"] == 0


def test_the_mean_and_its_interval_are_drawn_only_if_they_are_given(shown):
    state = recording()
    view = shown(replace(state, reps=tuple(rep(n, 5.0) for n in range(1, 9))))
    with_mean = view.picture("asymmetry")
    withheld = summary(Estimate(None, reason="too few"), verdict="not measurable")
    view.show(replace(view.state, summary=withheld))
    without = view.picture("asymmetry")

    def line(image) -> float:
        body = where(image, theme.DARK.text, tolerance=110)[image.height() // 6 :]
        right = body[:, body.shape[1] // 2 + 5 :]  # where the mean of 18 % is, and no middle line
        return float(right.mean(axis=0).max())

    assert line(with_mean) > 0.5
    assert line(without) < 0.3


def test_more_repetitions_than_rows_of_text_are_all_drawn(shown):
    view = shown(recording(60))
    image = view.picture("asymmetry")
    mask = where(image, RIGHT, tolerance=60)[image.height() // 6 :]
    drawn_rows = np.flatnonzero(mask.any(axis=1))
    assert drawn_rows[-1] - drawn_rows[0] > 0.6 * mask.shape[0]


LONG = (
    "No verdict: the left side was not measurable in 9 of 12 repetitions; "
    "at least 5 measurable ones are needed"
)
INK = "#FF00FF"


@pytest.mark.parametrize("size", [(560, 90), (300, 60), (240, 120)])
def test_long_text_shrinks_and_is_never_cut(qtbot, size):
    label = FitText("large", wrap=True, color=INK)
    qtbot.addWidget(label)
    label.resize(*size)
    label.set_text(LONG)
    ink = where(label.grab().toImage(), INK, tolerance=90)
    assert ink.sum() > 200
    for edge in (ink[0], ink[-1], ink[:, -1]):
        assert not edge.any()


def test_changing_numbers_keep_their_size(qtbot):
    label = FitText("giant", sample="888", suffix="µV", color=INK)
    qtbot.addWidget(label)
    label.resize(200, 100)

    def digit_height(text: str) -> int:
        label.set_text(text)
        return int(where(label.grab().toImage(), INK, tolerance=90).any(axis=1).sum())

    assert digit_height("8") == digit_height("88") == digit_height("888") > 20


def test_a_long_path_keeps_its_size_and_its_end(qtbot):
    label = FitText("small", elide=True, color=INK)
    qtbot.addWidget(label)
    label.resize(200, 30)

    def height(text: str) -> int:
        label.set_text(text)
        return int(where(label.grab().toImage(), INK, tolerance=90).any(axis=1).sum())

    assert height("/home/" + "folder/" * 20 + "set.db") >= height("/home/set.db")
