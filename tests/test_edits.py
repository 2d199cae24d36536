"""Edits are taken back without a trace and find their repetitions again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym.analysis.reps import Movement
from glutesym.edits import (
    Add,
    Edit,
    Exclude,
    Include,
    Move,
    Note,
    Redo,
    Rename,
    SetWorking,
    Span,
    Undo,
    check,
    describe,
    in_force,
    review,
    reviewed_exercise,
    span_of,
)
from glutesym.errors import EditError
from glutesym.measures import SIDES
from glutesym.pipeline import measure_set
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record

MADE = datetime(2026, 5, 5, 9, 0, tzinfo=UTC)
FOUND = [Movement(2.0 + 4 * i, 4.5 + 4 * i, {}, 0.0, i == 2) for i in range(5)]
RECORDING = record(build_scenario("bridge", seed=5, reps=8))
MEASURED = measure_set(RECORDING)

SPANS = st.tuples(st.floats(0, 25), st.floats(0.3, 5)).map(lambda s: Span(s[0], s[0] + s[1]))
TEXTS = st.text(min_size=1, max_size=20)
STEPS = st.one_of(
    st.builds(Exclude, SPANS, TEXTS),
    st.builds(Include, SPANS),
    st.builds(Add, SPANS),
    st.builds(Move, SPANS, SPANS),
    st.builds(SetWorking, SPANS, st.sampled_from(SIDES)),
    st.builds(Rename, TEXTS),
    st.builds(Note, TEXTS),
)


def edits(*steps):
    return [Edit(MADE, "R2", step) for step in steps]


def span(movement):
    return Span(movement.start_s, movement.end_s)


ORIGINAL = review(FOUND, [])


@given(st.lists(STEPS, max_size=12))
def test_undoing_all_edits_gives_the_original(steps):
    log = edits(*steps, *[Undo()] * len(steps))
    assert review(FOUND, log) == ORIGINAL
    assert reviewed_exercise("squat", log) == "squat"
    assert in_force(log) == []
    again = [*log, *edits(*[Redo()] * len(steps))]
    assert review(FOUND, again) == review(FOUND, edits(*steps))
    assert in_force(again) == edits(*steps)


@given(st.lists(STEPS, max_size=12), STEPS)
def test_undo_takes_back_the_newest_edit_only(steps, last):
    assert review(FOUND, edits(*steps, last, Undo())) == review(FOUND, edits(*steps))
    assert in_force(edits(*steps, Undo(), last, Redo())) == edits(*steps[:-1], last)


@given(st.lists(STEPS, max_size=12))
def test_repetitions_stay_in_order_without_overlap(steps):
    reps = review(FOUND, edits(*steps))
    placed = [rep for rep in reps if not {"added", "moved"} & set(rep.edits)]
    for before, after in pairwise(placed):
        assert before.movement.end_s <= after.movement.start_s
    starts = [rep.movement.start_s for rep in reps]
    assert starts == sorted(starts)
    assert all(rep.movement.start_s < rep.movement.end_s for rep in reps)


@given(
    st.lists(st.sampled_from(range(5)), unique=True),
    st.lists(st.tuples(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6)), min_size=5, max_size=5),
    st.booleans(),
)
def test_edits_find_their_repetitions_when_these_are_found_anew(excluded, shifts, one_more):
    log = edits(*(Exclude(span(FOUND[i]), "slipped") for i in excluded))
    log += edits(Move(span(FOUND[4]), Span(18.2, 20.2)), SetWorking(Span(18.2, 20.2), "left"))
    anew = [
        Movement(old.start_s + before, old.end_s + after)
        for old, (before, after) in zip(FOUND, shifts, strict=True)
    ]
    if one_more:  # all numbers change
        anew.insert(0, Movement(0.2, 1.2))
    reps = review(anew, log)[one_more:]
    assert [i for i, rep in enumerate(reps) if rep.excluded] == sorted(excluded)
    assert span(reps[4].movement) == Span(18.2, 20.2)
    assert reps[4].working == "left"


def test_what_was_added_and_is_found_later_is_one_repetition_where_the_reviewer_placed_it():
    added = Span(22.4, 24.4)
    log = edits(Add(added), Exclude(added, "a twitch"))
    for found in (FOUND, [*FOUND, Movement(22.1, 24.6)]):
        reps = review(found, log)
        assert len(reps) == 6
        assert span(reps[5].movement) == added
        assert reps[5].edits == ("added", "excluded")
    beside = review([*FOUND, Movement(24.0, 27.0)], log)
    assert [span(rep.movement) for rep in beside[5:]] == [added, Span(24.4, 27.0)]


def test_a_moved_repetition_has_the_bounds_that_were_unknown():
    (_, _, rep, *_) = review(FOUND, edits(Move(span(FOUND[2]), Span(10.1, 12.2))))
    assert not rep.movement.cut_off
    assert review(FOUND, edits(Exclude(span(FOUND[2]), "x")))[2].movement.cut_off


def test_an_edit_of_what_is_not_there_does_nothing():
    nowhere = Span(4.6, 5.9)
    steps = Exclude(nowhere, "x"), Include(nowhere), Move(nowhere, Span(30, 32))
    assert review(FOUND, edits(*steps, SetWorking(nowhere, "left"))) == ORIGINAL


def test_an_excluded_repetition_counts_for_nothing_and_says_why():
    third = MEASURED.reps[2]
    log = edits(Exclude(span_of(third), "slipped"))
    measures = measure_set(RECORDING, edits=log)
    rep, summary = measures.reps[2], measures.summary
    assert rep.excluded
    assert rep.edits == ("excluded",)
    assert rep.reason.startswith("the reviewer's decision: slipped")
    assert (rep.left, rep.right) == (third.left, third.right)
    assert (summary.n_reps, summary.n_excluded) == (8, 1)
    assert summary.excluded == (("the reviewer's decision: slipped", 1),)
    assert summary.symmetry_index_pct != MEASURED.summary.symmetry_index_pct
    assert measures.fatigue["left"] != MEASURED.fatigue["left"]
    log += edits(Include(span_of(rep)))
    assert measure_set(RECORDING, edits=log) == MEASURED


def test_added_and_moved_repetitions_are_measured_like_those_that_were_found():
    lost = MEASURED.reps[3]
    still = replace(RECORDING, pods={})
    assert not measure_set(still).reps
    steps = [Add(span_of(rep)) for rep in MEASURED.reps]
    added = measure_set(RECORDING, edits=edits(*steps))
    for rep, found in zip(added.reps, MEASURED.reps, strict=True):
        assert rep == replace(found, edits=("added",))
    assert added.summary == MEASURED.summary
    moved = Span(lost.start_s + 0.3, lost.end_s - 0.3)
    measures = measure_set(RECORDING, edits=edits(Move(span_of(lost), moved)))
    assert span_of(measures.reps[3]) == moved
    assert measures.reps[3].edits == ("moved",)
    assert measures.reps[3].left.activation_uv == pytest.approx(lost.left.activation_uv, rel=0.1)


def test_the_working_side_is_what_the_reviewer_says():
    recording = record(build_scenario("single-leg-bridge", seed=5, reps=6))
    first = measure_set(recording).reps[0]
    other = "right" if first.working == "left" else "left"
    log = edits(SetWorking(span_of(first), other))
    assert measure_set(recording, edits=log).reps[0].working == other
    both = replace(recording, exercise="bridge")
    assert measure_set(both, edits=log).reps[0].working is None


def test_the_newest_name_and_all_notes_hold():
    log = edits(Rename("hip thrust"), Note("tired", 12.5), Rename("squat"), Note("left shoe"))
    assert reviewed_exercise("bridge", log) == "squat"
    held = [describe(edit.step) for edit in in_force(log)]
    assert held[1::2] == ["note at 12.50 s: tired", "note: left shoe"]


FIRST, SECOND = (span_of(rep) for rep in MEASURED.reps[:2])


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Exclude(FIRST, " "), "a reason why it does not count is missing"),
        (Exclude(FIRST, "x" * 501), "500 characters at most, this has 501"),
        (Exclude(FIRST, "a\x1b[2J"), "letters, digits, signs and spaces only"),
        (Exclude(Span(0, 0.5), "x"), r"no repetition at 0.00 to 0.50 s\. Add one there"),
        (Include(FIRST), "repetition 1 counts already"),
        (Add(FIRST), "overlaps with repetition 1"),
        (Add(Span(1.0, 1.1)), "too short for a repetition"),
        (Add(Span(2.0, 1.0)), "no part of the session: expected a start before an end"),
        (Add(Span(-1.0, 1.0)), "no part of the session"),
        (Add(Span(0.2, 1.4)), r"no part of the session: .* within 0.5 to \d+\.\d s"),
        (Add(Span(0.0, float("nan"))), "no part of the session"),
        (Move(FIRST, Span(1e6, 1e6 + 2)), "no part of the session"),
        (Move(FIRST, FIRST), "is there already"),
        (Move(FIRST, SECOND), "overlaps with repetition 2"),
        (SetWorking(FIRST, "left"), "both sides work in an exercise called bridge"),
        (Rename(""), "a name for the exercise is missing"),
        (Rename("bridge"), "called bridge already"),
        (Note(""), "a note is missing"),
        (Note("x", 1e6), "outside of the session"),
        (Undo(), "no edit to take back"),
        (Redo(), "no edit was taken back"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused_with_advice(step, message):
    with pytest.raises(EditError, match=message):
        check(step, MEASURED.reps, [], "bridge", (0.5, RECORDING.duration_s))


def test_what_its_data_exclude_a_reviewer_cannot_include():
    pod = RECORDING.pods["left"]
    emg = replace(pod.emg, lead_off=pod.emg.lead_off | (abs(pod.emg.time_s - FIRST.end_s) < 0.1))
    off = replace(RECORDING, pods={**RECORDING.pods, "left": replace(pod, emg=emg)})
    with pytest.raises(EditError, match=r"by its data: left: an electrode was off the skin"):
        check(Include(FIRST), measure_set(off).reps, [], "bridge", (0.0, off.duration_s))
