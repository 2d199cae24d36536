"""Many sessions into one table, in processes and on a cluster, whatever dies in between."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import types
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import distributed
import fatal_work
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from glutesym.analysis.calibration import Mvic
from glutesym.cli import app
from glutesym.cohort import run as cohort_run
from glutesym.cohort import work
from glutesym.cohort.local import in_processes
from glutesym.cohort.run import LEDGER, REPETITIONS, SESSIONS, run_cohort
from glutesym.cohort.work import analysis_version, measure
from glutesym.errors import GlutesymError, SessionError
from glutesym.measures import SIDES
from glutesym.session.calibration_store import StoredCalibration, save_calibration
from glutesym.session.measured import measure_session
from glutesym.session.normalised import FOLDER, VIRTUAL
from glutesym.virtual.scenarios.catalog import build_scenario
from virtual_session import record


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    scenario = build_scenario("bridge", seed=4, reps=3, symmetry_index_pct=10.0)
    return record(tmp_path_factory.mktemp("recorded"), scenario, 4).session.path


@pytest.fixture
def folder(recorded: Path, tmp_path: Path) -> Path:
    """Return three sessions in two folders, and a file that is none."""
    folder = tmp_path / "sessions"
    for name in ("a/1", "a/2", "b/3"):
        path = folder / f"{name}.glutesym"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(recorded, path)
    (folder / "b" / "broken.glutesym").write_bytes(b"no session")
    return folder


@pytest.fixture
def in_this_process(monkeypatch) -> list[str]:
    """Have sessions measured here, and return which were."""
    measured: list[str] = []

    def one_by_one(do, tasks, _workers):
        for task in tasks:
            measured.append(task.file)
            yield task, do(task)

    monkeypatch.setattr(cohort_run, "in_processes", one_by_one)
    return measured


FILES = ["a/1.glutesym", "a/2.glutesym", "b/3.glutesym", "b/broken.glutesym"]


def test_the_table_has_a_row_a_session_with_the_numbers_of_one_session_alone(
    folder, tmp_path
) -> None:
    told: list[tuple[int, int]] = []
    out, reps = tmp_path / "new" / "cohort.parquet", tmp_path / "reps.parquet"
    result = run_cohort(
        folder, out, workers=2, reps=reps, told=lambda done, of: told.append((done, of))
    )
    assert (result.sessions, result.measured) == (4, 4)
    assert [file for file, _ in result.problems] == FILES[3:]
    assert told == [(done, 4) for done in range(5)]
    table = pl.read_parquet(out)
    assert table.columns == [column.heading for column in SESSIONS]
    assert table["file"].to_list() == FILES
    alone = measure_session(folder / FILES[0]).measures
    estimate = alone.summary.symmetry_index_pct
    assert table["symmetry_index_pct"].to_list() == [estimate.value] * 3 + [None]
    assert table["problem"].is_null().to_list() == [True, True, True, False]
    assert table["virtual_pods"].to_list() == [True, True, True, None]
    assert table["copy_of"].to_list() == [None, FILES[0], FILES[0], None]
    every = pl.read_parquet(reps)
    assert every.columns == [column.heading for column in REPETITIONS]
    assert every.height == 3 * len(alone.reps)
    assert every["left_activation_uv"][0] == alone.reps[0].left.activation_uv


def test_only_what_has_changed_is_measured_again(folder, tmp_path, in_this_process) -> None:
    out = tmp_path / "cohort.parquet"
    run_cohort(folder, out)
    before = pl.read_parquet(out)
    assert in_this_process == FILES
    in_this_process.clear()
    assert run_cohort(folder, out).measured == 0
    assert_frame_equal(pl.read_parquet(out), before)
    os.utime(folder / FILES[1], (1, 1))
    run_cohort(folder, out)
    assert in_this_process == FILES[1:2]
    in_this_process.clear()
    mvic = {side: Mvic(side, 200.0, "prone", 3, 4.0, ()) for side in SIDES}
    meta = measure_session(folder / FILES[2]).meta
    calibration = StoredCalibration(VIRTUAL, meta.placement, meta.started_utc, mvic)
    save_calibration(folder / "b" / FOLDER, calibration)
    run_cohort(folder, out)
    assert in_this_process == FILES[2:]
    assert pl.read_parquet(out)["mvic_placement"].to_list() == [None, None, meta.placement, None]
    in_this_process.clear()
    run_cohort(folder, out, mains_hz=50)
    assert in_this_process == FILES
    (folder / FILES[0]).unlink()
    assert run_cohort(folder, out, mains_hz=50).sessions == 3
    assert pl.read_parquet(out)["file"].to_list() == FILES[1:]


def test_interrupted_it_goes_on_with_the_same_command(
    folder, tmp_path, in_this_process, monkeypatch
) -> None:
    out = tmp_path / "cohort.parquet"

    def interrupted(task):
        if task.file == FILES[2]:
            raise KeyboardInterrupt
        return measure(task)

    monkeypatch.setattr(cohort_run, "measure", interrupted)
    words = ["cohort", str(folder), "--out", str(out)]
    stopped = CliRunner().invoke(app, words)
    assert stopped.exit_code == 130
    assert "give the same command" in stopped.output
    assert not out.exists()
    monkeypatch.undo()
    in_this_process.clear()
    again = CliRunner().invoke(app, [*words, "--workers", "1"])
    assert again.exit_code == 0, again.output
    assert "4 sessions: 2 measured now, 2 as before, 1 with a problem: each" in again.output
    assert pl.read_parquet(out)["file"].to_list() == FILES


def test_a_mistake_of_ours_costs_one_session_only(folder, tmp_path, monkeypatch) -> None:
    real = work._measure

    def mistaken(task):
        if task.file == FILES[1]:
            raise ZeroDivisionError("float division by zero")
        if task.file == FILES[2]:
            raise MemoryError
        return real(task)

    monkeypatch.setattr(work, "_measure", mistaken)
    monkeypatch.setattr(
        cohort_run, "in_processes", lambda do, tasks, _: ((task, do(task)) for task in tasks)
    )
    out = tmp_path / "cohort.parquet"
    problems = dict(run_cohort(folder, out).problems)
    assert "ZeroDivisionError: float division by zero" in problems[FILES[1]]
    assert "out of memory" in problems[FILES[2]]
    assert pl.read_parquet(out)["problem"].is_null().to_list() == [True, False, False, False]
    monkeypatch.undo()
    assert run_cohort(folder, out).measured == 1  # memory may suffice now; the mistake is the same


def test_what_measuring_depends_on_is_known(recorded) -> None:
    """Everything that is loaded for it counts, and nothing of windows, commands and reports."""
    sources = work._sources()
    done = subprocess.run(
        [sys.executable, Path(fatal_work.__file__).with_name("loaded_work.py"), recorded],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "glutesym.analysis.onsets" in loaded
    assert loaded <= set(sources)
    parts = {name.split(".")[1] for name in sources}
    assert not parts & {"gui", "virtual", "report", "formats", "bench", "cli", "links", "flash"}


def test_a_process_that_is_killed_costs_its_own_task_only() -> None:
    results = dict(in_processes(fatal_work.fatal_at_seven, range(12), 2))
    assert results == {n: None if n == 7 else 2 * n for n in range(12)}
    assert dict(in_processes(fatal_work.twice, [], 2)) == {}


def test_a_cluster_gives_the_same_table_though_a_worker_is_killed(
    folder, tmp_path, monkeypatch
) -> None:
    here, there = tmp_path / "here.parquet", tmp_path / "there.parquet"
    run_cohort(folder, here, workers=2)
    mark = (folder / FILES[1]).with_suffix(".deadly")
    mark.touch()
    monkeypatch.setattr(cohort_run, "measure", fatal_work.measure_or_die_once)
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", paths)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        pids = {worker.pid for worker in cluster.workers.values()}
        result = run_cohort(folder, there, scheduler=cluster.scheduler_address)
        after = {worker.pid for worker in cluster.workers.values()}
    assert not mark.exists()
    assert len(pids - after) == 1  # one was killed, and its nanny began another one
    assert result.measured == 4
    assert_frame_equal(pl.read_parquet(there), pl.read_parquet(here))


def test_a_cluster_that_is_not_there_or_has_no_worker(folder, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("glutesym.cohort.cluster._PATIENCE_S", 0.5)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(GlutesymError, match="No Dask scheduler answers"):
            run_cohort(folder, tmp_path / "x.parquet", scheduler=address)
    monkeypatch.undo()
    elsewhere = types.ModuleType("not_there")  # no worker can import it
    exec("def measure(task): return task", elsewhere.__dict__)
    monkeypatch.setitem(sys.modules, "not_there", elsewhere)
    monkeypatch.setattr(cohort_run, "measure", elsewhere.measure)
    with (
        distributed.LocalCluster(
            n_workers=1, host="127.0.0.1", dashboard_address=None, processes=True
        ) as cluster,
        pytest.raises(GlutesymError, match=r"cannot measure.*not_there"),
    ):
        run_cohort(folder, tmp_path / "x.parquet", scheduler=cluster.scheduler_address)
    monkeypatch.undo()
    with (
        distributed.LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=None) as cluster,
        pytest.raises(GlutesymError, match="has no worker"),
    ):
        run_cohort(folder, tmp_path / "x.parquet", scheduler=cluster.scheduler_address)


def test_workers_of_another_version_are_refused(
    folder, tmp_path, in_this_process, monkeypatch
) -> None:
    def older(task):
        return replace(measure(task), analysis="0.1+000000000000")

    monkeypatch.setattr(cohort_run, "measure", older)
    with pytest.raises(GlutesymError, match=r"has glutesym 0\.1\+0"):
        run_cohort(folder, tmp_path / "x.parquet")
    assert "+" in analysis_version()


def test_places_that_cannot_be_written_and_folders_without_sessions(
    folder, tmp_path, in_this_process
) -> None:
    taken = tmp_path / "taken.parquet"
    taken.mkdir()
    with pytest.raises(SessionError, match="cannot write"):
        run_cohort(folder, taken)
    ledger = tmp_path / f"x.parquet{LEDGER}"
    ledger.write_text("mine")
    with pytest.raises(SessionError, match="Choose another --out"):
        run_cohort(folder, tmp_path / "x.parquet")
    ledger.unlink()
    with closing(sqlite3.connect(ledger)) as other:
        other.execute("CREATE TABLE done (mine)")
    with pytest.raises(SessionError, match="Choose another --out"):
        run_cohort(folder, tmp_path / "x.parquet")
    with pytest.raises(SessionError, match="no session file"):
        run_cohort(tmp_path / "taken.parquet", tmp_path / "y.parquet")
    only = tmp_path / "only"
    only.mkdir()
    (only / "broken.glutesym").write_bytes(b"no session")
    words = ["cohort", str(only), "--out", str(tmp_path / "z.parquet")]
    assert CliRunner().invoke(app, words).exit_code == 1


def test_two_tables_have_two_names_and_a_place(folder, tmp_path, in_this_process):
    one = str(tmp_path / "a.parquet")
    refused = CliRunner().invoke(app, ["cohort", str(folder), "--out", one, "--reps", one])
    assert "two different names" in str(refused.exception)
    (tmp_path / "file").write_text("x")
    with pytest.raises(GlutesymError, match="cannot write the export"):
        run_cohort(folder, tmp_path / "a.parquet", reps=tmp_path / "file" / "reps.parquet")


def test_of_two_copies_the_one_without_damage_is_the_original(folder, tmp_path, in_this_process):
    with closing(sqlite3.connect(folder / FILES[0])) as database, database:
        database.execute("UPDATE frames SET checksum = checksum + 1 WHERE id = 40")
    out = tmp_path / "cohort.parquet"
    run_cohort(folder, out)
    assert pl.read_parquet(out)["copy_of"].to_list() == [FILES[1], None, FILES[1], None]


def test_the_table_is_called_what_it_is(tmp_path):
    for option in ("--out", "--reps"):
        for name, better in (("table.csv", "table"), (".", "cohort"), ("/", "cohort")):
            result = CliRunner().invoke(app, ["cohort", str(tmp_path), option, name])
            assert f"Name it {better}.parquet" in str(result.exception)
