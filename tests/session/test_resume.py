"""A session that was interrupted goes on: the pods still hold what its recorder missed."""

from __future__ import annotations

import asyncio
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from glutesym import host_clock
from glutesym.cli import app
from glutesym.decode import emg_counts, split_frames, without_repeats
from glutesym.errors import GlutesymError, SessionError
from glutesym.keys import KeyRing, OwnedPod
from glutesym.session.acquire import Acquisition
from glutesym.session.analyze import analyze_session
from glutesym.session.resume import RESUMED, interrupted_lately, load_interrupted
from glutesym.session.store import open_session
from glutesym.session.tape import load_tape
from glutesym.session.writer import SessionWriter
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import PodHardware, Simulation
from glutesym.world_time import run_in_world

STARTED = datetime(2026, 5, 4, 16, 30, tzinfo=UTC)
CLOCK = "world time"


def at(seconds: float) -> datetime:
    """Return the time of day at a world time."""
    return STARTED + timedelta(seconds=seconds)


def create(path: Path, started_ns: int = 0, clock: str = CLOCK, now=STARTED) -> SessionWriter:
    return SessionWriter(
        path,
        exercise="squat",
        started_utc=now,
        started_host_ns=started_ns,
        host_clock=clock,
        subject="S07",
    )


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record, be killed, come back 20 s later, go on, and end."""
    path = tmp_path_factory.mktemp("resumed") / "a.glutesym"
    hardware = {side: PodHardware(emg_counter=True) for side in ("left", "right")}

    async def main() -> None:
        async with Simulation(build_scenario("rest"), hardware=hardware) as simulation:
            loop = simulation.loop
            simulation.start_scenario()
            writer = create(path, loop.now_ns(), now=at(loop.time()))
            killed = Acquisition(simulation.transport, writer, loop.now_ns)
            recording = asyncio.create_task(killed.run(asyncio.Event()))
            await killed.connected_all.wait()
            await asyncio.sleep(4)
            writer.flush()
            for ending in ("", "-wal"):  # what a kill leaves
                shutil.copy(f"{path}{ending}", f"{path}.killed{ending}")
            simulation.kill_host()
            recording.cancel()
            await asyncio.gather(recording, return_exceptions=True)
            writer.close()
            for ending in ("", "-wal"):
                shutil.move(f"{path}.killed{ending}", f"{path}{ending}")
            await asyncio.sleep(20)
            interrupted = load_interrupted(path, CLOCK, loop.now_ns(), at(loop.time()))
            assert interrupted.exercise == "squat"
            assert 20 < interrupted.ago_s < 22
            stop = asyncio.Event()
            with interrupted.resume(loop.now_ns()) as goes_on:
                again = Acquisition(
                    simulation.transport, goes_on, loop.now_ns, known=interrupted.pods
                )
                recording = asyncio.create_task(again.run(stop))
                await again.connected_all.wait()
                await asyncio.sleep(4)
                stop.set()
                await recording
            assert all(counts.lost == 0 for counts in again.counts.values())

    run_in_world(main())
    return path


def test_nothing_is_missing_from_a_session_that_went_on(resumed: Path) -> None:
    with open_session(resumed) as session:
        assert session.meta.ended
        assert session.meta.subject == "S07"
        assert [pod.side for pod in session.pods] == ["left", "right"]
        for pod in session.pods:
            records = split_frames(session.frames(pod.id)[1]).emg
            records = records[without_repeats(records)]
            records = records[np.argsort(records["seq"])]
            assert len(set(records["run"])) == 1  # the pod never stopped
            samples = emg_counts(records)[records["count"] > 0].ravel()
            assert len(samples) > 28 * 2000
            assert np.all(np.diff(samples[: len(samples) // 104 * 104 - 104]) == 1)


def test_a_session_that_went_on_says_so(resumed: Path) -> None:
    with open_session(resumed) as session:
        kinds = {
            side: [event.kind for event in session.events() if event.side == side]
            for side in ("left", "right", None)
        }
    links = ["connected", "disconnected", "connected", "disconnected"]
    assert kinds == {"left": links, "right": links, None: [RESUMED]}
    tape = load_tape(resumed)
    assert all(len(pod.connections) == 2 for pod in tape.pods)


def test_a_session_that_went_on_is_analyzed_as_one(resumed: Path) -> None:
    recording = analyze_session(resumed).recording
    for pod in recording.pods.values():
        assert pod.boots == 1
        assert pod.samples_lost == 0
        assert pod.gaps == ()


def killed(path: Path, **settings) -> Path:
    """Make a file as a kill leaves it; its last frame came 5 s after the start."""
    with create(path.with_name("whole"), **settings) as writer:
        started_ns = settings.get("started_ns", 0)
        writer.add_frame(writer.add_pod("left", "AA", {}), started_ns + 5_000_000_000, b"")
        writer.flush()
        for ending in ("", "-wal"):
            shutil.copy(f"{writer.path}{ending}", f"{path}{ending}")
    return path


def load(path: Path, seconds: float = 30, clock: str = CLOCK, by_day_s: float | None = None):
    by_day_s = seconds if by_day_s is None else by_day_s
    return load_interrupted(path, clock, round(seconds * 1e9), at(by_day_s))


def test_what_cannot_go_on_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = killed(tmp_path / "a.glutesym")
    assert load(path).ago_s == 25
    for settings in (
        {"clock": "CLOCK_BOOTTIME"},
        {"seconds": 4},  # before its last frame
        {"seconds": 30, "by_day_s": 300},  # the computer's clock began anew
    ):
        with pytest.raises(SessionError, match="cannot go on"):
            load(path, **settings)
    with pytest.raises(SessionError, match="was ended"):
        load(tmp_path / "whole")
    create(tmp_path / "nobody").close(ended=False)
    with pytest.raises(SessionError, match="no pod took part"):
        load(tmp_path / "nobody")


def test_a_session_that_is_still_recorded_is_not_gone_on_with(tmp_path: Path) -> None:
    with create(tmp_path / "a.glutesym") as writer:
        writer.add_pod("left", "AA", {})
        writer.flush()
        with pytest.raises(SessionError, match="another program holds the file"):
            load(writer.path).resume(0)


def test_rows_are_added_behind_those_that_are_there(tmp_path: Path) -> None:
    path = killed(tmp_path / "a.glutesym")
    for second in (6, 7):  # interrupted twice
        with load(path).resume(second * 10**9) as writer:
            assert writer.pod_count == 1
            writer.add_frame(1, second * 10**9, b"")
            writer.close(ended=False)
    with open_session(path) as session:
        assert [t_ns // 10**9 for t_ns, _ in session.arrivals(1)] == [5, 6, 7]
        assert [event.kind for event in session.events()] == [RESUMED, RESUMED]
        assert not session.meta.ended


def test_the_newest_session_is_found_while_its_pods_wait(tmp_path: Path) -> None:
    killed(tmp_path / "2026-05-04_b.glutesym")

    def lately(seconds: float):
        return interrupted_lately(tmp_path, CLOCK, round(seconds * 1e9), at(seconds))

    found = lately(900)
    assert found is not None
    assert found.path.name == "2026-05-04_b.glutesym"
    assert lately(1100) is None
    create(tmp_path / "before.glutesym", now=STARTED - timedelta(seconds=60)).close()
    (tmp_path / "whole").unlink()
    os.utime(killed(tmp_path / "a.glutesym", now=STARTED + timedelta(seconds=1)), (0, 0))
    (tmp_path / "a.glutesym-wal").unlink()  # begun later, last written long ago
    (tmp_path / "notes.glutesym").write_text("no session")
    found = lately(900)
    assert found is not None
    assert found.path.name == "2026-05-04_b.glutesym"
    create(tmp_path / "2026-05-04_c.glutesym").close()
    assert lately(900) is None
    assert interrupted_lately(tmp_path / "none", CLOCK, 0, STARTED) is None


@pytest.fixture
def lately(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which a session of this computer was interrupted, and pods of its own."""
    monkeypatch.setattr("glutesym.session.acquire.SCAN_S", 0.2)  # there are none
    monkeypatch.setenv("GLUTESYM_KEYS", str(tmp_path / "pods.json"))
    ring = KeyRing.load(tmp_path / "pods.json")
    ring.add(OwnedPod("e6614c311b1a2b3c", "left", bytes(32)))
    ring.add(OwnedPod("e6614c311b4d5e6f", "right", bytes(32)))
    ring.save()
    return killed(
        tmp_path / "2026.glutesym",
        clock=host_clock.NAME,
        started_ns=host_clock.now_ns() - 90 * 10**9,
        now=datetime.now(UTC) - timedelta(seconds=90),
    )


def test_a_new_session_does_not_make_pods_forget_one_that_was_interrupted(lately: Path) -> None:
    folder = lately.parent
    arguments = ["record", "--folder", str(folder), "--port", str(folder / "none")]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, GlutesymError)
    for words in ("was interrupted 1 min ago", f"--resume {lately}", "--new"):
        assert words in str(result.exception)
    result = CliRunner().invoke(app, [*arguments, "--new"])
    assert "no port" in str(result.exception).lower()  # it looks for pods
    result = CliRunner().invoke(app, [*arguments, "--resume", str(lately)])
    assert "no port" in str(result.exception).lower()
    with open_session(lately) as session:
        assert session.events()[-1].kind == RESUMED
        assert len(session.arrivals(1)) == 1
