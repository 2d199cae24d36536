"""Stretches of a condition, and those with but a small gap between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym.dsp.runs import joined, runs


@given(st.lists(st.booleans()))
def test_runs_are_where_the_condition_holds(condition: list[bool]) -> None:
    held = np.zeros(len(condition), bool)
    for start, stop in runs(np.array(condition, bool)):
        assert start < stop
        assert not held[max(0, start - 1) : stop].any()  # neither overlaps nor touches the last
        held[start:stop] = True
    assert held.tolist() == condition


@given(st.lists(st.booleans()), st.floats(0, 10))
def test_joined_is_runs_with_small_gaps_filled(condition: list[bool], gap: float) -> None:
    """Filled by hand: every pause between two stretches that is shorter than the gap."""
    filled = np.array(condition, bool)
    pauses = runs(~filled)
    for start, stop in pauses:
        if start > 0 and stop < len(filled) and stop - start < gap:
            filled[start:stop] = True
    assert joined(runs(np.array(condition, bool)), gap) == runs(filled)


@pytest.mark.parametrize(
    ("gap", "expected"),
    [(0, [(0, 2), (4, 5), (8, 9)]), (3, [(0, 5), (8, 9)]), (3.5, [(0, 9)])],
)
def test_a_gap_of_that_length_separates(gap: float, expected: list[tuple[int, int]]) -> None:
    assert joined([(0, 2), (4, 5), (8, 9)], gap) == expected


def test_nothing_is_joined_to_nothing() -> None:
    assert joined([], 5) == []
