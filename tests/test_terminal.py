from __future__ import annotations

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from glutesym.live_state import LiveState
from glutesym.measures import Estimate
from glutesym.terminal import render, run_terminal, summary_line
from live_states import leg_rep, recording, rep, summary, with_side


def drawn(state: LiveState, width: int = 80) -> list[str]:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(render(state, width))
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue().splitlines()


def line_of(lines: list[str], start: str) -> str:
    return next(line for line in lines if line.startswith(start))


def test_values_peaks_and_units_are_shown():
    lines = drawn(recording())
    assert "98 µV  peak   116" in line_of(lines, "left ")
    assert "129 µV  peak   150" in line_of(lines, "right ")
    assert "Glute bridge" in lines[0]
    assert "00:29" in lines[0]
    assert "8 reps" in lines[0]


def test_bars_share_a_scale_and_hold_their_peaks():
    lines = drawn(recording(left_uv=50.0, right_uv=100.0))
    left, right = line_of(lines, "left "), line_of(lines, "right ")
    assert right.count("█") == pytest.approx(2 * left.count("█"), abs=1)
    assert left.index("┃") < right.index("┃")
    assert right.index("┃") > right.rindex("█")


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_all_fit_a_page(width):
    lines = drawn(recording(), width)
    assert max(map(len, lines)) <= width
    assert len(lines) <= 24 or width < 80


def test_a_gap_is_a_gap_and_not_silence():
    state = recording()
    uv = state.sides["left"].envelope_uv.copy()
    uv[-500:-300] = math.nan
    lines = drawn(with_side(state, "left", envelope_uv=uv))
    left, right = [line for line in lines if line.startswith(("left ", "right "))][2:4]
    assert left.count("·") / (len(left) - 7) == pytest.approx(0.2, abs=0.04)
    assert "·" not in right


def test_before_any_data_it_says_what_it_waits_for():
    lines = drawn(LiveState(phase="scanning"))
    assert any("Looking for both pods" in line for line in lines)
    assert "– µV" in line_of(lines, "left ")
    assert not any("nan" in line for line in lines)


def test_sentences_and_last_repetitions():
    lines = drawn(recording(8))
    assert "Left lower by 18 % (95 % CI 12…24)" in lines
    assert "Left starts later by 22 ms (95 % CI 12…32)" in lines
    table = [line for line in lines if "right larger 18 ± " in line]
    assert [int(line.split()[0]) for line in table] == [4, 5, 6, 7, 8]
    assert all("left later 22 ms" in line for line in table)


def test_withheld_numbers_show_their_reason():
    state = replace(
        recording(1),
        reps=(rep(1, None, None),),
        summary=summary(Estimate(None, reason="too few"), verdict="not measurable"),
    )
    lines = drawn(state)
    assert "No verdict: too few" in lines
    assert any("an electrode was off the skin" in line for line in lines)


@pytest.mark.parametrize("width", [80, 120])
def test_loss_is_told_where_the_verdict_is_and_the_page_does_not_grow(width):
    reps = tuple(rep(n, None, None) if n > 6 else rep(n) for n in range(1, 9))
    lost = summary(n_excluded=2, excluded=(("an electrode was off the skin", 2),))
    state = with_side(recording(), "left", activation_uv=math.nan, reason="data were missing")
    lines = drawn(replace(state, reps=reps, summary=lost), width)
    assert "8 reps, 2 excluded" in lines[0]
    assert "Data missing" in line_of(lines, "left ")
    assert "2 of 8 repetitions excluded: an electrode was off the skin (2)" in lines
    assert "rep 8 unusable: left: an electrode was off the skin (for 300 ms)" in lines
    grades = [line.split()[-1] for line in lines if line.strip().startswith(("6 ", "7 ", "8 "))]
    assert grades == ["good", "unusable", "unusable"]
    assert len(lines) <= 24
    assert max(map(len, lines)) <= width


def test_a_set_on_one_leg_names_the_leg_that_worked():
    reps = tuple(leg_rep(n, leg) for n, leg in enumerate(("left", "right", None), start=1))
    lines = drawn(replace(recording(), reps=reps))
    head = next(n for n, line in enumerate(lines) if line.startswith("rep  "))
    assert lines[head].split()[-2:] == ["working", "quality"]
    assert [" ".join(line.split()[3:]) for line in lines[head + 1 : head + 4]] == [
        "left leg good",
        "right leg good",
        "not clear poor",
    ]
    assert "rep 3 poor: which leg worked is not clear" in " ".join(lines)


def test_trouble_covers_the_bar_and_is_explained():
    state = with_side(recording(), "left", lead_off=True, activation_uv=math.nan)
    state = with_side(state, "right", connected=False, samples_lost=7)
    lines = drawn(state)
    assert "Electrode off" in line_of(lines, "left ")
    assert "Reconnecting" in line_of(lines, "right ")
    assert any("press it on" in line for line in lines)
    assert any("7 samples lost" in line for line in lines)


def test_rendering_does_not_change_the_snapshot():
    state = recording()
    before = state.sides["left"].envelope_uv.copy()
    assert drawn(state) == drawn(state)
    np.testing.assert_array_equal(state.sides["left"].envelope_uv, before)


class Session:
    """Snapshots in turn; a KeyboardInterrupt among them is a Ctrl-C of the user."""

    def __init__(self, *snapshots: LiveState | type[KeyboardInterrupt]) -> None:
        self.snapshots = list(snapshots)
        self.stops = 0

    def poll(self) -> LiveState:
        snapshot = self.snapshots.pop(0) if len(self.snapshots) > 1 else self.snapshots[0]
        if isinstance(snapshot, LiveState):
            return snapshot
        raise snapshot

    def stop(self) -> None:
        self.stops += 1


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("glutesym.terminal.time.sleep", lambda _seconds: None)


ENDED = replace(recording(), phase="ended")


@pytest.mark.parametrize("terminal", [True, False])
def test_it_leaves_when_the_session_has_ended(terminal):
    session = Session(recording(0), recording(8), ENDED)
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=100, height=40)
    run_terminal(session.poll, session.stop, console=console)
    assert "Left lower by 18 %" in output.getvalue()
    assert session.stops == 0


def test_into_a_pipe_go_plain_lines_only():
    session = Session(recording(0), recording(1), ENDED)
    output = io.StringIO()
    run_terminal(session.poll, session.stop, console=Console(file=output, width=40))
    lines = output.getvalue().splitlines()
    assert "\x1b" not in output.getvalue()
    assert len(lines) == 2  # the first and the last: the ones between come too soon
    assert lines[0].startswith("00:05 | recording | 0 reps")
    assert lines[1] == summary_line(ENDED)


def test_a_pipe_of_a_small_alphabet_is_no_reason_to_fail():
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    session = Session(ENDED)
    run_terminal(session.poll, session.stop, console=console)
    assert b"8 reps" in raw.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_ctrl_c_stops_once_and_shows_the_end(terminal):
    session = Session(recording(0), KeyboardInterrupt, recording(8), ENDED)
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=100, height=40)
    run_terminal(session.poll, session.stop, console=console)
    assert session.stops == 1
    assert "Left lower by 18 %" in output.getvalue()


def test_a_second_ctrl_c_leaves_at_once():
    session = Session(recording(0), KeyboardInterrupt, KeyboardInterrupt, recording(0))
    run_terminal(session.poll, session.stop, console=Console(file=io.StringIO()))
    assert session.stops == 1


def test_a_session_that_never_ends_is_left_after_a_while(monkeypatch):
    clock_s = iter(range(0, 1000, 2))
    monkeypatch.setattr("glutesym.terminal.time.monotonic", lambda: float(next(clock_s)))
    session = Session(KeyboardInterrupt, recording(0))
    run_terminal(session.poll, session.stop, console=Console(file=io.StringIO()))
    assert session.stops == 1


def test_the_caller_may_say_that_it_has_ended():
    session = Session(recording(0))
    output = io.StringIO()
    run_terminal(session.poll, session.stop, console=Console(file=output), is_ended=lambda: True)
    assert output.getvalue().count("\n") >= 1


def test_the_line_for_a_log_tells_losses_and_warnings():
    state = with_side(recording(), "left", lead_off=True, samples_lost=600)
    line = summary_line(state)
    assert "left 98 µV" in line
    assert "left: Electrode off the skin" in line
    assert "left: 600 samples lost (0.99 %)" in line
    assert "\n" not in line


TROUBLE = "Not saved for 3 s, kept in memory: the disk is full. Free some space."


def test_what_is_not_saved_is_told_above_the_bars():
    lines = drawn(replace(recording(), trouble=TROUBLE))
    assert lines[1].startswith("Not saved for 3 s")
    assert summary_line(replace(recording(), trouble=TROUBLE)).endswith(f"| {TROUBLE}")


def test_what_is_not_saved_is_told_in_a_log_at_once():
    session = Session(recording(0), replace(recording(0), trouble=TROUBLE), recording(0), ENDED)
    output = io.StringIO()
    run_terminal(session.poll, session.stop, console=Console(file=output))
    lines = output.getvalue().splitlines()
    assert [TROUBLE in line for line in lines] == [False, True, False, False]


def test_it_stays_while_the_end_is_not_saved(monkeypatch):
    clock_s = iter(range(0, 1000, 4))
    monkeypatch.setattr("glutesym.terminal.time.monotonic", lambda: float(next(clock_s)))
    unsaved = replace(recording(8), trouble=TROUBLE)
    session = Session(KeyboardInterrupt, *[unsaved] * 9, ENDED)
    output = io.StringIO()
    run_terminal(session.poll, session.stop, console=Console(file=output))
    assert output.getvalue().splitlines()[-1] == summary_line(ENDED)
