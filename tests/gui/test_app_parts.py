"""Parts of the app's pages: the picture of the electrodes, the lights, the sounds."""

from __future__ import annotations

import io
import wave
from itertools import combinations
from typing import get_args

import pytest

from glutesym.gui.placement import PlacementPicture, placement_words, spot_for
from glutesym.gui.qt import QtGui, QtWidgets
from glutesym.gui.sounds import Sound, Sounds, wav_of
from glutesym.gui.traffic_light import TrafficLight


def picture(widget: QtWidgets.QWidget) -> QtGui.QImage:
    return widget.grab().toImage()


def test_the_electrodes_of_the_two_muscles_are_in_different_places(qtbot):
    shown = PlacementPicture()
    qtbot.addWidget(shown)
    shown.resize(400, 400)
    shown.show_placement("gluteus maximus")
    maximus = picture(shown)
    shown.show_placement("gluteus medius")
    assert picture(shown) != maximus
    assert spot_for("gmax upper").muscle == "gluteus maximus"
    (max_x, max_y), (med_x, med_y) = (spot_for(name).middle for name in ("max", "med"))
    assert med_x > max_x  # further to the side
    assert med_y < max_y  # and higher
    assert "20 mm" in placement_words("gluteus medius")


def test_lights_differ_without_their_colours(qtbot):
    light = TrafficLight()
    light.set_unit(1.0)
    qtbot.addWidget(light)
    shapes = []
    for colour in (None, "green", "yellow", "red"):
        light.show_light(colour, "")
        shapes.append(picture(light).convertToFormat(QtGui.QImage.Format.Format_Grayscale8))
    assert all(a != b for a, b in combinations(shapes, 2))


@pytest.mark.parametrize("sound", get_args(Sound))
def test_a_sound_is_a_short_file_that_begins_and_ends_in_silence(sound):
    with wave.open(io.BytesIO(wav_of(sound))) as file:
        assert file.getnchannels() == 1
        length_s = file.getnframes() / file.getframerate()
        samples = memoryview(file.readframes(file.getnframes())).cast("h")
    assert 0.05 < length_s < 1
    assert abs(samples[0]) < 500
    assert abs(samples[-1]) < 2000
    assert max(samples) > 10_000


@pytest.mark.usefixtures("qapp")
def test_without_a_player_the_bell_rings(monkeypatch):
    rung = []
    monkeypatch.setattr(QtWidgets.QApplication, "beep", lambda: rung.append(1))
    sounds = Sounds()
    sounds._player = ""
    sounds.play("tick")
    sounds.play("squeeze")
    assert len(rung) == 1
    sounds.close()


@pytest.mark.usefixtures("qapp")
def test_a_player_gets_a_file_that_is_there(monkeypatch, tmp_path):
    sounds = Sounds()
    path = sounds._file("let go")
    assert path.read_bytes() == wav_of("let go")
    sounds.close()
    assert not path.exists()
    Sounds(muted=True).play("squeeze")
