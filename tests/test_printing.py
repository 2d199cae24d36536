"""What commands print is whole in a narrow terminal, and what is alike is said once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from glutesym.analysis.asymmetry import summarize
from glutesym.cli_shared import progress_bar, say
from glutesym.measures import NO_POD, Flaw, SideMeasure
from glutesym.pipeline import Settings, measure_set
from glutesym.printing import print_reps, print_result
from glutesym.recording import Recording
from glutesym.session.analyze import AnalyzedSession
from glutesym.session.answer import quality_sentences
from glutesym.session.store import SessionMeta
from glutesym.wording import lag_sentence, verdict_sentence
from live_states import rep

FOUND_BY_ACTIVITY = Flaw("fair", "found by muscle activity alone", "no motion was recorded")
LEFT, NOTHING = SideMeasure(activation_uv=74.0), SideMeasure(flaws=(NO_POD,))
ONE_SIDED = [replace(rep(n, None, None), left=LEFT, right=NOTHING) for n in range(1, 13)]


def printed(reps, width: int) -> str:
    out = Console(width=width, markup=False, highlight=False)
    with out.capture() as captured:
        print_reps(out, reps)
    return captured.get()


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize("one_leg", [False, True])
def test_no_word_of_the_repetitions_is_cut(width, one_leg):
    reps = [
        replace(
            rep(n, -118.0, -123.0),
            start_s=1234.5,
            one_leg=one_leg,
            edits=("moved", "working side set", "excluded"),
            flaws=(Flaw("unusable", "an electrode was off the skin"),),
        )
        for n in (9, 10, 11, 123)
    ]
    for shown in (reps, [replace(one, edits=()) for one in reps]):
        said = printed(shown, width)
        assert "…" not in said
        assert all(len(line) <= width for line in said.splitlines())
        for word in ("Left", "Right", "(µV)", "Quality", "unusable", "123"):
            assert word in said
        assert ("-118" in said) is not one_leg
        assert ("not clear" in said) is one_leg
    assert "1234.5" in said
    assert ("1234.5" in printed(reps, width)) is (width == 80)
    assert "excluded" in printed(reps, width)


def test_zero_has_no_minus():
    said = printed([rep(1, -0.2, -0.4)], 80)
    assert "+0" in said
    assert "-0" not in said


def test_equal_flaws_are_told_once():
    reps = [replace(rep(n), flaws=(FOUND_BY_ACTIVITY,)) for n in range(1, 13)]
    words = "fair: found by muscle activity alone (no motion was recorded)"
    assert quality_sentences(reps) == [f"Repetitions 1 to 12 are {words}"]
    assert quality_sentences(reps[:2]) == [f"Repetitions 1 and 2 are {words}"]
    assert quality_sentences(reps[4:5]) == [f"Repetition 5 is {words}"]
    assert quality_sentences([rep(1)]) == []
    mixed = [*reps[:3], rep(4, None), *reps[5:6], *reps[7:9]]
    assert quality_sentences(mixed) == [
        f"Repetitions 1 to 3, 6, 8 and 9 are {words}",
        "Repetition 4 is unusable: left: an electrode was off the skin (for 300 ms)",
    ]


def test_one_side_alone_is_told_as_such():
    found = summarize(ONE_SIDED)
    assert verdict_sentence(found) == "No verdict: only the left side was recorded"
    assert lag_sentence(found) == "Timing withheld: only the left side was recorded"
    assert found.activation_uv["left"].value == pytest.approx(74.0)
    on_one_leg = summarize([replace(one, one_leg=True) for one in ONE_SIDED])
    assert on_one_leg.reason == "only the left side was recorded"
    assert "usable repetitions" in summarize([]).reason


def test_a_bar_leaves_nothing_in_a_pipe(capsys):
    with progress_bar() as progress:
        progress.update(progress.add_task("Measuring", total=2), completed=1)
    assert capsys.readouterr() == ("", "")


def test_prose_is_broken_between_words_on_a_terminal_and_nowhere_in_a_pipe():
    words = "No window: " + "neither DISPLAY nor WAYLAND_DISPLAY is set. " * 4
    for terminal in (True, False):
        out = Console(width=40, force_terminal=terminal, color_system=None, markup=False)
        with out.capture() as captured:
            say(out, words.strip())
        lines = captured.get().splitlines()
        assert (len(lines) > 1) is terminal
        assert [word for line in lines for word in line.split()] == words.split()
        assert all(len(line) <= 40 for line in lines) is terminal


def test_a_session_without_pods_says_so_and_nothing_else(capsys):
    recording = Recording({}, 0.0, "bridge")
    meta = SessionMeta("bridge", datetime.now(UTC), 0, "none", {}, ended=True)
    session = AnalyzedSession(
        Path("a.glutesym"), meta, (), recording, measure_set(recording), Settings(), None
    )
    print_result(Console(width=80), session)
    assert capsys.readouterr().out.split("\n") == [
        "",
        "No pod took part in this session: nothing was measured.",
        "",
    ]
