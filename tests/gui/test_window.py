from __future__ import annotations

import math
import signal
from dataclasses import replace
from typing import ClassVar

import pytest

from glutesym.gui import theme
from glutesym.gui.help import HelpOverlay
from glutesym.gui.qt import QtCore, QtWidgets
from glutesym.gui.text import FitText
from glutesym.gui.window import LiveWindow, run_window
from glutesym.live_state import LiveState
from glutesym.measures import Estimate
from glutesym.view_options import ThemeChoice
from live_states import recording, rep, summary, with_side

Key = QtCore.Qt.Key


def ended(state: LiveState | None = None) -> LiveState:
    return replace(state or recording(), phase="ended")


def test_a_running_session_is_shown_with_its_numbers(shown):
    view = shown()
    assert view.text("left_value") == "98"
    assert view.text("right_value") == "129"
    assert view.text("left_peak") == "peak 116 µV"
    assert view.text("rep_count") == "8"
    assert view.text("verdict") == "Left lower by 18 % (95 % CI 12…24)"
    assert view.text("lag") == "Left starts later by 22 ms (95 % CI 12…32)"
    assert view.text("time") == "00:29"
    assert view.text("phase") == "● Recording"
    assert view.text("sync") == "sync ±0.6 ms"
    assert view.text("session_path") == "sessions/today.glutesym"
    assert view.text("left_link") == "Left pod: connected"
    assert view.text("left_health") == "battery 83 % · 0 samples lost"
    assert view.text("left_warning") == ""
    assert view.window.windowTitle() == "Glute bridge – glutesym"


def test_no_part_of_it_is_a_window_even_for_a_moment(qtbot):
    """It would take the keys away from a window that it is put into."""

    class Watch(QtCore.QObject):
        windows: ClassVar[list[str]] = []

        def eventFilter(self, watched, event):
            if event.type() == QtCore.QEvent.Type.Show and watched.isWidgetType():
                self.windows += [watched.objectName()] * watched.isWindow()
            return False

    watch = Watch()
    QtWidgets.QApplication.instance().installEventFilter(watch)
    window = LiveWindow(recording, list, list, list)
    qtbot.addWidget(window)
    assert watch.windows == []
    window.show()
    assert len(watch.windows) == 1


def test_before_any_data_it_says_what_it_waits_for(shown):
    view = shown(LiveState(phase="scanning"))
    assert view.text("verdict").startswith("Looking for both pods")
    assert view.text("left_value") == "–"
    assert view.text("lag") == ""
    assert view.text("left_link") == "Left pod: searching"


def test_a_withheld_verdict_gives_its_reasons(shown):
    withheld = summary(
        Estimate(None, reason="two repetitions are too few"),
        Estimate(None, reason="no left onset"),
        verdict="not measurable",
    )
    view = shown(replace(recording(1), reps=(rep(1, None, None),), summary=withheld))
    assert view.text("verdict") == "No verdict: two repetitions are too few"
    assert view.text("lag") == "Timing withheld: no left onset"


def test_excluded_repetitions_are_told_beside_the_verdict(shown):
    lost = summary(n_reps=12, n_excluded=2, excluded=(("samples lost", 2),))
    view = shown(replace(recording(12), summary=lost))
    assert view.text("excluded") == "2 of 12 repetitions excluded: samples lost (2)"
    view.show(recording())
    assert view.text("excluded") == ""


def test_trouble_is_told_on_the_side_where_it_is(shown):
    state = with_side(recording(), "left", lead_off=True, activation_uv=math.nan)
    state = with_side(state, "right", connected=False, samples_lost=600)
    view = shown(replace(state, phase="reconnecting"))
    assert view.text("left_warning").startswith("Electrode off the skin")
    assert view.text("right_warning") == ""
    assert view.text("right_link") == "Right pod: reconnecting"
    assert view.text("right_health").endswith("600 samples lost (0.99 %)")


def test_what_is_not_saved_is_told_across_the_window(shown):
    view = shown()
    view.key(Key.Key_Space)
    view.show(replace(recording(), trouble="Not saved for 3 s: the disk is full."))
    assert view.text("banner") == "Not saved for 3 s: the disk is full."
    assert view.visible("banner")
    assert view.text("message") == "Marker 1 set"
    view.show(recording())
    assert not view.visible("banner")


def test_digits_can_be_read_because_they_change_five_times_a_second(shown):
    view = shown()
    state = with_side(view.state, "left", activation_uv=50.0)
    view.show(replace(state, time_s=state.time_s + 0.1))
    assert view.text("left_value") == "98"
    view.show(replace(state, time_s=state.time_s + 0.21))
    assert view.text("left_value") == "50"


def test_lost_data_take_the_digits_away_at_once(shown):
    view = shown()
    view.show(with_side(view.state, "left", activation_uv=math.nan))
    assert view.text("left_value") == "–"


@pytest.mark.parametrize(
    ("key", "commands"),
    [
        (Key.Key_Space, ["marker 1"]),
        (Key.Key_L, ["identify left"]),
        (Key.Key_R, ["identify right"]),
        (Key.Key_Q, ["stop"]),
        (Key.Key_Escape, ["stop"]),
        (Key.Key_X, []),
    ],
)
def test_keys_give_commands(shown, key, commands):
    view = shown()
    view.key(key)
    assert view.commands == commands
    assert view.window.isVisible()


def test_commands_are_confirmed_in_words(shown):
    view = shown()
    view.key(Key.Key_Space)
    view.key(Key.Key_Space)
    assert view.commands == ["marker 1", "marker 2"]
    assert view.text("message") == "Marker 2 set"
    view.window.refresh()
    assert view.text("message") == "Marker 2 set"


def test_a_replay_says_so_and_has_no_pods_to_blink_nor_a_file_to_mark(shown):
    view = shown()
    view.show(replace(view.state, replay_of="yesterday.glutesym", session_path=""))
    assert view.text("phase") == "▶ Replay"
    assert view.text("session_path") == "replay of yesterday.glutesym"
    for key, words in ((Key.Key_L, "no pod"), (Key.Key_Space, "not recorded")):
        view.key(key)
        assert words in view.text("message")
    assert view.commands == []
    view.show(replace(view.state, session_path="copy.glutesym"))
    view.key(Key.Key_Space)
    assert view.commands == ["marker 1"]


def test_full_screen_is_a_toggle(shown):
    view = shown()
    view.key(Key.Key_F)
    assert view.window.isFullScreen()
    view.key(Key.Key_F)
    assert not view.window.isFullScreen()


def test_help_lists_the_keys_and_escape_closes_it_without_stopping(shown):
    view = shown()
    overlay = view.window.findChild(HelpOverlay)
    assert not overlay.isVisible()
    view.key(Key.Key_H)
    assert overlay.isVisible()
    assert overlay.size() == view.window.size()
    words = " ".join(w.accessibleName() for w in overlay.findChildren(QtWidgets.QWidget))
    for key in ("Space", "N", "T", "↑ ↓", "+ −", "P", "E", "S", "D", "F", "L or R", "Enter", "H"):
        assert f" {key} " in f" {words} "
    assert " Q or Esc " in words
    view.key(Key.Key_Escape)
    assert not overlay.isVisible()
    assert view.commands == []


def test_closing_stops_once(shown):
    view = shown()
    view.window.close()
    view.window.close()
    assert view.commands == ["stop"]


def test_stopping_keeps_the_window_until_it_is_closed(shown):
    view = shown()
    view.key(Key.Key_Q)
    view.show(ended())
    assert view.window.isVisible()
    assert view.text("phase") == "Ended"
    view.key(Key.Key_Q)
    assert not view.window.isVisible()
    assert view.commands == ["stop"]


def test_a_second_stop_closes_although_the_session_hangs(shown):
    view = shown()
    view.key(Key.Key_Escape)
    view.key(Key.Key_Escape)
    assert not view.window.isVisible()
    assert view.commands == ["stop"]


def test_it_closes_at_the_end_if_asked_to(shown):
    view = shown(close_when_ended=True)
    assert view.window.isVisible()
    view.show(ended())
    assert not view.window.isVisible()


def parts(view) -> dict[str, QtWidgets.QWidget]:
    return {
        child.objectName(): child
        for child in view.window.children()
        if isinstance(child, QtWidgets.QWidget) and child.isVisible()
    }


SIZES = [(360, 640), (412, 915), (640, 360), (700, 1200), (900, 600), (1280, 800), (3840, 2160)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("trouble", ["", "Not saved for 3 s: the disk is full. Make room."])
def test_views_neither_overlap_nor_leave_the_window(shown, size, trouble):
    view = shown()
    view.window.resize(*size)
    view.show(replace(recording(), trouble=trouble))
    children = list(parts(view).values())
    assert {"bars", "result", "header", "left_pod", "right_pod", "middle"} <= parts(view).keys()
    assert ("banner" in parts(view)) == bool(trouble)
    for i, child in enumerate(children):
        assert view.window.rect().contains(child.geometry())
        for other in children[:i]:
            assert not child.geometry().intersects(other.geometry())
    assert parts(view)["left_pod"].x() < parts(view)["right_pod"].x()


@pytest.mark.parametrize("size", SIZES)
def test_no_text_is_cut(shown, size):
    long = "a cable moves: voltages below the muscle's band are as large as its activity (61 µV)"
    state = with_side(recording(), "left", light="yellow", light_reason=long, samples_lost=12345)
    view = shown(replace(state, movement="back"))
    view.window.resize(*size)
    QtWidgets.QApplication.processEvents()  # layouts follow
    labels = [label for label in view.window.findChildren(FitText) if label.isVisible()]
    assert len(labels) > 15
    for label in labels:
        assert label.fits(), f"{label.objectName()}: {label.text()!r} in {label.size()}"


def test_a_phone_shows_traces_in_the_answers_place(shown):
    view = shown()
    view.window.resize(360, 640)
    assert "traces" not in parts(view)
    view.key(Key.Key_E)
    assert "traces" in parts(view)
    assert "result" not in parts(view)


def run(poll, stop=lambda: None, **options) -> None:
    run_window(poll, stop, lambda _text: None, lambda _side: None, **options)


@pytest.mark.usefixtures("qapp")
def test_running_ends_with_the_session_if_asked_to():
    states = iter([recording(0), recording(8)])
    stops: list[str] = []
    run(lambda: next(states, ended()), lambda: stops.append("stop"), close_when_ended=True)
    assert stops == ["stop"]


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_its_like_close_the_window_and_the_old_handler_returns(ending):
    before = signal.getsignal(ending)
    stops: list[str] = []
    QtCore.QTimer.singleShot(30, lambda: signal.raise_signal(ending))
    run(recording, lambda: stops.append("stop"))
    assert stops == ["stop"]
    assert signal.getsignal(ending) is before


def test_it_follows_the_system_from_dark_to_light(shown, system_theme):
    view = shown()
    role = view.window.palette().ColorRole.Window
    assert view.window.palette().color(role).name() == theme.DARK.window.lower()
    system_theme(ThemeChoice.LIGHT)
    assert view.window.palette().color(role).name() == theme.LIGHT.window.lower()
    view.key(Key.Key_D)  # chosen: the system has no say any more
    system_theme(ThemeChoice.LIGHT)
    assert view.window.palette().color(role).name() == theme.DARK.window.lower()


@pytest.mark.usefixtures("qapp")
def test_an_error_of_the_session_closes_the_window_and_reaches_the_caller():
    stops: list[str] = []

    def poll() -> LiveState:
        raise RuntimeError("the session broke")

    with pytest.raises(RuntimeError, match="the session broke"):
        run(poll, lambda: stops.append("stop"))
    assert stops == ["stop"]


@pytest.mark.usefixtures("qapp")
def test_an_error_while_stopping_reaches_the_caller():
    def stop() -> None:
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        run(ended, stop, close_when_ended=True)
