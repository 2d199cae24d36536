"""Keys and options of the live window: target, traces, notes, themes, sound, start."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from pixels import where

from glutesym.gui import theme
from glutesym.gui.note import NoteField
from glutesym.gui.qt import QtCore, QtWidgets
from glutesym.gui.sound import lower_side
from glutesym.gui.sounds import wav_of
from glutesym.gui.traffic_light import TrafficLight
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, Distribution
from glutesym.scale import Band, Unit
from glutesym.view_options import ThemeChoice, ViewOptions
from live_states import recording, rep, with_side

Key = QtCore.Qt.Key
MVIC = Unit({"left": 80.0, "right": 200.0})


def test_with_a_calibration_bars_are_per_cent_and_may_exceed_100(shown):
    view = shown(recording(left_uv=98.0, right_uv=120.0), options=ViewOptions(MVIC))
    assert view.text("left_value") == "122"
    assert view.text("right_value") == "60"
    assert view.text("left_peak") == "peak 145 % MVIC"
    image = view.picture("bars")
    left, right = (where(image, theme.SIDE_COLORS[side]).any(axis=1).sum() for side in SIDES)
    assert left > right  # though its microvolts are fewer


def test_what_speaks_against_the_calibration_stands_below_the_bars(shown):
    unit = replace(MVIC, note="The calibration is of 2026-05-03")
    view = shown(options=ViewOptions(unit))
    assert view.text("bars_note") == "The calibration is of 2026-05-03"
    assert view.visible("bars_note")
    assert not shown().visible("bars_note")


def framed(view) -> int:
    """Return how many pixels of the bars have the colour of text: peaks, target, tick."""
    return int(where(view.picture("bars"), theme.now().text).sum())


def test_the_target_is_set_moved_widened_and_taken_away_by_keys(shown):
    view = shown()
    nothing = framed(view)
    view.key(Key.Key_Up)
    assert view.text("message") == "No target: T sets one"
    view.key(Key.Key_T)
    assert view.text("message") == "Target 80–120 µV"
    view.window.refresh()
    assert framed(view) > nothing
    for key, words in (
        (Key.Key_Up, "90–130"),
        (Key.Key_Plus, "90–140"),
        (Key.Key_Minus, "90–130"),
        (Key.Key_Down, "80–120"),
    ):
        view.key(key)
        assert view.text("message") == f"Target {words} µV"
    view.key(Key.Key_T)
    assert view.text("message") == "No target"
    view.window.refresh()
    assert framed(view) == nothing


def test_a_bar_that_ends_in_the_target_is_ticked(shown):
    options = ViewOptions(target=Band(110.0, 140.0))
    hit, missed = shown(options=options), shown(recording(right_uv=90.0), options=options)
    assert framed(hit) > framed(missed) + 500


def test_the_scale_has_room_for_the_target(shown):
    view = shown(options=ViewOptions(target=Band(300.0, 380.0)))

    def amount(view) -> int:
        return int(where(view.picture("bars"), theme.SIDE_COLORS["right"]).sum())

    assert amount(view) < 0.7 * amount(shown())


def with_traces(state: LiveState) -> LiveState:
    time_s = state.time_s - 4 + np.arange(1000) / 250
    wave_uv = 50.0 * np.abs(np.sin(9 * time_s))
    for side in SIDES:
        state = with_side(
            state,
            side,
            trace_time_s=time_s,
            trace_low_uv=np.where(np.arange(1000) < 500, np.nan, -wave_uv),
            trace_high_uv=np.where(np.arange(1000) < 500, np.nan, wave_uv),
        )
    return state


def test_emg_traces_are_shown_by_a_key_and_gaps_stay_gaps(shown):
    view = shown(with_traces(recording()))
    assert not view.visible("traces")
    view.key(Key.Key_E)
    view.window.refresh()
    assert view.visible("traces")
    assert not view.visible("envelopes")
    image = view.picture("traces")
    drawn = where(image, theme.SIDE_COLORS["left"], 60)[image.height() // 4 :].any(axis=0)
    middle = (image.width() + 120) // 2  # names of the lanes on the left
    assert drawn[middle + 20 : -20].mean() > 0.9
    assert drawn[140 : middle - 20].sum() == 0
    view.key(Key.Key_E)
    assert view.visible("envelopes")


def note(view) -> NoteField:
    field = view.window.findChild(NoteField)
    assert field is not None
    return field


def test_a_note_is_written_with_the_keyboard_alone(shown):
    view = shown()
    view.window.activateWindow()
    view.key(Key.Key_N)
    assert note(view).isVisible()
    view.qtbot.keyClicks(note(view), "more weight, q l")
    assert view.commands == []  # letters are no commands meanwhile
    view.qtbot.keyClick(note(view), Key.Key_Return)
    assert view.commands == ["more weight, q l"]
    assert not note(view).isVisible()
    assert view.text("message") == "Noted: more weight, q l"
    view.key(Key.Key_Space)
    assert view.commands[1:] == ["marker 1"]


def test_escape_cancels_a_note_and_an_empty_one_is_none(shown):
    view = shown()
    for text, end in (("never mind", Key.Key_Escape), ("   ", Key.Key_Return)):
        view.key(Key.Key_N)
        view.qtbot.keyClicks(note(view), text)
        view.qtbot.keyClick(note(view), end)
        assert not note(view).isVisible()
    assert view.commands == []
    assert view.window.isVisible()


def test_a_replay_that_is_not_recorded_takes_no_note(shown):
    view = shown(replace(recording(), replay_of="yesterday.glutesym", session_path=""))
    view.key(Key.Key_N)
    assert not note(view).isVisible()
    assert "not recorded" in view.text("message")


@pytest.mark.parametrize(
    ("choice", "expected"), [(ThemeChoice.DARK, theme.DARK), (ThemeChoice.LIGHT, theme.LIGHT)]
)
def test_the_theme_is_chosen_and_toggled(shown, choice, expected):
    view = shown(options=ViewOptions(theme=choice))

    def background() -> str:
        return view.window.grab().toImage().pixelColor(2, 2).name().upper()

    assert background() == expected.window
    view.key(Key.Key_D)
    assert background() != expected.window
    assert where(view.picture("result"), theme.now().card).mean() > 0.5
    view.key(Key.Key_D)
    assert background() == expected.window


def contrast(a: str, b: str) -> float:
    """Return the WCAG contrast ratio of two colours."""

    def light(code: str) -> float:
        parts = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(a), light(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colors", [theme.DARK, theme.LIGHT])
def test_words_stand_out_from_their_ground_in_both_themes(colors):
    for ink in (colors.text, colors.dim, colors.left_ink, colors.right_ink):
        assert contrast(ink, colors.card) >= 4.5
    assert contrast(colors.on_warning, colors.warning) >= 7
    assert colors.left == theme.SIDE_COLORS["left"]
    assert colors.right == theme.SIDE_COLORS["right"]


@pytest.mark.parametrize(
    ("changes", "light", "word"),
    [
        ({"light": "green"}, "green", "signal good"),
        ({"light": "yellow", "light_reason": "hum"}, "yellow", "signal usable"),
        ({"light": "red", "lead_off": True}, "red", "signal not usable"),
        ({"light": None}, None, "signal not judged yet"),
        ({"light": None, "connected": False}, None, "no signal"),
    ],
)
def test_the_traffic_light_says_it_by_lamp_and_by_word(shown, changes, light, word):
    view = shown(with_side(recording(), "left", **changes))
    lamp = view.window.findChild(TrafficLight, "left_light")
    assert lamp.light == light
    assert view.text("left_signal") == word
    assert lamp.accessibleName() == word


def test_why_the_light_is_red_is_told(shown):
    view = shown(with_side(recording(), "right", light="red", light_reason="no data"))
    assert view.text("right_warning") == "No data"


POSTERIOR = Distribution(np.arange(-10.0, 60.0), np.full(70, 1 / 70))


def test_the_last_repetition_is_told_with_its_noise_bands(shown):
    last = replace(rep(8, 22.0, 25.0), lag_posterior=POSTERIOR, sync_uncertainty_ms=1.0)
    view = shown(replace(recording(), reps=(rep(7), last), movement="away"))
    assert view.text("rep_amount") == "Rep 8: right larger 22 ± 10 %"
    assert view.text("rep_lag") == "left later 25 ± 33 ms"
    assert view.text("movement") == "UP"


@pytest.mark.parametrize(
    ("exercise", "word"), [("Glute bridge", "UP"), ("squat", "DOWN"), ("something", "OUT")]
)
def test_the_way_out_is_named_after_the_exercise(shown, exercise, word):
    view = shown(replace(recording(), exercise=exercise, movement="away"))
    assert view.text("movement") == word


def test_how_many_repetitions_are_missing_is_told(shown):
    view = shown(recording(0))
    assert view.text("lag") == "3 repetitions until the verdict"


def test_a_set_on_one_leg_shows_the_leg_that_worked(shown):
    legs = [replace(rep(n), one_leg=True, symmetry_index_pct=None, lag_ms=None) for n in (1, 2)]
    reps = (replace(legs[0], working="left"), replace(legs[1], working="right"))
    view = shown(replace(recording(2), reps=reps))
    assert view.text("rep_amount") == "Rep 2: right leg, 90 µV"
    assert view.text("rep_lag") == ""
    image = view.picture("asymmetry")
    middle = image.width() // 2
    body = np.s_[image.height() // 6 :]
    assert where(image, theme.SIDE_COLORS["left"])[body][:, :middle].sum() > 100
    assert where(image, theme.SIDE_COLORS["right"])[body][:, middle:].sum() > 100


def test_peaks_and_scale_are_forgotten_for_both_sides(shown):
    artefact = with_side(recording(), "left", peak_uv=900.0)
    view = shown(artefact)
    before = where(view.picture("bars"), theme.SIDE_COLORS["right"]).sum()
    view.key(Key.Key_P)
    later = with_side(artefact, "left", envelope_time_s=artefact.sides["left"].envelope_time_s)
    view.show(replace(later, time_s=later.time_s + 1))
    assert view.text("left_peak") == "peak – µV"
    assert where(view.picture("bars"), theme.SIDE_COLORS["right"]).sum() > 2 * before


def test_the_sound_is_off_until_it_is_wanted_and_tells_the_lower_side(shown):
    view = shown(recording(0))
    heard: list[str] = []
    view.window._sounds.play = heard.append
    view.show(recording(1))
    view.key(Key.Key_S)
    assert "left lower" in view.text("message")
    assert heard == []  # not for what was there before
    view.show(recording(2))
    view.show(recording(2))
    assert heard == ["left lower"]
    view.key(Key.Key_S)
    view.show(recording(3))
    assert heard == ["left lower"]


def test_within_noise_neither_side_sounds():
    assert lower_side(rep(1, 18.0)) == "left"
    assert lower_side(rep(1, -18.0)) == "right"
    assert lower_side(rep(1, 4.0)) is None
    assert lower_side(rep(1, None)) is None


def test_the_two_sides_sound_different():
    assert wav_of("left lower") != wav_of("right lower")


def button(view, name: str) -> QtWidgets.QAbstractButton:
    found = view.window.findChild(QtWidgets.QAbstractButton, name)
    assert found is not None
    return found


def test_the_mouse_stops_marks_and_shows_the_keys(shown):
    view = shown()
    left = QtCore.Qt.MouseButton.LeftButton
    for name in ("marker_button", "main_button"):
        view.qtbot.mouseClick(button(view, name), left)
    assert view.commands == ["marker 1", "stop"]
    view.window.refresh()
    assert button(view, "main_button").text() == "Close"
    view.qtbot.mouseClick(button(view, "main_button"), left)
    assert not view.window.isVisible()


@pytest.mark.parametrize("by_key", [True, False])
def test_where_the_recording_waits_for_it_the_big_button_starts_once(shown, by_key):
    starts: list[str] = []
    view = shown(LiveState(), on_start=lambda: starts.append("start"))
    assert button(view, "main_button").text() == "▶ Start"
    if by_key:
        view.key(Key.Key_Return)
        view.key(Key.Key_Return)
    else:
        view.qtbot.mouseClick(button(view, "main_button"), QtCore.Qt.MouseButton.LeftButton)
    view.window.refresh()
    assert starts == ["start"]
    assert button(view, "main_button").text() == "■ Stop"
    assert view.commands == []


def test_as_a_page_it_can_do_without_buttons(shown):
    view = shown(buttons=False)
    assert not button(view, "main_button").isVisible()
    assert view.text("sync") == "sync ±0.6 ms"


def test_it_can_be_a_page_of_another_window(shown, qtbot):
    view = shown()
    host = QtWidgets.QStackedWidget()
    qtbot.addWidget(host)
    host.addWidget(view.window)
    host.resize(900, 600)
    host.show()
    view.window.refresh()
    assert view.window.size() == host.size()
    view.key(Key.Key_F)
    assert host.isFullScreen()
    view.key(Key.Key_Escape)
    assert not host.isFullScreen()
    assert view.commands == []
    view.window.setParent(None)


def test_what_is_drawn_does_not_grow_with_the_session(shown):
    many = tuple(rep(n) for n in range(1, 501))
    view = shown(replace(recording(), reps=many))
    dots = view.window.findChild(QtWidgets.QWidget, "asymmetry").findChildren(QtWidgets.QWidget)
    assert max(len(d._reps) for d in dots if hasattr(d, "_reps")) <= 60
    assert view.text("rep_count") == "500"


def test_missing_values_never_reach_the_screen_as_nan(shown):
    empty = with_side(recording(0), "left", activation_uv=math.nan, peak_uv=math.nan)
    view = shown(empty, options=ViewOptions(MVIC, Band(40.0, 60.0)))
    view.key(Key.Key_E)
    view.window.refresh()
    for label in view.window.findChildren(QtWidgets.QWidget):
        assert "nan" not in label.accessibleName().lower()
