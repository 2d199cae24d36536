"""A visit: choices that hold, one session after the other, and what is left when it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from glutesym.exercises import NAMES
from glutesym.keys import KeyRing, OwnedPod
from glutesym.session.choices import ChoiceError, Choices, checked_choices, checked_exercise
from glutesym.session.studio import RealStudio
from glutesym.session.visit import Visit
from glutesym.virtual.studio import VirtualStudio


def test_good_choices_are_taken(tmp_path):
    made = checked_choices(Choices(), " S07 ", " gluteus medius", f"{tmp_path}/new/sessions ")
    assert (made.subject, made.placement) == ("S07", "gluteus medius")
    assert made.folder == tmp_path / "new" / "sessions"


@pytest.mark.parametrize(
    ("field", "texts", "words"),
    [
        ("subject", ("Jane Doe", "gmax", "."), "a code only, such as S07"),
        ("subject", ("jane@example.org", "gmax", "."), "e-mail"),
        ("placement", ("", " - ", "."), "where the electrodes are"),
        ("folder", ("", "gmax", " "), "Name a folder"),
        ("folder", ("", "gmax", "a\0b"), "cannot be a folder"),
    ],
)
def test_a_mistake_names_its_field_and_what_to_do(field, texts, words):
    with pytest.raises(ChoiceError) as caught:
        checked_choices(Choices(), *texts)
    assert caught.value.field == field
    assert words in str(caught.value)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "notes").write_text("")
    with pytest.raises(ChoiceError, match="is a file"):
        checked_choices(Choices(), "", "gmax", str(tmp_path / "notes" / "deeper"))


@pytest.mark.skipif(
    sys.platform == "win32" or not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="the superuser may write anywhere",
)
def test_a_folder_that_is_locked_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ChoiceError, match="may not be written to"):
        checked_choices(Choices(), "", "gmax", str(tmp_path / "sessions"))


def test_an_exercise_has_a_name_and_virtual_people_know_some():
    studio = VirtualStudio()
    assert checked_exercise(studio, Choices(), " Hip  thrust ").exercise == "Hip thrust"
    with pytest.raises(ChoiceError, match="what you are going to do"):
        checked_exercise(studio, Choices(), "…")
    with pytest.raises(ChoiceError, match="Choose one of"):
        checked_exercise(studio, Choices(), "juggling")
    for name in NAMES:
        studio.check_exercise(name)
    assert checked_exercise(RealStudio(), Choices(), "juggling").exercise == "juggling"


def test_a_computer_without_pods_says_so_at_once(tmp_path, monkeypatch):
    path = tmp_path / "pods.json"
    monkeypatch.setenv("GLUTESYM_KEYS", str(path))
    visit = Visit(RealStudio())
    visit.look()
    assert "owns no left and no right pod" in str(visit.error)
    assert not visit.busy
    keys = KeyRing.load(path)
    for side, end in (("left", "2b"), ("right", "2c")):
        keys.add(OwnedPod(f"e6614c311b1a{end}3c", side, bytes(32)))
    keys.save()
    RealStudio().require_pods()
    assert {pod.tag: pod.side for pod in keys.swapped()} == {
        "1A2B3C": "right",
        "1A2C3C": "left",
    }


def test_a_calibration_of_the_other_sides_is_not_taken_for_one():
    visit = Visit(VirtualStudio())
    visit.note("calibration", "done: mvic_S07.json")
    visit.swap()
    assert visit.swapped
    assert dict(visit.notes)["calibration"].startswith("made before the sides were swapped")


def test_the_next_session_waits_for_the_one_before(tmp_path):
    visit = Visit(VirtualStudio(speed=None, reps=2), Choices(folder=tmp_path, exercise="bridge"))
    visit.look()
    assert visit.busy
    first = visit.poll()
    assert first.phase in ("waiting", "scanning")
    visit.train()
    assert visit.busy
    assert visit.path is None  # it has not begun: the pods are still another's
    assert visit._session.join(60)
    visit.poll()
    assert visit._session.join(60)
    visit.poll()
    assert not visit.busy
    assert visit.error is None
    assert visit.recorded
    visit.measure()
    assert visit.end(60)
    assert visit.unmeasured == []
    assert visit.measuring.result.analyzed.measures.summary.n_reps == 2


def test_nothing_is_left_of_a_visit_that_never_began():
    visit = Visit(VirtualStudio(), Choices(folder=Path("nowhere")))
    assert visit.end(1)
    assert (visit.unmeasured, visit.unkept) == ([], None)
