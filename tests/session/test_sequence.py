"""Which frames have arrived, compared with plain sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from glutesym.session.sequence import Sequence

STEPS = st.lists(
    st.tuples(st.sampled_from(["arrive", "arrive", "arrive", "give up"]), st.integers(0, 60)),
    max_size=120,
)


@given(STEPS, st.integers(0, 70), st.integers(1, 9))
def test_the_account_is_that_of_a_set(steps, start, most):
    sequence, here, gone = Sequence(), set(), set()
    for what, number in steps:
        seen = max(here, default=-1) + 1
        if what == "arrive":
            new = number not in here and number not in gone
            assert sequence.arrive(number) == new
            if new:
                here.add(number)
        else:
            lost = {n for n in range(min(number, seen)) if n not in here} - gone
            assert sequence.give_up_before(number) == len(lost)
            gone |= lost
        missing = sorted(set(range(max(here, default=-1) + 1)) - here - gone)
        assert sequence.missing == len(missing)
        assert sequence.complete == (missing[0] if missing else sequence.next)
        assert sequence.lost == len(gone)
    later = [n for n in missing if n >= start] if steps else []
    wanted = sequence.wanted(start, most)
    if not later:
        assert wanted is None
        assert not sequence.has_hole_in(start, start + most)
        return
    first, count = wanted
    assert first == later[0]
    assert 1 <= count <= most
    assert set(range(first, first + count)) <= set(later)
    assert count == most or first + count not in later
    assert sequence.has_hole_in(start, start + most) == (later[0] < start + most)


def test_nonsense_takes_bounded_room():
    sequence = Sequence()
    for number in range(0, 100_000, 2):
        sequence.arrive(number * 40_000 % (1 << 32))
        sequence.arrive(number)
    assert len(sequence._first) <= 4096
