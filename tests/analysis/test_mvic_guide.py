"""The guide goes by its timetable, repeats what is refused, and says what to do at any time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym.analysis.calibration import POSITIONS, best_mvic
from glutesym.analysis.mvic_guide import (
    TRIAL_END,
    TRIAL_START,
    MvicGuide,
    measure_squeeze,
    slot_of_text,
    slot_text,
)
from glutesym.analysis.mvic_timetable import MOST_REPEATS, GuideSettings, contracting, timetable
from glutesym.measures import SIDES
from glutesym.recording import EmgRecord, ImuRecord, PodRecord, Recording
from glutesym.virtual.scenarios.catalog import build_scenario
from muscle_model import FS_HZ
from scenario_recording import record

PRONE, SQUEEZE = POSITIONS
SHORT = GuideSettings(positions=(SQUEEZE,), trials=2, rest_s=5.0, change_s=5.0)
START_S = 2.0


def test_legs_take_turns_when_prone_and_squeeze_together_when_standing():
    slots = timetable(GuideSettings())
    assert len(slots) == 9
    assert [slot.sides for slot in slots[:4]] == [("left",), ("right",), ("left",), ("right",)]
    assert all(slot.sides == contracting(slot) == SIDES for slot in slots[6:])
    assert [slot.trial for slot in slots] == [1, 1, 2, 2, 3, 3, 1, 2, 3]
    for before, slot in pairwise(slots):
        assert slot.start_s == before.end_s
        assert slot.watch_s[0] >= before.watch_s[1]
        assert slot.squeeze_s - slot.start_s >= 30


@given(
    st.integers(1, 3),
    st.dictionaries(st.integers(0, 12), st.sets(st.sampled_from(SIDES), min_size=1)),
    st.data(),
)
def test_what_is_refused_changes_only_what_follows_and_ends_some_time(trials, refused, data):
    settings = GuideSettings(trials=trials)
    slots = timetable(settings, refused)
    assert len(timetable(settings)) <= len(slots) <= 3 * trials * (MOST_REPEATS + 1)
    at = data.draw(st.integers(0, len(slots) - 1))
    other = {index: sides for index, sides in refused.items() if index < at}
    assert timetable(settings, other)[: at + 1] == slots[: at + 1]
    assert max(slot.repeat for slot in slots) <= MOST_REPEATS
    for before, slot in pairwise(slots):
        if slot.repeat:
            assert set(slot.sides) <= set(before.sides)
            assert contracting(slot) == (SIDES if slot.position == SQUEEZE else slot.sides)


def test_an_event_tells_its_squeeze():
    for slot in timetable(GuideSettings(), {0: ("left",), 8: ("right",)}):
        again = slot_of_text(slot_text(slot), 3.0, 9.0)
        assert (again.position, again.sides) == (slot.position, slot.sides)
        assert (again.trial, again.repeat) == (slot.trial, slot.repeat)
    for text in ("", "lying | left | trial 1 | repeat 0", f"{PRONE} | both | trial 1 | repeat 0"):
        with pytest.raises(ValueError, match=r"."):
            slot_of_text(text, 0.0, 1.0)


@pytest.mark.parametrize("wrong", [{"trials": 0}, {"rest_s": 1.0}, {"hold_s": 2.0}])
def test_settings_that_nobody_can_follow_are_refused(wrong):
    with pytest.raises(ValueError, match=r"trial|last"):
        GuideSettings(**wrong)


def followed(level_uv, settings=SHORT, until_s=80.0):
    """Return a guide that was followed, its notes and prompts: level_uv(side, slot, time)."""
    guide = MvicGuide(settings)
    slots = timetable(settings, {1: ("left",)})
    time_s = np.arange(round(until_s * FS_HZ)) / FS_HZ
    flags = np.zeros(len(time_s), bool)
    emg = {}
    for seed, side in enumerate(SIDES):
        rng = np.random.default_rng(seed)
        size = np.full(len(time_s), 3.0)
        for number, slot in enumerate(slots):
            inside = (time_s > START_S + slot.squeeze_s + 0.3) & (
                time_s < START_S + slot.release_s
            )
            size[inside] = level_uv(side, number)
        emg[side] = size * rng.standard_normal(len(time_s))
    prompts, notes = [], []
    guide.begin(START_S)
    for now_s in np.arange(1.0, until_s, 0.25):
        n = round(now_s * FS_HZ)
        pods = {
            side: PodRecord(
                side,
                EmgRecord(FS_HZ, time_s[:n], uv[:n], np.arange(n), flags[:n], flags[:n]),
                ImuRecord(200.0, np.empty(0), np.empty((0, 3)), np.empty((0, 3))),
            )
            for side, uv in emg.items()
        }
        notes += guide.follow(now_s, Recording(pods, now_s))
        prompts.append(guide.prompt(now_s))
        if guide.done:
            break
    return guide, notes, prompts


def test_a_person_is_guided_and_only_the_side_that_failed_is_measured_again():
    guide, notes, prompts = followed(lambda side, n: 3.5 if (side, n) == ("left", 1) else 200.0)
    assert guide.done
    assert [one.slot.sides for one in guide.measured] == [SIDES, SIDES, ("left",)]
    reasons = [[trial.reason for trial in one.trials] for one in guide.measured]
    assert "no contraction" in reasons[1][0]
    assert [reasons[0], reasons[1][1], reasons[2]] == [["", ""], "", [""]]
    assert [kind for _, kind, _ in notes] == [TRIAL_START, TRIAL_END] * 3
    first = timetable(SHORT)[0]
    assert (notes[0][0], notes[1][0]) == tuple(START_S + t for t in first.watch_s)
    words = [prompt.word for prompt in prompts]
    assert list(dict.fromkeys(words)) == [
        "relax", "get ready", "squeeze", "hold", "let go", "finished"
    ]  # fmt: skip
    holding = [prompt for prompt in prompts if prompt.word == "hold"]
    assert holding[0].levels["left"].level_uv > 100
    assert holding[0].left_s > holding[1].left_s


def test_who_never_squeezes_is_asked_three_times_and_not_for_ever():
    guide, _, _ = followed(lambda side, n: 3.0, until_s=200.0)
    assert guide.done
    assert len(guide.measured) == 2 * (MOST_REPEATS + 1)


def test_without_a_beginning_there_is_nothing_to_tell():
    guide = MvicGuide(SHORT)
    assert guide.prompt(1.0) is None
    assert guide.follow(1.0, Recording({}, 1.0)) == []


@pytest.mark.parametrize("seed", range(2))
def test_the_maxima_of_a_virtual_person_are_found(seed):
    """Both positions; the second squeeze is too short, which only the right leg was to do."""
    scenario = build_scenario("mvic", seed=seed, trials=2, mvic_left_uv=150.0)
    guide = MvicGuide(GuideSettings(trials=2, rest_s=5.0, change_s=8.0))
    recording = record(scenario)
    guide.begin(0.0)
    for time_s in np.arange(0.5, scenario.duration_s, 0.5):
        guide.follow(time_s, recording)
    assert guide.done
    assert [one.slot.sides for one in guide.measured] == [
        ("left",), ("right",), ("right",), ("left",), ("right",), SIDES, SIDES
    ]  # fmt: skip
    trials = [trial for one in guide.measured for trial in one.trials]
    assert [index for index, trial in enumerate(trials) if trial.reason] == [1]
    found = best_mvic(trials)
    for side, true_uv in scenario.truth.mvic_uv.items():
        assert found[side].mvic_uv == pytest.approx(true_uv, rel=0.04)
        assert found[side].source == SQUEEZE


def test_what_has_not_arrived_is_not_taken_for_weakness():
    recording = record(build_scenario("mvic", trials=2, positions=(SQUEEZE,)))
    slot = timetable(GuideSettings((SQUEEZE,), 2, 5.0, 8.0))[0]
    one = replace(recording, pods={"right": recording.pods["right"]})
    left, right = measure_squeeze(slot, one, *slot.watch_s)
    assert left.reason == "there is no left pod"
    assert right.mvic_uv is not None
    emg = recording.pods["left"].emg
    n = int(np.searchsorted(emg.time_s, slot.squeeze_s + 3))
    short = EmgRecord(emg.fs_hz, emg.time_s[:n], emg.uv[:n], emg.index[:n], emg.lead_off[:n],
                      emg.clipped[:n])  # fmt: skip
    late = {**recording.pods, "left": replace(recording.pods["left"], emg=short)}
    left, right = measure_squeeze(slot, replace(recording, pods=late), *slot.watch_s)
    assert "not arrived" in left.reason
    assert right.mvic_uv is not None


class Wishes:
    """A guide over a virtual person who goes along when the timetable is moved."""

    def __init__(self, trials=3):
        self.settings = GuideSettings((SQUEEZE,), trials, 5.0, 5.0)
        self.scenario = build_scenario(
            "mvic", trials=trials, positions=(SQUEEZE,), rest_s=5.0, change_s=5.0, too_short=()
        )
        self.recording = record(self.scenario)
        self.later_s = 0.0
        self.guide = MvicGuide(self.settings, self.shift)
        self.guide.begin(0.0)
        self.notes = []

    def shift(self, seconds):
        self.later_s += seconds

    def follow(self, from_s, to_s):
        for time_s in np.arange(from_s, to_s, 0.25):
            pods = {
                side: replace(pod, emg=replace(pod.emg, time_s=pod.emg.time_s + self.later_s))
                for side, pod in self.recording.pods.items()
            }
            self.notes += self.guide.follow(time_s, replace(self.recording, pods=pods))


def test_what_is_skipped_is_not_asked_for_again_and_the_next_one_comes_at_once():
    wishes = Wishes()
    wishes.follow(0.5, 2.0)
    wishes.guide.wish("skip")
    wishes.follow(2.0, 2.25)
    first, second, _ = timetable(wishes.settings)
    assert wishes.later_s == 2.0 - first.end_s
    prompt = wishes.guide.prompt(2.0)
    assert (prompt.word, prompt.slot, prompt.left_s) == ("relax", second, 5.0)
    wishes.follow(2.25, 40.0)
    assert wishes.guide.done
    assert [len(one.trials) for one in wishes.guide.measured] == [0, 2, 2]
    assert all(t.mvic_uv for one in wishes.guide.measured for t in one.trials)


def test_the_last_squeeze_is_done_again_while_the_next_one_has_not_begun():
    wishes = Wishes(trials=2)
    first = timetable(wishes.settings)[0]
    wishes.follow(0.5, first.end_s + 2.0)
    before = wishes.guide.measured[0]
    wishes.guide.wish("again")
    wishes.follow(first.end_s + 2.0, first.end_s + 2.5)
    assert wishes.guide.measured == []
    assert wishes.later_s == first.end_s + 2.0
    wishes.follow(first.end_s + 2.5, 60.0)
    assert wishes.guide.done
    assert [one.slot.trial for one in wishes.guide.measured] == [1, 2]
    assert wishes.guide.measured[0].slot == before.slot
    texts = [text for _, kind, text in wishes.notes if kind == TRIAL_END]
    assert texts[0] == texts[1]  # whoever reads the file takes the later one


def test_a_squeeze_under_way_is_begun_anew():
    wishes = Wishes(trials=2)
    first = timetable(wishes.settings)[0]
    wishes.follow(0.5, first.squeeze_s + 1.0)
    wishes.guide.wish("again")
    wishes.follow(first.squeeze_s + 1.0, first.squeeze_s + 1.25)
    assert wishes.guide.prompt(first.squeeze_s + 1.0).slot == first
    assert wishes.guide.prompt(first.squeeze_s + 1.0).word == "relax"


def test_it_can_be_ended_early_and_keeps_what_it_has():
    wishes = Wishes()
    first = timetable(wishes.settings)[0]
    wishes.follow(0.5, first.end_s + 1.0)
    wishes.guide.wish("end")
    wishes.follow(first.end_s + 1.0, first.end_s + 1.25)
    assert wishes.guide.done
    assert len(wishes.guide.measured) == 1
    assert wishes.guide.prompt(20.0).word == "finished"
    assert wishes.notes[-1][1] == "mvic ended early"
