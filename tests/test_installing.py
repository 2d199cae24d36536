"""The commands that errors name: they work where glutesym is installed."""

import shlex
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from glutesym import installing
from glutesym.cli import app
from glutesym.errors import GlutesymError

ROOT = Path(__file__).resolve().parents[1]


def test_in_a_checkout_it_installs_the_checkout():
    words = shlex.split(installing.install_command("report"))
    assert words == [sys.executable, "-m", "pip", "install", "-e", f"{ROOT}[report]"]


def test_elsewhere_it_asks_for_the_package(monkeypatch, tmp_path):
    monkeypatch.setattr(installing, "_SOURCES", tmp_path)
    words = shlex.split(installing.install_command("sim", again=True))
    assert words[-2:] == ["--force-reinstall", "glutesym[sim]"]


def test_one_session_is_no_swap_test(tmp_path):
    path = tmp_path / "x.glutesym"
    path.touch()
    done = CliRunner().invoke(app, ["swap-test", str(path), str(path)])
    assert isinstance(done.exception, GlutesymError)
    with pytest.raises(GlutesymError, match="same session twice"):
        raise done.exception
