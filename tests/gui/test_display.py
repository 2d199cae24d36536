from __future__ import annotations

import sys

import pytest

from glutesym.errors import GlutesymError, MissingPartError
from glutesym.gui.display import display_problem, missing_part
from glutesym.gui.qt import QtGui
from glutesym.gui.screenshot import save_screenshot
from live_states import recording

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks X11 and Wayland")


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyqtgraph", None)
    monkeypatch.delitem(sys.modules, "glutesym.gui.qt")
    with pytest.raises(MissingPartError, match=r'pip install .*\[gui\]"'):
        import glutesym.gui.qt  # noqa: F401
    problem = display_problem()
    assert problem is not None
    assert '[gui]"' in problem


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("libEGL.so.1", "libegl1"),
        ("libGL.so.1", "libgl1"),
        ("libxkbcommon.so.0", "libxkbcommon0"),
        ("libxcb-cursor.so.0", "libxcb-cursor0"),
        ("libglib-2.0.so.0", "libglib2.0-0"),
    ],
)
def test_a_missing_system_library_names_its_package(library, package):
    error = ImportError(f"{library}: cannot open shared object file: No such file or directory")
    words = str(missing_part(error))
    assert library.split(".so")[0] in words
    # Others that this machine lacks, too, may stand beside it.
    assert package in words.partition("sudo apt install ")[2].split()


def test_bindings_that_lose_references_are_refused(monkeypatch):
    counts = iter([5000, 4800])
    monkeypatch.setattr("sys.getrefcount", lambda _object: next(counts))
    monkeypatch.setattr("sys.version_info", (3, 11, 7))
    monkeypatch.delitem(sys.modules, "glutesym.gui.qt")
    with pytest.raises(MissingPartError, match="PySide6-Essentials"):
        import glutesym.gui.qt  # noqa: F401


@on_linux
def test_without_a_screen_it_says_so(monkeypatch):
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(variable, raising=False)
    problem = display_problem()
    assert problem is not None
    assert "DISPLAY" in problem


@on_linux
def test_a_window_can_open_on_a_platform_that_works():
    assert display_problem() is None  # QT_QPA_PLATFORM is offscreen


@on_linux
def test_a_display_that_cannot_be_reached_is_reported_and_ends_nothing(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.setenv("DISPLAY", ":987")
    problem = display_problem()
    assert problem is not None
    assert "Qt cannot open a window" in problem or "apt install" in problem


@pytest.mark.usefixtures("qapp")
def test_a_screenshot_has_the_wanted_size_and_content(tmp_path):
    path = tmp_path / "live.png"
    save_screenshot(recording(), path, (900, 600))
    image = QtGui.QImage(str(path))
    assert (image.width(), image.height()) == (900, 600)
    colors = {image.pixelColor(x, y).name() for x in range(0, 900, 9) for y in range(0, 600, 9)}
    assert {"#56b4e9", "#e69f00"} <= colors


@pytest.mark.usefixtures("qapp")
def test_a_screenshot_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(GlutesymError, match="Cannot write the picture"):
        save_screenshot(recording(), tmp_path / "missing" / "live.png")
