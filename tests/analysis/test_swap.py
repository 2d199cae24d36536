import pytest

from glutesym.analysis.swap import swap_test
from glutesym.measures import Estimate


def index(value, half=5.0):
    return Estimate(value, value - half, value + half)


def test_what_moves_with_the_pods_is_theirs_and_what_stays_is_the_body():
    test = swap_test(index(20.0), index(-10.0))
    assert test.body_pct.value == pytest.approx(15)
    assert test.pods_pct.value == pytest.approx(5)
    assert test.body_pct.ci_high - test.body_pct.value == pytest.approx(5 / 2**0.5)
    assert test.sentence.startswith("The body is uneven: left lower by 15 % (±4); the pods")


def test_uneven_pods_are_told_from_an_even_body():
    assert swap_test(index(18.0), index(18.0)).sentence == (
        "The pods or their electrodes are uneven, not the body: left lower by 18 % (±4)"
    )
    assert "right lower" in swap_test(index(-18.0), index(18.0)).sentence
    assert swap_test(index(2.0), index(1.0)).sentence.startswith("Neither")


def test_a_set_without_an_index_gives_the_reason():
    test = swap_test(index(3.0), Estimate(None, reason="2 usable repetitions, 3 are needed"))
    assert test.body_pct.value is None
    assert "2 usable repetitions" in test.sentence
