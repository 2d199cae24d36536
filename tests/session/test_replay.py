"""A replay goes through the same code as live pods, and gives the same to the last bit."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import sqlite3
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest

from glutesym import wire
from glutesym.errors import SessionError
from glutesym.measures import SIDES
from glutesym.session.analyze import analyze_session
from glutesym.session.replay import REPLAY_EVENT, ReplaySurroundings, replay_session
from glutesym.session.run import RunningSession
from glutesym.session.store import GIVEN_UP
from glutesym.session.tape import load_tape
from glutesym.session.writer import SessionWriter
from glutesym.virtual.scenarios.catalog import build_scenario
from virtual_session import Trial

_MOST_REAL_S = 120
_TABLES = {
    "pods": "SELECT side, address, info FROM pods ORDER BY id",
    "frames": "SELECT pod_id, t_host_ns, frame FROM frames ORDER BY pod_id, id",
    "probes": "SELECT pod_id, probe_id, t_host_ns FROM probes ORDER BY pod_id, id",
    "events": f"SELECT t_host_ns, kind, text, pod_id FROM events"
    f" WHERE kind != '{REPLAY_EVENT}' ORDER BY id",
}


class Original(Trial):
    """A session whose left pod is out of reach for seven seconds."""

    def __init__(self, folder):
        scenario = build_scenario("bridge", seed=4, reps=3)
        super().__init__(folder, scenario, 4, during=Original.outage)
        self.states = []

    async def outage(self):
        await asyncio.sleep(6)
        self.session.marker("felt uneven")
        self.simulation.pods["left"].radio.set_outage(7)

    async def compute(self, work):
        self.states.append(work())


class Watched(ReplaySurroundings):
    """A replay that keeps every snapshot of the live view."""

    def __init__(self, tape, speed, at=None):
        super().__init__(tape, speed)
        self.states = []
        self.session = None
        self._at = at or {}  # session time → what to do then

    async def compute(self, work):
        self.states.append(work())
        for time_s in [t for t in self._at if self.states[-1].time_s >= t]:
            self._at.pop(time_s)(self.session)


def play(path, speed=None, copy=None, at=None):
    """Replay a session to its end; returns the surroundings and the session."""
    tape = load_tape(path)
    surroundings = Watched(tape, speed, at)
    sides = [pod.side for pod in tape.pods]
    session = RunningSession(surroundings, copy, tape.meta.exercise, sides)
    surroundings.session = session
    session.start()
    assert session.join(_MOST_REAL_S)
    return surroundings, session


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    trial = Original(tmp_path_factory.mktemp("original"))
    trial.record()
    return trial


@pytest.fixture(scope="module")
def copies(original, tmp_path_factory):
    """Replays of the original as fast as possible and paced: speed → states and file."""
    folder = tmp_path_factory.mktemp("copies")
    made = {}
    for name, speed in (("fast", None), ("paced", 50.0)):
        surroundings, _ = play(original.session.path, speed, folder / f"{name}.glutesym")
        made[name] = surroundings.states, folder / f"{name}.glutesym"
    return made


def rows(path, table):
    database = sqlite3.connect(path)
    try:
        return database.execute(_TABLES[table]).fetchall()
    finally:
        database.close()


def alter(path, to, *statements):
    """Copy a session and change what is in it."""
    shutil.copy(path, to)
    database = sqlite3.connect(to)
    with database:
        for statement, *arguments in statements:
            database.execute(statement, arguments)
        database.execute("UPDATE frames SET checksum = NULL")  # they are as they are
    database.close()
    return to


def killed(path, to, after_s):
    """Leave of a session what there is if its recorder is killed after so many seconds."""
    end_ns = load_tape(path).meta.started_host_ns + round(after_s * 1e9)
    cuts = [(f"DELETE FROM {table} WHERE t_host_ns > ?", end_ns) for table in list(_TABLES)[1:]]
    return alter(path, to, *cuts, ("UPDATE meta SET value = '0' WHERE key = 'ended'",))


def differences(a, b, place=""):
    """Return where two results are not the same to the last bit."""
    if type(a) is not type(b):
        return [f"{place}: {type(a)}, {type(b)}"]
    if isinstance(a, np.ndarray):
        same = a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        return [] if same else [place]
    if dataclasses.is_dataclass(a):
        a = {field.name: getattr(a, field.name) for field in dataclasses.fields(a)}
        b = {name: getattr(b, name) for name in a}
    elif isinstance(a, list | tuple):
        a, b = dict(enumerate(a)), dict(enumerate(b))
    if isinstance(a, dict):
        found = [] if list(a) == list(b) else [f"{place}: {list(a)}, {list(b)}"]
        return found + [d for k in a if k in b for d in differences(a[k], b[k], f"{place}.{k}")]
    if isinstance(a, float) and np.isnan(a) and np.isnan(b):
        return []
    return [] if a == b else [f"{place}: {a!r}, {b!r}"]


def assert_same_analysis(path, copy):
    one, other = analyze_session(path), analyze_session(copy)
    assert differences(one.recording, other.recording) == []
    assert differences(one.measures, other.measures) == []
    first, *rest = other.events
    assert (first.kind, first.text, first.time_s) == (REPLAY_EVENT, f"of {path.name}", 0.0)
    assert differences(one.events, tuple(rest)) == []
    for name in ("exercise", "started_utc", "started_host_ns", "host_clock"):
        assert getattr(one.meta, name) == getattr(other.meta, name)


def test_differences_are_seen():
    assert differences(np.array([1.0, np.nan]), np.array([1.0, np.nan])) == []
    assert differences({"a": (1.0, 2)}, {"a": (1.0 + 2e-16, 2)}) == [
        ".a.0: 1.0, 1.0000000000000002"
    ]
    assert differences([1], [1, 2]) != []


@pytest.mark.parametrize("name", ["fast", "paced"])
def test_a_recorded_replay_holds_what_the_session_held(original, copies, name):
    for table in _TABLES:
        assert rows(copies[name][1], table) == rows(original.session.path, table)


@pytest.mark.parametrize("name", ["fast", "paced"])
def test_a_recorded_replay_is_measured_to_the_last_bit_as_the_session(original, copies, name):
    assert len(analyze_session(original.session.path).measures.reps) == 3
    assert_same_analysis(original.session.path, copies[name][1])


def test_the_live_view_of_a_replay_is_the_same_at_any_speed(copies):
    fast, paced = (
        [dataclasses.replace(state, session_path="") for state in copies[name][0]]
        for name in ("fast", "paced")
    )
    assert len(fast) > 400
    assert differences(fast, paced) == []


def test_the_live_view_of_a_replay_measures_what_it_measured_live(original, copies):
    states, _ = copies["fast"]
    assert len(states[-1].reps) == 3
    assert differences(original.states[-1].reps, states[-1].reps) == []
    assert differences(original.states[-1].summary, states[-1].summary) == []


def test_an_outage_is_seen_again_when_it_was(original, copies):
    def told(states):
        """Return when the phase or a connection changed, and to what."""
        says = [
            (state.phase, *(state.sides[side].connected for side in SIDES))
            for state in states
            if state.phase not in ("scanning", "connecting")
        ]
        return [
            (round(state.time_s, 2), now)
            for state, (before, now) in zip(states[1 - len(says) :], pairwise(says), strict=True)
            if now != before
        ]

    changes = told(copies["fast"][0])
    assert changes == told(original.states)
    assert ("reconnecting", False, True) in [now for _, now in changes]


def test_a_replay_that_is_only_shown_leaves_no_trace(original, copies):
    path = original.session.path
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    surroundings, session = play(path)
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before
    shown = session.poll()
    assert (shown.replay_of, shown.session_path, shown.phase) == (path.name, "", "ended")
    assert differences(surroundings.states[-1].reps, copies["fast"][0][-1].reps) == []


def test_a_recording_that_was_killed_ends_where_it_ends(original, tmp_path):
    """Nobody waits for pods that will not come back."""
    cut = killed(original.session.path, tmp_path / "cut.glutesym", 16.0)
    copy = tmp_path / "copy.glutesym"
    _, session = play(cut, copy=copy)
    assert session.poll().time_s == pytest.approx(load_tape(cut).duration_s, abs=1e-3)
    assert session.poll().time_s == pytest.approx(16.0, abs=0.2)
    assert_same_analysis(cut, copy)


def test_a_recording_that_was_killed_in_an_outage_ends_where_it_ends(original, tmp_path):
    lost_s, _ = away(original.session.path)
    cut = killed(original.session.path, tmp_path / "cut.glutesym", lost_s + 0.5)
    copy = tmp_path / "copy.glutesym"
    _, session = play(cut, copy=copy)
    assert session.poll().time_s == pytest.approx(load_tape(cut).duration_s, abs=1e-3)
    assert_same_analysis(cut, copy)


def away(path):
    """Return when the left pod was lost, and when it was back; session time."""
    tape = load_tape(path)
    first, second = tape.pods[0].connections
    zero_ns = tape.meta.started_host_ns
    return (first.end_ns - zero_ns) / 1e9, (second.start_ns - zero_ns) / 1e9


def test_a_pod_that_was_given_up_is_given_up_again(original, tmp_path):
    """Its event was noted at last and says when the session was to end."""
    path = original.session.path
    end_ns = load_tape(path).meta.started_host_ns + 15_000_000_000
    cut = killed(path, tmp_path / "killed.glutesym", 15.0)
    note = "INSERT INTO events (t_host_ns, kind, text, pod_id) VALUES (?, ?, ?, ?)"
    given_up = alter(
        cut,
        tmp_path / "given_up.glutesym",
        ("DELETE FROM frames WHERE pod_id = 1 AND t_host_ns > ?", end_ns - 5_000_000_000),
        (note, end_ns - 3_000_000_000, "disconnected", "the link broke", 1),
        (note, end_ns, "disconnected", "", 2),
        (note, end_ns - 1_000_000_000, GIVEN_UP, "out of reach at the end", 1),
    )
    copy = tmp_path / "copy.glutesym"
    play(given_up, copy=copy)
    assert_same_analysis(given_up, copy)
    assert "not fetched" in analyze_session(copy).recording.pods["left"].gaps[-1].reason


def test_garbage_is_replayed_too(original, tmp_path):
    path = original.session.path
    frames = rows(path, "frames")
    pod_id, t_ns, frame = frames[200]
    flipped = bytes([frame[0] ^ 0xFF]) + frame[1:]
    insert = "INSERT INTO frames (id, pod_id, t_host_ns, frame) VALUES (?, ?, ?, ?)"
    noisy = alter(
        killed(path, tmp_path / "killed.glutesym", 12.0),
        tmp_path / "noisy.glutesym",
        *((insert, -n, pod_id, t_ns - n, data) for n, data in enumerate((b"", b"x", flipped), 1)),
        ("UPDATE frames SET t_host_ns = t_host_ns - 3000000 WHERE id % 50 = 0",),  # out of order
        ("UPDATE events SET t_host_ns = t_host_ns + 31007 WHERE pod_id = 2",),  # one by one
    )
    copy = tmp_path / "copy.glutesym"
    _, session = play(noisy, copy=copy)
    for table in _TABLES:
        assert rows(copy, table) == rows(noisy, table)
    assert session.counts["left"].bad == 3
    assert_same_analysis(noisy, copy)


def test_a_link_lasts_as_long_as_it_did_however_silent_it_was(original, tmp_path):
    path = killed(original.session.path, tmp_path / "killed.glutesym", 5.0)
    end_ns = load_tape(path).end_ns
    later = "UPDATE {} SET t_host_ns = t_host_ns + 20000000000 WHERE t_host_ns > ?"
    silent = alter(
        path,
        tmp_path / "silent.glutesym",
        *((later.format(table), end_ns - 500_000_000) for table in ("frames", "probes")),
    )
    copy = tmp_path / "copy.glutesym"
    _, session = play(silent, copy=copy)
    assert session.poll().time_s > 24
    assert [counts.connects for counts in session.counts.values()] == [1, 1]
    for table in _TABLES:
        assert rows(copy, table) == rows(silent, table)


@pytest.mark.parametrize("when", ["looking for pods", "recording", "outage"])
def test_a_replay_that_is_stopped_ends_at_once(original, tmp_path, when):
    path, copy = original.session.path, tmp_path / "copy.glutesym"
    lost_s, back_s = away(path)
    stop_s = {"looking for pods": 0.2, "recording": lost_s - 1, "outage": (lost_s + back_s) / 2}
    _, session = play(path, None, copy, {stop_s[when]: RunningSession.stop})
    assert session.poll().phase == "ended"
    assert session.poll().time_s == pytest.approx(stop_s[when], abs=0.1)
    if when == "looking for pods":
        assert not copy.exists()
        return
    stopped_ns = load_tape(path).meta.started_host_ns + round(session.poll().time_s * 1e9)
    assert rows(copy, "frames") == [row for row in rows(path, "frames") if row[1] <= stopped_ns]
    analyze_session(copy)


def test_a_marker_set_in_a_recorded_replay_is_kept_beside_those_of_the_recording(
    original, tmp_path
):
    path = killed(original.session.path, tmp_path / "cut.glutesym", 13.0)
    copy = tmp_path / "copy.glutesym"
    play(path, None, copy, {9.0: lambda session: session.marker("seen in the replay")})
    markers = [e for e in analyze_session(copy).events if e.kind == "marker"]
    assert {e.text for e in markers} == {"felt uneven", "seen in the replay"}
    (new,) = (e for e in markers if e.text == "seen in the replay")
    assert new.time_s == pytest.approx(9.0, abs=0.1)


def new_session(path):
    return SessionWriter(
        path,
        exercise="rest",
        started_utc=datetime.now(UTC),
        started_host_ns=10**9,
        host_clock="none",
    )


def test_a_session_that_is_being_recorded_is_replayed_as_far_as_it_goes(tmp_path):
    path = tmp_path / "now.glutesym"
    with new_session(path) as writer:
        pod = writer.add_pod("left", "a", {})
        for number in range(5):
            writer.add_frame(pod, 10**9 * (2 + number), bytes(wire.FRAME_BYTES))
        writer.flush()
        _, session = play(path)
        assert session.counts["left"].bad == 5  # not one good frame: it ends all the same
        assert session.poll().time_s == pytest.approx(5.0, abs=1e-3)


def test_without_frames_there_is_nothing_to_replay(tmp_path):
    with new_session(tmp_path / "empty.glutesym") as writer:
        writer.add_pod("left", "a", {})
    with pytest.raises(SessionError, match="no pod sent anything"):
        load_tape(tmp_path / "empty.glutesym")


def test_two_pods_of_one_side_are_refused(tmp_path):
    with new_session(tmp_path / "two.glutesym") as writer:
        for address in "ab":
            writer.add_frame(writer.add_pod("left", address, {}), 1, b"")
    with pytest.raises(SessionError, match="two pods"):
        load_tape(tmp_path / "two.glutesym")


def test_a_copy_never_overwrites_a_file(original, tmp_path):
    (tmp_path / "there.glutesym").write_text("mine")
    session = replay_session(load_tape(original.session.path), None, tmp_path / "there.glutesym")
    session.start()
    with pytest.raises(SessionError, match="exists already"):
        session.join(_MOST_REAL_S)
    assert (tmp_path / "there.glutesym").read_text() == "mine"
