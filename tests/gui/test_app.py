"""The whole path, clicked through with virtual pods, and everything that stops it."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

import pytest
from app_clicker import Clicker, Studio
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason

from glutesym.advice import advice_for
from glutesym.gui import theme
from glutesym.gui.app import run_app
from glutesym.gui.qt import QtCore, QtWidgets
from glutesym.gui.review import ReviewPage
from glutesym.gui.window import LiveWindow
from glutesym.keys import KeyRing, OwnedPod, new_key
from glutesym.links.ble import BleTransport
from glutesym.measures import SIDES
from glutesym.session.analyze import analyze_session
from glutesym.session.calibration_store import load_calibration
from glutesym.session.choices import Choices
from glutesym.session.normalised import FOLDER
from glutesym.session.resume import Interrupted
from glutesym.session.store import open_session
from glutesym.session.visit import Visit
from glutesym.view_options import ThemeChoice
from glutesym.wording import verdict_sentence

Key = QtCore.Qt.Key


@pytest.fixture
def clicker(qtbot, tmp_path):
    """Open an app; it is closed at the end."""
    opened = []

    def open_app(studio=None):
        opened.append(Clicker(qtbot, tmp_path / "sessions", studio))
        return opened[-1]

    yield open_app
    for one in opened:
        one.close()


def events_of(path):
    with open_session(path) as session:
        return [(event.kind, event.text) for event in session.events()]


def test_the_whole_path_from_the_first_scan_to_the_review_by_keys_alone(clicker):
    """No mouse, and nobody who gives the window the keys back."""
    app = clicker()
    sounds = []
    app.window.pages["calibrate"].played.connect(sounds.append)
    app.until(lambda: app.text("now") == "Both pods are connected")
    assert app.text("left_link") == "Connected"
    assert "Battery 87 % · signal strong (−50 dBm)" in app.text("left_facts")
    app.until(lambda: app.text("right_quality") == "Signal good")
    app.type("subject", "Jane Doe")
    app.press("next", Key.Key_Return)
    assert app.step == "connect"
    assert "no subject code" in app.text("subject_wrong")
    app.type("subject", "S07")
    app.press("next", Key.Key_Return)
    assert app.step == "check"
    app.until(lambda: "of it hum" in app.text("left_noise"))
    app.press("measure", Key.Key_Return)
    app.until(lambda: app.text("baseline").startswith("At rest: left 6"))
    app.press("next", Key.Key_Return)
    assert app.step == "calibrate"
    app.press("start", Key.Key_Return)
    words = set()
    app.until(lambda: words.add(app.text("word")) or app.visit.calibrating)
    assert {"RELAX", "READY", "HOLD"} <= words
    assert "refused: it was held for" in app.text("trials")
    app.press("next", Key.Key_Return)
    assert {"squeeze", "let go", "done"} <= set(sounds)
    folder = app.visit.choices.folder
    kept = load_calibration(folder / FOLDER, "S07", "gluteus maximus")
    assert kept is not None
    assert app.step == "set"
    app.type("exercise", "juggling")
    app.press("start", Key.Key_Return)
    assert "virtual person cannot do this" in app.text("exercise_wrong")
    app.type("exercise", "bridge")
    app.press("start", Key.Key_Return)
    app.until(lambda: app.step == "result" and app.visit.measuring.over)
    app.window.refresh()
    assert app.text("rep_count") == "4"
    assert "% of MVIC" in app.text("sentences")
    assert "Signal check: left good; right good; left 6" in app.text("sentences")
    table = app.window.page.findChild(QtWidgets.QTableWidget, "reps")
    assert table.rowCount() == 4
    session = app.visit.measuring.result.analyzed
    assert session.meta.subject == "S07"
    assert session.meta.placement == "gluteus maximus"
    assert {".csv", ".json"} <= {path.suffix for path in app.visit.measuring.result.files}
    told = dict(events_of(session.path))
    assert told["calibration"] == "done: mvic_S07_gluteus-maximus.json"
    assert app.visit.unmeasured == []
    assert app.visit.unkept is None
    app.press("review", Key.Key_R)
    review = app.window.page.findChild(ReviewPage)
    app.until(lambda: not review.busy and review.hasFocus())
    assert app.text("review_verdict") == verdict_sentence(session.measures.summary, session.unit)
    app.key(Key.Key_Down)
    app.key(Key.Key_E)
    app.qtbot.keyClicks(QtWidgets.QApplication.focusWidget(), "slipped")
    app.key(Key.Key_Return)
    app.until(lambda: not review.busy)
    for key, name in ((Key.Key_C, "reps.csv"), (Key.Key_P, "_report.pdf")):
        app.key(key)
        app.until(lambda: not review.busy)
        assert name in app.text("review_status")
    assert session.path.with_name(f"{session.path.stem}_report.pdf").exists()
    app.key(Key.Key_Escape)
    assert app.step == "result"
    app.until(lambda: app.visit.measuring.over)
    app.window.refresh()
    (edit,) = app.visit.measuring.result.analyzed.edits
    assert edit.step.because == "slipped"
    assert app.text("excluded") == (
        "1 of 4 repetitions excluded: the reviewer's decision: slipped (1)"
    )
    assert "slipped" in table.item(1, table.columnCount() - 1).text()
    app.press("review", Key.Key_R)  # and once more: what was edited is there
    review = app.window.page.findChild(ReviewPage)
    app.until(lambda: not review.busy)
    assert "slipped" in app.text("edits")
    app.key(Key.Key_Escape)
    assert app.step == "result"
    app.press("next", Key.Key_Return)
    assert app.step == "set"
    app.qtbot.keyClick(app.window, Key.Key_Q, QtCore.Qt.KeyboardModifier.ControlModifier)
    app.until(lambda: not app.window.isVisible())


def test_the_folder_can_be_looked_for(clicker, tmp_path):
    app = clicker()
    wanted = tmp_path / "data"
    wanted.mkdir()

    def choose() -> None:
        dialog = QtWidgets.QApplication.activeModalWidget()
        assert Path(dialog.directory().absolutePath()) == tmp_path  # "sessions" is not there yet
        app.qtbot.keyClicks(dialog.findChild(QtWidgets.QLineEdit), "data")
        app.qtbot.keyClick(dialog, Key.Key_Return)

    app.until(lambda: app.possible("next"))
    app.tab_to("browse")
    QtCore.QTimer.singleShot(0, choose)
    app.key(Key.Key_Return)
    assert Path(app.input("folder").text()) == wanted
    app.window.activateWindow()  # without a window manager nobody does after a dialog
    app.until(app.window.isActiveWindow)
    QtCore.QTimer.singleShot(0, lambda: QtWidgets.QApplication.activeModalWidget().reject())
    app.tab_to("browse")
    app.key(Key.Key_Return)
    assert Path(app.input("folder").text()) == wanted
    app.window.activateWindow()  # without a window manager nobody does after a dialog
    app.until(app.window.isActiveWindow)
    app.tab_to("next")
    app.key(Key.Key_Return)
    assert app.visit.choices.folder == wanted


def test_keys_alone_are_enough_and_what_is_skipped_is_said(clicker):
    app = clicker(Studio(reps=2))
    app.until(lambda: app.possible("next"))
    for key in (Key.Key_L, Key.Key_R):
        app.key(key)  # blink
    app.key(Key.Key_Return)
    assert app.step == "check"
    app.key(Key.Key_Escape)
    assert app.step == "connect"
    app.until(lambda: app.possible("next"))
    app.key(Key.Key_Enter)
    app.key(Key.Key_K)
    assert app.step == "calibrate"
    app.key(Key.Key_K)
    assert app.step == "set"
    app.tab_to("start")
    app.key(Key.Key_Return)
    assert app.step == "live"
    app.until(lambda: app.state().reps)
    app.key(Key.Key_Space)
    app.key(Key.Key_Q)
    app.until(lambda: app.step == "result" and app.visit.measuring.over)
    told = dict(events_of(app.visit.measuring.result.analyzed.path))
    assert told["signal check"] == told["calibration"] == "skipped"
    assert told["marker"] == "marker 1"
    app.window.refresh()
    assert "Calibration: skipped" in app.text("sentences")
    app.key(Key.Key_Q)
    app.until(lambda: not app.window.isVisible())


def test_swapped_sides_agree_on_the_screen_in_the_session_and_in_its_tables(clicker):
    app = clicker(Studio(reps=2))
    app.click("swap")
    assert app.visit.swapped
    app.until(lambda: "Sides are swapped" in app.text("swapped"))
    app.click("next")
    app.click("skip")
    app.click("skip")
    app.click("start")
    app.until(lambda: app.step == "result" and app.visit.measuring.over)
    path = app.visit.measuring.result.analyzed.path
    with open_session(path) as session:
        assert {pod.side: pod.info["side"] for pod in session.pods} == {
            "left": "right",
            "right": "left",
        }
        told = [(event.side, event.text) for event in session.events() if "worn" in event.kind]
    assert ("left", "the right pod is worn on the left side") in told
    # The virtual person's left side is the weaker one, whichever pod is on it.
    assert analyze_session(path).measures.reps[0].symmetry_index_pct > 0


async def _off(simulation):
    simulation.set_adapter(False)


async def _one(simulation):
    simulation.pods["right"].switch_off()


async def _none(simulation):
    for pod in simulation.pods.values():
        pod.switch_off()


async def _other_key(simulation):
    owned = [OwnedPod(pod, side, new_key()) for pod, side, _ in simulation.keys.values()]
    simulation.transport = BleTransport(
        KeyRing.of(owned), *simulation.backends, simulation.loop.now_ns
    )


async def _strangers(simulation):
    simulation.transport = BleTransport(
        KeyRing.of([]), *simulation.backends, simulation.loop.now_ns
    )


def _unavailable(reason):
    async def before(simulation):
        def refuse():
            raise BleakBluetoothNotAvailableError("no", reason)

        simulation.adapter.require_power = refuse

    return before


_Why = BleakBluetoothNotAvailableReason


@pytest.mark.parametrize(
    ("before", "title", "step"),
    [
        (_off, "Bluetooth is off", "rfkill"),
        (_unavailable(_Why.NO_BLUETOOTH), "no Bluetooth low energy", "Plug in an adapter"),
        (_unavailable(_Why.DENIED_BY_USER), "may not use Bluetooth", "bluetooth"),
        (_unavailable(_Why.UNKNOWN), "does not answer", "bluetooth"),
        (_one, "The right pod does not answer", "moving wakes it"),
        (_none, "The left and the right pods do not answer", "within 5 m"),
        (_strangers, "pods do not answer", "2 pods that are not this computer's can be seen"),
        (_other_key, "it has another owner", "glutesym provision"),
    ],
)
def test_every_failure_says_what_to_do_and_can_be_tried_again(clicker, before, title, step):
    studio = Studio(before)
    app = clicker(studio)
    app.until(lambda: app.shown("advice"))
    assert title in app.text("advice_title")
    assert step in app.text("advice_steps")
    if before is _one:
        assert app.text("left_link") == "Found"
        assert app.text("right_link") == "Not found"
    studio.before = None
    app.key(Key.Key_Return)
    app.until(lambda: app.possible("next"))
    assert not app.shown("advice")


class Unowned(Studio):
    def require_pods(self):
        KeyRing.of([]).require()


def test_who_owns_no_pods_is_told_how_to_provision(clicker):
    app = clicker(Unowned())
    assert app.text("advice_title") == "⚠ This computer owns no left and no right pod yet"
    for side in SIDES:
        assert f"glutesym provision --side {side}" in app.text("advice_steps")
    assert app.possible("retry")


def test_pods_that_are_gone_before_the_set_bring_back_to_it_with_advice(clicker):
    studio = Studio()
    app = clicker(studio)
    app.click("next")
    app.click("skip")
    app.click("skip")
    studio.before = _none
    app.click("start")
    assert app.step == "live"
    app.until(lambda: app.step == "set")
    assert "do not answer" in app.text("advice_title")
    assert list(app.visit.choices.folder.glob("*")) == []


def test_a_squeeze_can_be_skipped_and_done_again_and_all_ended_early(clicker):
    app = clicker(Studio(trials=3))
    app.click("next")
    app.click("skip")
    app.click("start")
    app.until(lambda: app.text("word") == "HOLD")
    app.key(Key.Key_A)
    guide = app.visit.guide
    app.until(lambda: app.text("word") == "RELAX")
    assert guide.measured == []
    app.until(lambda: len(guide.measured) == 1)
    assert all(trial.mvic_uv for trial in guide.measured[0].trials)  # the person went back, too
    app.key(Key.Key_K)
    app.until(lambda: len(guide.measured) == 2)
    assert guide.measured[1].trials == ()
    app.key(Key.Key_F)
    app.until(lambda: app.visit.calibrating and app.visit.calibrating.over)
    app.window.refresh()
    assert "fewer than 2 good trials" in app.text("calibration_summary")
    kinds = [kind for kind, _ in events_of(app.visit.calibrating.result.session)]
    for kind in ("mvic trial again", "mvic trial skipped", "mvic ended early"):
        assert kind in kinds
    assert app.button("next").text().startswith("Go on without it")


def test_closing_the_window_in_a_set_loses_nothing(clicker):
    app = clicker()
    app.click("next")
    app.click("skip")
    app.click("skip")
    app.click("start")
    app.until(lambda: app.state().reps)
    app.window.close()
    assert app.visit.end(60)
    (path,) = app.visit.unmeasured
    session = analyze_session(path)
    assert session.meta.ended
    assert session.measures.reps
    assert all(pod.samples_lost == 0 for pod in session.recording.pods.values())


@pytest.mark.usefixtures("qapp")
def test_ctrl_c_ends_the_app(tmp_path):
    visit = Visit(Studio(), Choices(folder=tmp_path))
    before = signal.getsignal(signal.SIGINT)
    QtCore.QTimer.singleShot(300, lambda: signal.raise_signal(signal.SIGINT))
    run_app(visit)
    assert visit.end(60)
    assert signal.getsignal(signal.SIGINT) is before


def ground(widget):
    """Return the colour of a window's background."""
    return widget.grab().toImage().pixelColor(2, 2).name()


def test_all_pages_follow_the_system_from_dark_to_light(clicker, system_theme):
    app = clicker()
    app.click("next")
    app.click("skip")
    app.click("skip")
    app.click("start")
    live = app.window.page.findChild(LiveWindow)
    for choice, colors in ((ThemeChoice.LIGHT, theme.LIGHT), (ThemeChoice.DARK, theme.DARK)):
        system_theme(choice)
        assert ground(app.window) == ground(live) == colors.window.lower()


def test_a_key_with_ctrl_is_no_command_of_a_page(clicker):
    app = clicker(Unowned())
    control = QtCore.Qt.KeyboardModifier.ControlModifier
    app.qtbot.keyClick(app.window.page, Key.Key_S, control)
    assert not app.visit.swapped
    app.qtbot.keyClick(app.window.page, Key.Key_Q, control)
    assert not app.window.isVisible()


def fits(page):
    buttons = page.bar.findChildren(QtWidgets.QPushButton)
    return page._scroll.widget().width() <= page._scroll.viewport().width() and all(
        page.bar.rect().contains(button.geometry()) for button in buttons
    )


@pytest.mark.parametrize("size", [(360, 640), (1000, 720), (3840, 2160)])
def test_pages_fit_into_every_window(clicker, size):
    app = clicker(Unowned())
    app.window.resize(*size)
    for step in ("connect", "check", "calibrate", "set"):
        app.window.go(step)
        app.until(lambda: fits(app.window.page))


def test_any_other_error_is_told_as_it_is():
    assert advice_for(sqlite3.OperationalError("disk I/O error")).steps[0] == "disk I/O error"


class Interrupting(Studio):
    """Beside a session that was interrupted a moment ago."""

    def interrupted(self, folder):
        return Interrupted(folder / "before.glutesym", "squat", 130.0, {}, {})


def test_an_interrupted_session_comes_before_a_new_one(clicker):
    app = clicker(Interrupting())
    assert app.text("advice_title") == "⚠ A session was interrupted 2 min ago"
    assert "before.glutesym" in app.text("advice_steps")
    assert not app.visit.busy  # a new search would make the pods forget
    assert app.possible("go_on")
    app.key(Key.Key_N)
    app.until(lambda: app.possible("next"))
    assert not app.shown("advice")


def test_typing_is_no_command_and_enter_goes_on_from_every_field(clicker):
    app = clicker()
    app.until(lambda: app.possible("next"))
    subject = app.input("subject")
    subject.setFocus()
    app.qtbot.keyClicks(subject, "SLR")
    assert subject.text() == "SLR"
    assert not app.visit.swapped
    app.key(Key.Key_Return)
    assert app.step == "check"
    app.key(Key.Key_K)
    app.key(Key.Key_K)
    box = app.window.page.findChild(QtWidgets.QComboBox, "exercise")
    box.setFocus()
    box.lineEdit().selectAll()
    app.qtbot.keyClicks(box.lineEdit(), "squat")
    app.qtbot.keyClick(box, Key.Key_Return)
    assert app.step == "live"
    assert app.visit.choices.exercise == "squat"
