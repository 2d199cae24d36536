"""The command line as a user meets it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from glutesym import cli, cli_shared
from glutesym.cli import app
from glutesym.errors import GlutesymError, LinkError, NotOwnedError
from glutesym.keys import KeyRing, OwnedPod
from glutesym.session.columns import TABLES
from glutesym.session.run import RunningSession
from glutesym.session.store import open_session
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.surroundings import VirtualSurroundings
from usb_bench import bench_beside

RUNNER = CliRunner()
COMMANDS = sorted(typer.main.get_command(app).commands)
POD = OwnedPod("e6614c311b1a2b3c", "left", bytes(range(32)))


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    """A key file of this test's own."""
    path = tmp_path / "keys" / "pods.json"
    monkeypatch.setenv("GLUTESYM_KEYS", str(path))
    return path


def run(*arguments: str, code: int = 0) -> str:
    """Run a command and return what it printed."""
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "my sessions"
    result = RUNNER.invoke(
        app,
        [
            "demo",
            "--reps",
            "5",
            "--speed",
            "0",
            "--view",
            "none",
            "--seed",
            "3",
            "--folder",
            str(folder),
        ],
    )
    assert result.exit_code == 0, result.output
    return folder, result.output


def test_every_command_explains_itself_with_examples():
    listed = RUNNER.invoke(app, ["--help"]).output
    for command in COMMANDS:
        assert command in listed
        text = RUNNER.invoke(app, [command, "--help"]).output
        assert f"glutesym {command}" in text
        assert "Example" in text


def test_a_command_waits_for_no_library_that_it_does_not_use():
    code = (
        "import sys, glutesym.cli; "
        "slow = ('scipy.signal', 'scipy.stats', 'scipy.optimize', 'polars', 'PySide6'); "
        "print([name for name in slow if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_demo_prints_truth_and_measurement_and_its_files(demo):
    folder, output = demo
    for words in ("Truth and measurement", "5 matched", "0 lost", "Sync uncertainty", "Files:"):
        assert words in output
    names = sorted(path.name.split("_")[-1] for path in folder.iterdir())
    assert names == ["bridge", "bridge.glutesym"]


def test_the_csvs_hold_the_session(demo):
    folder, _ = demo
    (path,) = folder.glob("*.glutesym")
    reps = pl.read_csv(folder / path.stem / "reps.csv")
    assert len(reps) == 5
    assert {"left_onset_s", "right_activation_uv", "symmetry_index_pct", "lag_ms"} <= set(
        reps.columns
    )
    emg = pl.read_csv(folder / path.stem / "emg.csv")
    assert emg["emg_uv"].null_count() == 0
    assert set(emg["side"]) == {"left", "right"}
    about = json.loads((folder / path.stem / "about.json").read_text("utf-8"))
    assert about["session"]["method"]["band_pass_hz"] == [20.0, 450.0]
    with open_session(path) as session:
        assert session.meta.ended


def test_a_session_can_be_analyzed_and_exported_again(demo, tmp_path):
    folder, output = demo
    (path,) = folder.glob("*.glutesym")
    analyzed = RUNNER.invoke(app, ["analyze", str(path)])
    assert analyzed.exit_code == 0
    verdict = analyzed.output.strip().splitlines()[0]
    assert verdict in output
    exported = RUNNER.invoke(app, ["export", str(path), "--folder", str(tmp_path / "csv")])
    assert exported.exit_code == 0
    names = {table.name for table in (folder / path.stem).iterdir()}
    assert names == {f"{name}.csv" for name in TABLES} | {"README.txt", "about.json"}
    for name in names:
        again = (tmp_path / "csv" / path.stem / name).read_bytes()
        assert again == (folder / path.stem / name).read_bytes()


def test_a_session_is_exported_to_several_formats_and_analyzed_from_one(demo, tmp_path):
    folder, _ = demo
    (path,) = folder.glob("*.glutesym")
    formats = [word for form in ("bids", "mat", "parquet", "bids") for word in ("-f", form)]
    told = run("export", str(folder), *formats, "-o", str(tmp_path))
    assert f"{tmp_path / path.stem}" in told.replace("\n", "")
    assert "README.md in it explains its files" in told
    names = {file.name for file in (tmp_path / path.stem).iterdir()}
    assert names == {f"{name}.parquet" for name in TABLES} | {f"{path.stem}.mat"}
    (of_session,) = (tmp_path / "bids").glob("sub-*/ses-*")
    again, before = (
        [line for line in run("analyze", str(one)).splitlines() if line.strip()]
        for one in (of_session, path)
    )
    assert [line for line in before if line in again] == again[1:]  # but for its own peak
    assert again[0] == "Read from a BIDS dataset that glutesym wrote."
    assert "parquet" in run("export", str(path), "-f", "xls", code=2)


def test_a_replay_prints_what_the_session_printed_and_can_be_recorded(demo, tmp_path):
    folder, _ = demo
    (path,) = folder.glob("*.glutesym")
    result = run("analyze", str(path))
    shown = run("replay", str(path), "--speed", "0", "--terminal")
    assert result.strip() in shown
    assert "ended | 5 reps" in shown
    copied = run(
        "replay", str(path), "--speed", "0", "--view", "none", "-o", str(tmp_path / "new")
    )
    (copy,) = (tmp_path / "new").iterdir()
    assert copy.name.endswith("_replay-of-bridge.glutesym")
    assert result.strip() in copied
    assert copy.name in copied.replace("\n", "")
    assert run("analyze", str(copy)) == result


def test_ctrl_c_ends_a_replay(demo):
    folder, _ = demo
    (path,) = folder.glob("*.glutesym")
    before = path.read_bytes()
    code = "import glutesym.cli; glutesym.cli.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "replay", str(path), "--terminal"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()  # the view is there
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Ended after 00:" in output
    assert "Traceback" not in output
    assert path.read_bytes() == before


def test_ctrl_c_after_a_recording_names_the_session_that_is_kept(tmp_path, capsys):
    path = tmp_path / "a.glutesym"
    for there in (False, True):
        with pytest.raises(typer.Exit) as ended, cli_shared.kept(path):
            raise KeyboardInterrupt
        assert ended.value.exit_code == cli_shared.INTERRUPTED
        said = capsys.readouterr().err
        assert said.startswith("Interrupted")
        assert (f"{path} is kept" in said) == there
        path.touch()


def test_ctrl_c_while_a_session_starts_ends_it(tmp_path):
    class PressedAtOnce(RunningSession):
        def start(self):
            super().start()
            raise KeyboardInterrupt

    place = VirtualSurroundings(build_scenario("rest"), speed=None)
    session = PressedAtOnce(place, tmp_path / "a.glutesym", "rest")
    with pytest.raises(typer.Exit):  # nothing was recorded
        cli_shared.show(session, cli_shared.View.NONE)
    assert not session.running
    assert list(tmp_path.iterdir()) == []


def test_simulate_prints_a_line_a_seed_and_the_worst(tmp_path):
    result = RUNNER.invoke(
        app,
        [
            "simulate",
            "-s",
            "real-lag",
            "--reps",
            "4",
            "--seeds",
            "2",
            "--no-keep",
            "--folder",
            str(tmp_path),
        ],
    )
    assert result.exit_code == 0, result.output
    assert "4/4" in result.output
    assert "worst" in result.output
    assert list(tmp_path.glob("*.glutesym*")) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["analyze", "no-such-file.glutesym"], "no-such-file.glutesym"),
        (["analyze", "[/x].glutesym"], "[/x].glutesym: there is no such session file"),
        (["review", "."], "this is a folder"),
        (["report", "no-such-file.glutesym"], "no such session file"),
        (["export", "."], "there is no session file in this folder"),
        (["trend", "."], "there is no session file in this folder"),
        (["trend", "nowhere"], "cannot be read"),
        (["replay", "no-such-file.glutesym"], "no such session file"),
        (["replay", "not-a-session"], "not a glutesym session"),
        (["demo", "--scenario", "nonsense"], "bridge"),
        (["demo", "--scenario", "brigde"], "Did you mean 'bridge'?"),
    ],
)
def test_a_users_mistake_is_one_line_and_no_traceback(
    arguments, words, monkeypatch, capsys, tmp_path
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "not-a-session").write_text("text " * 1000)
    monkeypatch.setattr(sys, "argv", ["glutesym", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    text = capsys.readouterr().err
    assert "Error:" in text
    assert words in text
    assert "Traceback" not in text


@pytest.mark.parametrize("command", ["export", "report", "analyze"])
def test_no_file_is_taken_for_a_folder(tmp_path, command):
    there = tmp_path / "notes"
    there.write_text("mine")
    result = RUNNER.invoke(app, [command, "a.glutesym", "--folder", str(there)])
    assert result.exit_code == 2
    assert "is a file. Give a folder" in " ".join(result.output.replace("│", " ").split())
    assert there.read_text() == "mine"


def test_mains_hum_is_at_50_or_60_hz(demo):
    folder, _ = demo
    (path,) = folder.glob("*.glutesym")
    result = RUNNER.invoke(app, ["analyze", str(path), "--mains-hz", "55"])
    assert result.exit_code == 2
    assert "50 or 60" in result.output
    assert RUNNER.invoke(app, ["analyze", str(path), "--mains-hz", "50"]).exit_code == 0


def test_a_misspelt_command_is_told_which_was_meant():
    assert "Did you mean 'analyze'?" in run("analize", "x", code=2)


def test_ctrl_c_while_the_words_of_a_command_are_read_is_told(monkeypatch):
    monkeypatch.setattr("typer.core.TyperGroup.make_context", _interrupted)
    assert run("library", code=130).strip() == "Interrupted."


@pytest.mark.parametrize("module", ["glutesym.cli_sync", "scipy", "glutesym.virtual.surroundings"])
def test_ctrl_c_while_modules_are_imported_ends_in_one_line(tmp_path, module):
    code = f"""
import signal, sys
class PressedAt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, PressedAt())
from glutesym.__main__ import main
main()
"""
    ran = subprocess.run(
        [sys.executable, "-c", code, "demo", "--view", "none", "--speed", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (130, "Interrupted.\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", ["csv", "bids"])
def test_an_interrupted_export_tells_how_far_it_came(demo, tmp_path, monkeypatch, form):
    from glutesym.session import measured

    (path,) = demo[0].glob("*.glutesym")
    paths = [tmp_path / f"{name}.glutesym" for name in "ab"]
    for copy in paths:
        copy.write_bytes(path.read_bytes())
    whole = measured.measure_session

    def measure(path, *options):
        if path == paths[1]:
            signal.raise_signal(signal.SIGINT)
        return whole(path, *options)

    monkeypatch.setattr(measured, "measure_session", measure)
    told = run("export", str(tmp_path), "-f", form, "-o", str(tmp_path / "out"), code=130)
    assert "Interrupted: 1 of 2 sessions exported." in told
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_other_commands_say_that_they_were_interrupted(monkeypatch, tmp_path):
    monkeypatch.setattr("glutesym.session.library.list_sessions", _interrupted)
    assert run("library", str(tmp_path), code=130).strip() == "Interrupted."


def _interrupted(*_, **__):
    raise KeyboardInterrupt


def test_without_bluetooth_scan_says_so(monkeypatch):
    """Here there is no adapter; where there is one, the scan simply finds no pod."""
    result = RUNNER.invoke(app, ["scan", "--timeout", "0.2"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        assert isinstance(result.exception, GlutesymError)
        assert "Bluetooth" in str(result.exception)
    else:
        assert "pod" in result.output


def test_a_pods_life_from_its_first_plug_to_its_last(tmp_path, keys):
    """Every command that talks to a pod, over USB to a virtual one that nobody owns yet."""
    with bench_beside(tmp_path, key="", side="unassigned") as bench:
        port = ("--port", str(bench.port))
        name = f"glutesym-{bench.pod.id[-6:].upper()}"
        assert "not yours" in run("scan", *port)
        card = run("provision", "--side", "left", *port)
        for words in (f"left pod, id {bench.pod.id}", "ADS1292R, 2000 samples", str(keys)):
            assert words in card
        assert "BENCH" not in card
        listed = run("scan", *port)
        assert name in listed
        assert "left" in listed
        assert name in run("pods")
        tested = run("selftest", *port)
        assert f"left ({name}): works (test signal 100 %" in tested
        assert "2000 samples a second, gain 6, works" in run("settings", *port)
        log = run("faults", "left", *port, "--clear")
        assert "restarted" in log  # after it was provisioned
        assert "Cleared" in log
        assert "nothing went wrong" in run("faults", *port)
        changed = run("settings", "left", *port, "--gain", "12", "--side", "right", "--bench")
        for words in ("right pod", "gain 12", "BENCH MODE", "restarts"):
            assert words in changed
        assert [pod.side for pod in KeyRing.load(keys)] == ["right"]
    assert "forgotten" in run("pods", "--forget", name)
    assert len(KeyRing.load(keys)) == 0


def test_owned_pods_are_listed_without_their_keys(keys):
    ring = KeyRing.load(keys)
    ring.add(POD)
    ring.save()
    listed = run("pods")
    assert "glutesym-1A2B3C" in listed
    assert POD.key.hex()[:16] not in listed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pods"], "owns no pod yet"),
        (["selftest"], "glutesym provision"),
        (["faults", "left"], "owns no pod yet"),
        (["settings", "--gain", "12"], "owns no pod yet"),
        (["pods", "--forget", "ABCDEF"], "no pod ABCDEF among yours"),
        (["provision", "--side", "left", "--port", "no-such-port"], "no port no-such-port"),
    ],
)
def test_without_pods_a_command_says_what_to_do(arguments, words, monkeypatch):
    monkeypatch.setattr("glutesym.links.provision._SCAN_S", 0.1)
    result = RUNNER.invoke(app, arguments)
    assert isinstance(result.exception, GlutesymError)
    assert words in str(result.exception)
    assert "\n" not in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "instead"),
    [
        (["live"], "glutesym demo"),
        (["bench"], "glutesym bench --virtual"),
        (["bench", "--both"], "glutesym bench --both --virtual"),
        (["calibrate"], "glutesym calibrate --virtual"),
        (["sit"], "glutesym sit --virtual"),
        (["sync-check"], "glutesym sync-check --virtual"),
    ],
)
def test_without_pods_both_ways_to_own_some_are_named_and_one_to_try(arguments, instead, tmp_path):
    said = str(RUNNER.invoke(app, [*arguments, "-o", str(tmp_path)]).exception)
    assert "`glutesym flash --both` for new boards" in said
    assert "`glutesym provision --side left` and `--side right`" in said
    assert f"To try it without pods: `{instead}`." in said
    assert "--both" not in str(NotOwnedError(("right",)))
    assert "`glutesym flash --side right`" in str(NotOwnedError(("right",)))


def test_settings_of_several_pods_are_not_changed_at_once(keys):
    ring = KeyRing.load(keys)
    ring.add(POD)
    ring.add(OwnedPod("e6614c311b4d5e6f", "right", bytes(32)))
    ring.save()
    result = RUNNER.invoke(app, ["settings", "--gain", "12"])
    assert "Say whose" in str(result.exception)


@pytest.mark.parametrize("arguments", [["--gain", "5"], ["--rate", "3000"], ["--side", "both"]])
def test_settings_that_no_pod_has_are_refused(arguments):
    assert RUNNER.invoke(app, ["settings", "left", *arguments]).exit_code == 2


@pytest.mark.parametrize("command", ["selftest", "faults", "settings"])
def test_pods_that_are_not_seen_are_named(command, keys, tmp_path):
    ring = KeyRing.load(keys)
    ring.add(POD)
    ring.save()
    result = RUNNER.invoke(app, [command, "--port", str(tmp_path / "none"), "--timeout", "0.1"])
    assert isinstance(result.exception, LinkError)
    assert "no port" in str(result.exception).lower()


def test_ctrl_c_ends_a_simulation_cleanly_and_the_seeds_that_follow(tmp_path):
    code = "import glutesym.cli; glutesym.cli.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "simulate", "--seeds", "9", "--folder", "out"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline_s = time.monotonic() + 60
    while not list(tmp_path.glob("out/*-wal")) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert "Interrupted" in output or "nothing was written" in output
    left = [path.name for path in tmp_path.glob("out/*")]
    assert len(left) <= 1  # one session at most, and no -wal beside it
    assert all(name.endswith(".glutesym") for name in left)


def test_the_app_needs_a_window_and_a_known_mains_frequency(monkeypatch):
    monkeypatch.setattr("glutesym.gui.display.display_problem", lambda: "There is no screen.")
    result = RUNNER.invoke(app, ["app", "--virtual"])
    assert isinstance(result.exception, GlutesymError)
    assert "No window: There is no screen." in str(result.exception)
    assert "`glutesym demo`" in str(result.exception)
    assert "glutesym calibrate" in str(RUNNER.invoke(app, ["app"]).exception)
    assert "50 or 60" in RUNNER.invoke(app, ["app", "--mains-hz", "55"]).output
