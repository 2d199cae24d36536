"""The review window on a recorded session: look, edit, take back, export, by mouse and by keys."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from glutesym import wording
from glutesym.cli import app
from glutesym.edits import Exclude, Rename, span_of
from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets, pg
from glutesym.gui.review import ReviewPage
from glutesym.gui.review_window import ReviewWindow
from glutesym.session.analyze import AnalyzedSession, analyze_session
from glutesym.session.edit_log import add_edit
from glutesym.view_options import ThemeChoice
from glutesym.virtual.scenarios.catalog import build_scenario
from virtual_session import Trial, record

Key = QtCore.Qt.Key
CONTROL = QtCore.Qt.KeyboardModifier.ControlModifier
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    scenario = build_scenario("bridge", seed=4, reps=5, symmetry_index_pct=20.0)
    return record(folder, scenario, 4).session.path


@pytest.fixture
def path(recorded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(recorded, tmp_path / "session.glutesym"))


@pytest.fixture(autouse=True)
def _every_mouse_move_counts():
    """Let pyqtgraph drop no move, however fast they follow each other."""
    usual = pg.getConfigOption("mouseRateLimit")
    pg.setConfigOption("mouseRateLimit", 0)
    yield
    pg.setConfigOption("mouseRateLimit", usual)


class Reviewer:
    """Somebody in front of the window."""

    def __init__(self, qtbot, path: Path, size: tuple[int, int] = (1280, 860)) -> None:
        self.qtbot, self.path = qtbot, path
        self.window = ReviewWindow(path)
        qtbot.addWidget(self.window)
        self.page: ReviewPage = self.window.page
        self.window.resize(*size)
        self.window.show()
        self.page.setFocus()
        self.wait()

    def wait(self) -> None:
        self.qtbot.waitUntil(lambda: not self.page.busy, timeout=PATIENCE_MS)

    def key(self, key: Key, modifier=QtCore.Qt.KeyboardModifier.NoModifier) -> None:
        target = QtWidgets.QApplication.focusWidget() or self.page
        self.qtbot.keyClick(target, key, modifier)
        self.wait()

    def type(self, text: str) -> None:
        self.qtbot.keyClicks(QtWidgets.QApplication.focusWidget(), text)
        self.key(Key.Key_Return)

    def text(self, name: str) -> str:
        label = self.page.findChild(QtWidgets.QLabel, name)
        assert label is not None, name
        return label.text()

    def drag(self, from_s: float, to_s: float, height: float = 0.8) -> None:
        """Drag the mouse over the timeline, at a share of its height."""
        plot = self.page.views.timeline.plot
        box = plot.item.getViewBox()
        top = box.viewRange()[1][1]

        def at(time_s: float) -> QtCore.QPoint:
            return plot.mapFromScene(box.mapViewToScene(QtCore.QPointF(time_s, height * top)))

        left = QtCore.Qt.MouseButton.LeftButton
        target = plot.viewport()
        self.qtbot.mouseMove(target, at(from_s))
        self.qtbot.mousePress(target, left, pos=at(from_s))
        for share in np.linspace(0, 1, 8):
            where = QtCore.QPointF(at(from_s + share * (to_s - from_s)))
            moved = QtGui.QMouseEvent(
                QtCore.QEvent.Type.MouseMove,
                where,
                target.mapToGlobal(where),
                left,
                left,
                QtCore.Qt.KeyboardModifier.NoModifier,
            )
            QtWidgets.QApplication.sendEvent(target, moved)
        self.qtbot.mouseRelease(target, left, pos=at(to_s))
        self.wait()

    def assert_shows_the_file(self) -> AnalyzedSession:
        """What is shown is what the file says when it is measured anew."""
        fresh = analyze_session(self.path)
        assert self.page.reviewed is not None
        shown = self.page.reviewed.analyzed
        assert repr(shown.measures) == repr(fresh.measures)  # NaN is equal to itself
        assert shown.edits == fresh.edits
        assert self.text("review_verdict") == wording.verdict_sentence(fresh.measures.summary)
        assert self.page.views.table.rowCount() == len(fresh.measures.reps)
        return fresh


@pytest.fixture
def reviewer(qtbot, path: Path):
    shown = Reviewer(qtbot, path)
    yield shown
    shown.window.close()


def test_excluding_changes_the_numbers_and_undo_brings_them_back(reviewer: Reviewer) -> None:
    before = reviewer.assert_shows_the_file().measures
    reviewer.key(Key.Key_Down)
    reviewer.key(Key.Key_E)
    reviewer.type("slipped")
    after = reviewer.assert_shows_the_file().measures
    assert after.summary.n_excluded == 1
    assert after.summary.symmetry_index_pct != before.summary.symmetry_index_pct
    assert "slipped" in reviewer.text("review_chosen")
    assert "excluded the repetition" in reviewer.text("edits")
    reviewer.key(Key.Key_U)
    assert reviewer.assert_shows_the_file().measures == before
    reviewer.key(Key.Key_Y)
    assert reviewer.assert_shows_the_file().measures == after
    reviewer.key(Key.Key_I)
    assert reviewer.assert_shows_the_file().measures == before
    reviewer.key(Key.Key_Z, CONTROL)
    assert reviewer.assert_shows_the_file().measures == after


def test_dragging_an_edge_moves_and_drawing_on_empty_ground_adds(reviewer: Reviewer) -> None:
    first, second = reviewer.assert_shows_the_file().measures.reps[:2]
    reviewer.drag(second.end_s, second.end_s - 0.6)
    moved = reviewer.assert_shows_the_file().measures.reps[1]
    assert moved.edits == ("moved",)
    assert moved.start_s == second.start_s
    assert moved.end_s == pytest.approx(second.end_s - 0.6, abs=0.1)
    assert reviewer.page.selected == 2
    reviewer.drag(first.start_s - 2.0, first.start_s - 1.0)
    added = reviewer.assert_shows_the_file().measures.reps
    assert len(added) == 6
    assert added[0].edits == ("added",)
    assert added[0].start_s == pytest.approx(first.start_s - 2.0, abs=0.1)
    assert reviewer.page.selected == 1
    reviewer.drag(first.start_s - 2.5, first.start_s + 1.5, 0.7)  # up to the next one at most
    reviewer.assert_shows_the_file()


def test_what_makes_no_sense_is_refused_and_nothing_moves(reviewer: Reviewer) -> None:
    rep = reviewer.assert_shows_the_file().measures.reps[0]
    reviewer.key(Key.Key_T)
    reviewer.type(f"{rep.start_s}-9999")
    assert "no part of the session" in reviewer.text("review_status")
    reviewer.key(Key.Key_A)
    reviewer.type("now")
    assert "now is no start and end" in reviewer.text("review_status")
    reviewer.key(Key.Key_Escape)  # takes the refusal away, not the window
    assert reviewer.window.isVisible()
    assert not reviewer.page._status.isVisible()
    reviewer.key(Key.Key_E)
    reviewer.key(Key.Key_Escape)  # gives up the question, not the window
    assert reviewer.window.isVisible()
    assert reviewer.assert_shows_the_file().edits == ()
    reviewer.drag(rep.end_s, rep.start_s + 0.1)
    assert "too short" in reviewer.text("review_status")
    region = reviewer.page.views.timeline._bands[1].getRegion()
    assert region == pytest.approx((rep.start_s, rep.end_s))


def test_the_whole_review_goes_by_keys(reviewer: Reviewer, path: Path) -> None:
    rep = reviewer.assert_shows_the_file().measures.reps[0]
    reviewer.key(Key.Key_T)
    reviewer.type(f"{rep.start_s:.2f}-{rep.end_s - 0.3:.2f}")
    reviewer.key(Key.Key_A)
    reviewer.type(f"{rep.start_s - 2:.2f}-{rep.start_s - 1:.2f}")
    reviewer.key(Key.Key_N)
    reviewer.type("warm-up only")
    reviewer.key(Key.Key_Escape)
    reviewer.key(Key.Key_X)
    reviewer.type("hip thrust")
    kinds = [type(edit.step).__name__ for edit in reviewer.assert_shows_the_file().edits]
    assert kinds == ["Move", "Add", "Note", "Rename"]
    assert "warm-up only" in reviewer.text("edits")
    assert reviewer.text("review_facts").startswith("hip thrust, ")
    unit = reviewer.page.views.curves.plot.words["left"]
    reviewer.key(Key.Key_S)
    assert (unit, reviewer.page.views.curves.plot.words["left"]) == ("% of its own peak", "µV")
    reviewer.key(Key.Key_Plus)
    assert reviewer.page.views.timeline._bar.isVisible()
    reviewer.key(Key.Key_0)
    assert not reviewer.page.views.timeline._bar.isVisible()
    reviewer.key(Key.Key_H)
    assert reviewer.page._help.isVisible()
    shown = {label.text() for label in reviewer.page._help.findChildren(QtWidgets.QLabel)}
    assert {action.words for action in reviewer.page.actions_now} <= shown
    reviewer.key(Key.Key_Escape)
    reviewer.key(Key.Key_M)
    (menu,) = reviewer.page.findChildren(QtWidgets.QMenu, "review_menu")
    assert menu.isVisible()
    menu.close()
    reviewer.key(Key.Key_C)
    assert (path.parent / "session" / "reps.csv").exists()
    assert "reps.csv" in reviewer.text("review_status")
    reviewer.key(Key.Key_P)
    assert (path.parent / "session_report.pdf").exists()
    assert "session_report.html" in reviewer.text("review_status")
    reviewer.page.setFocus()
    reviewer.key(Key.Key_Escape)
    reviewer.qtbot.waitUntil(lambda: not reviewer.window.isVisible(), timeout=PATIENCE_MS)


def test_what_cannot_be_written_is_told(reviewer: Reviewer, path: Path) -> None:
    (path.parent / "session").write_text("in the way")
    reviewer.key(Key.Key_C)
    assert reviewer.text("review_status").startswith("⚠ ")
    other = analyze_session(path)
    add_edit(other, Rename("squat"), "R3", datetime.now(UTC))
    reviewer.key(Key.Key_E)
    reviewer.type("slipped")
    assert "somebody else edited this session" in reviewer.text("review_status")


def test_the_table_sorts_and_selects_everywhere(reviewer: Reviewer) -> None:
    table = reviewer.page.views.table
    table.sortByColumn(5, QtCore.Qt.SortOrder.DescendingOrder)
    reps = reviewer.page.reviewed.reps
    by_size = sorted(reps, key=lambda rep: -rep.symmetry_index_pct)
    assert table.numbers() == [rep.number for rep in by_size]
    table.selectRow(2)
    assert reviewer.page.selected == by_size[2].number
    assert reviewer.page.views.timeline._selected == by_size[2].number
    assert reviewer.page.views.curves._chosen["left"].getData()[1] is not None
    reviewer.key(Key.Key_Down)
    assert reviewer.page.selected == by_size[3].number


@pytest.mark.parametrize("size", [(360, 640), (800, 600), (3840, 2160)])
def test_all_is_there_in_every_size(qtbot, path: Path, size: tuple[int, int]) -> None:
    reviewer = Reviewer(qtbot, path, size)
    page = reviewer.page
    assert (reviewer.window.width(), reviewer.window.height()) == size
    views = (page.views.timeline, page.views.table, page.views.curves, page.views.differences)
    for number in range(1, page.views.tabs.count() + 1):
        reviewer.key(Key(int(Key.Key_0) + number))
        shown = page.views.tabs.currentWidget()
        assert shown.isVisible()
        assert shown.height() > 0.25 * size[1] or size[0] > 1000
    if size[0] > 1000:
        assert all(view.isVisible() for view in views)
    assert not page.grab().isNull()
    reviewer.window.close()


def test_light_and_dark(reviewer: Reviewer) -> None:
    try:
        theme.use(ThemeChoice.LIGHT)
        theme.tell_windows()
        QtWidgets.QApplication.processEvents()
        light = reviewer.page.grab().toImage().pixelColor(2, 2)
        theme.use(ThemeChoice.DARK)
        theme.tell_windows()
        QtWidgets.QApplication.processEvents()
        dark = reviewer.page.grab().toImage().pixelColor(2, 2)
    finally:
        theme.use(ThemeChoice.DARK)
        theme._chosen = ThemeChoice.AUTO
    assert light.lightness() > 200
    assert dark.lightness() < 60


def test_earlier_sessions_are_compared_when_somebody_looks(qtbot, path: Path) -> None:
    reviewer = Reviewer(qtbot, path)
    assert reviewer.text("trend_words") == "Not compared yet."
    reviewer.key(Key.Key_2)
    reviewer.wait()
    assert "Asymmetry: too few sessions" in reviewer.text("trend_words")
    assert "1 session of " in reviewer.text("trend_notes")
    reviewer.window.close()


def test_a_set_on_one_leg_compares_legs(qtbot, tmp_path: Path) -> None:
    scenario = build_scenario("single-leg-bridge", seed=2, reps=2)
    reviewer = Reviewer(qtbot, record(tmp_path, scenario, 2).session.path)
    worked = reviewer.page.reviewed.reps[0].working
    reviewer.key(Key.Key_R if worked == "left" else Key.Key_L)
    assert reviewer.assert_shows_the_file().measures.reps[0].working != worked
    assert not reviewer.page.views.differences._lag.isVisible()
    reviewer.window.close()


def test_one_pod_and_no_repetition_make_sense(qtbot, tmp_path: Path) -> None:
    scenario = build_scenario("rest", seed=1, rest_before_s=12.0)
    recorded = Trial(tmp_path, scenario, sides=("left",)).record()
    reviewer = Reviewer(qtbot, recorded.session.path)
    assert reviewer.text("review_verdict").startswith("No ")
    assert "No repetition was found" in reviewer.text("review_chosen")
    reviewer.key(Key.Key_A)
    reviewer.type("6-8")
    assert reviewer.assert_shows_the_file().measures.reps[0].edits == ("added",)
    assert "no pod on this side" in reviewer.text("fatigue_right_rms_pct")
    reviewer.window.close()


def test_a_damaged_session_says_so_and_can_be_closed(qtbot, tmp_path: Path) -> None:
    path = tmp_path / "session.glutesym"
    path.write_bytes(b"no session at all" * 100)
    reviewer = Reviewer(qtbot, path)
    assert "cannot be reviewed" in reviewer.text("advice_title")
    assert "session.glutesym" in reviewer.text("advice_steps")
    assert not reviewer.page.views.isVisible()
    reviewer.key(Key.Key_Escape)
    qtbot.waitUntil(lambda: not reviewer.window.isVisible(), timeout=PATIENCE_MS)


def test_the_command_opens_the_window_unless_told_otherwise(path: Path, monkeypatch) -> None:
    opened: list[Path] = []
    monkeypatch.setattr("glutesym.gui.review_window.run_review", lambda p, *_: opened.append(p))
    monkeypatch.setattr("glutesym.gui.display.display_problem", lambda: None)
    assert CliRunner().invoke(app, ["review", str(path)]).exit_code == 0
    assert opened == [path]
    monkeypatch.setattr("glutesym.gui.display.display_problem", lambda: "There is no screen.")
    listed = CliRunner().invoke(app, ["review", str(path)])
    assert "No edits" in listed.output
    session = analyze_session(path)
    add_edit(session, Exclude(span_of(session.measures.reps[0]), "x"), "", datetime.now(UTC))
    assert "excluded" in CliRunner().invoke(app, ["review", str(path), "--list"]).output
    assert len(opened) == 1
