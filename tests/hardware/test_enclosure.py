"""The enclosure: closed, printable, everything fits, and no cable while it is worn."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

build123d = pytest.importorskip("build123d", reason="CAD packages: pip install 'glutesym[cad]'")

from build123d import Part, Pos, import_step  # noqa: E402
from rich.progress import Progress  # noqa: E402

import export as enclosure_export  # noqa: E402
from mesh_measures import read_stl, volume_mm3  # noqa: E402
from pod_contents import block, contents, lead_plug, usb_plug  # noqa: E402
from pod_lid import lid  # noqa: E402
from pod_parameters import POD, Pod  # noqa: E402
from pod_parts import (  # noqa: E402
    PETG_G_PER_MM3,
    TOUCHING_MM3,
    PrintCheck,
    base,
    changed,
    clip,
    collisions,
    common_mm3,
    on_bed,
    printed_parts,
    triangles,
)
from pod_shapes import rod  # noqa: E402

NAMES = ["base", "lid-left", "lid-right", "clip"]
GAP = POD.shell.gap


def moved(shape: Part, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Part:
    return Pos(x, y, z) * shape


@dataclass(frozen=True)
class Built:
    """All parts of the present code, built and exported once."""

    parts: dict[str, Part]
    contents: dict[str, Part]
    checks: dict[str, PrintCheck]
    folder: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("enclosure")
    parts = printed_parts(POD)
    with Progress(disable=True) as progress:
        checks = enclosure_export.export(parts, folder, progress)
    return Built(parts, contents(POD), checks, folder)


@pytest.mark.parametrize("name", NAMES)
def test_each_part_is_one_closed_solid(built: Built, name: str) -> None:
    part = built.parts[name]
    assert part.is_valid
    assert len(part.solids()) == 1
    assert len(part.shells()) == 1  # no void in it
    assert built.checks[name].closed
    assert built.checks[name].volume_mm3 == pytest.approx(part.volume, rel=2e-3)


@pytest.mark.parametrize("name", NAMES)
def test_each_part_can_be_printed_without_support(built: Built, name: str) -> None:
    check = built.checks[name]
    assert check.problems(POD) == []
    assert check.thinnest_mm >= POD.shell.thinnest - 0.02
    assert check.longest_bridge_mm <= 15
    assert max(check.size_mm[:2]) <= 200


def test_thin_walls_long_bridges_and_large_parts_are_told() -> None:
    bad = PrintCheck((210.0, 10.0, 5.0), 1.0, closed=False, thinnest_mm=0.8, longest_bridge_mm=40)
    assert len(bad.problems(POD)) == 4


def test_nothing_inside_touches_what_it_must_not(built: Built) -> None:
    names = list(built.contents)
    for name, thing in built.contents.items():
        for part in ("base", "lid-left"):
            assert common_mm3(thing, built.parts[part]) < TOUCHING_MM3, (name, part)
        for other in names[names.index(name) + 1 :]:
            assert thing.distance_to(built.contents[other]) >= GAP, (name, other)


def free_moves(name: str) -> list[dict[str, float]]:
    """Return where a thing may still go by the gap: not into its posts, pins and hook."""
    sideways = [{"y": GAP - 0.01}, {"y": 0.01 - GAP}, {"x": 0.01 - GAP}]
    if name == "main board":
        return [*sideways, {"z": 0.01 - GAP}]
    return [*sideways, {"x": GAP - 0.01}, {"z": GAP - 0.01}]


@pytest.mark.parametrize("name", ["main board", "EMG board", "IMU board", "cell"])
def test_there_is_a_gap_around_everything_inside(built: Built, name: str) -> None:
    thing = built.contents[name]
    for move in free_moves(name):
        for part in ("base", "lid-left"):
            if part == "lid-left" and name == "main board" and "z" in move:
                continue  # its hook
            assert common_mm3(moved(thing, **move), built.parts[part]) < TOUCHING_MM3, (move, part)


def test_the_lid_holds_the_main_board_at_the_radio(built: Built) -> None:
    board = built.contents["main board"]
    assert common_mm3(moved(board, z=-0.6), built.parts["lid-left"]) > 0.05
    assert common_mm3(moved(board, z=0.1), built.parts["lid-left"]) > 0.5  # the posts


def test_lid_and_base_fit_with_the_gap_and_hold(built: Built) -> None:
    base_part, lid_part = built.parts["base"], built.parts["lid-left"]
    assert common_mm3(base_part, lid_part) < TOUCHING_MM3
    for axis, free in (("x", GAP - 0.05), ("y", 0.1)):  # its hooks centre it across
        for sign in (-1, 1):
            near = moved(lid_part, **{axis: sign * free})
            far = moved(lid_part, **{axis: sign * (GAP + 0.15)})
            assert common_mm3(base_part, near) < TOUCHING_MM3
            assert common_mm3(base_part, far) > TOUCHING_MM3
    assert common_mm3(base_part, moved(lid_part, z=0.1)) < TOUCHING_MM3  # it does not rattle
    shared = base_part & moved(lid_part, z=0.8)
    middles = [solid.center() for solid in shared.solids()]
    assert len(middles) == 4  # each hook holds
    assert {m.Y > 0 for m in middles} == {True, False}


def test_the_hooks_bend_no_more_than_petg_bears() -> None:
    """Strain at the root of a cantilever, 1.5 t y / L²; PETG bears 2 % again and again."""
    shell = POD.shell
    length = POD.ceiling_z - (POD.snap_z + shell.snap_hook)
    strain = 1.5 * shell.snap_thickness * (shell.snap_hook - GAP) / length**2
    assert strain < 0.02
    clip = POD.clip
    assert 1.5 * clip.plate * (clip.latch_depth - GAP) / clip.latch_spring**2 < 0.02


def test_plugs_go_in_when_the_clip_is_off(built: Built) -> None:
    for part in ("base", "lid-left", "lid-right"):
        assert usb_plug(POD).distance_to(built.parts[part]) >= GAP - 0.001
        assert lead_plug(POD).distance_to(built.parts[part]) >= GAP - 0.001


def test_the_clip_fits_and_leaves_the_lead_free(built: Built) -> None:
    clip = built.parts["clip"]
    for part in ("base", "lid-left"):
        assert clip.distance_to(built.parts[part]) >= GAP - 0.02, part
    assert clip.distance_to(lead_plug(POD)) > 2


def test_usb_is_shut_while_clipped_on(built: Built) -> None:
    """Wherever the clip still holds the pod on its way off, no plug goes in."""
    clip, base_part, plug = built.parts["clip"], built.parts["base"], usb_plug(POD)
    held, blocked = {}, {}
    ways = [*np.arange(0.0, 30.0, 2.0).tolist(), 21.5]
    for way in ways:
        held[way] = common_mm3(moved(clip, y=-way, z=-1.5), base_part) > TOUCHING_MM3
        blocked[way] = common_mm3(moved(clip, y=-way), plug) > 1.0
    assert held[0.0]
    assert held[20.0]
    assert not held[28.0]  # it comes off
    assert not blocked[28.0]  # and then the port is free: the check can fail
    for way in ways:
        assert blocked[way] or not held[way], way


@pytest.mark.parametrize("out_mm", [0.0, 2.0, 4.0, 6.0])
def test_a_plug_that_is_in_a_little_keeps_the_clip_off(built: Built, out_mm: float) -> None:
    assert common_mm3(usb_plug(POD, out=out_mm), built.parts["clip"]) > 40


def test_the_clip_stops_latches_and_slides(built: Built) -> None:
    clip, base_part = built.parts["clip"], built.parts["base"]
    assert common_mm3(moved(clip, y=0.6), base_part) > 1  # the end of its way
    assert common_mm3(moved(clip, y=-1.0), base_part) > 0.5  # the tooth in its notch
    for way in (8.0, 16.0):  # in between only the tooth rubs, and bends its spring
        shared = moved(clip, y=-way) & base_part
        assert shared.bounding_box().max.Z <= POD.clip.latch_depth - GAP + 0.01
        assert abs(shared.bounding_box().center().X - POD.clip.latch_x) < 0.1


def test_no_screw_hole_reaches_the_skin_side(built: Built) -> None:
    boards = [*(POD.emg_to_pod(*h) for h in POD.emg.holes)]
    boards += [POD.imu_to_pod(*h) for h in POD.imu.holes]
    for x, y in boards:
        core = rod(x, y, (0.0, POD.shell.thinnest), POD.shell.screw_hole)
        assert common_mm3(core, built.parts["base"]) == pytest.approx(core.volume, rel=1e-6)
        above = rod(x, y, (2.0, POD.low_board_z), POD.shell.screw_hole - 0.1)
        assert common_mm3(above, built.parts["base"]) < TOUCHING_MM3  # and the hole is there


def test_light_pipes_stand_above_their_leds(built: Built) -> None:
    for from_usb, from_jst in (POD.main.status_led, POD.main.charge_led):
        x, y = POD.main_to_pod(from_usb, from_jst)
        light = rod(x, y, (POD.main_top, POD.height), 3.0)
        assert common_mm3(light, built.parts["lid-left"]) < TOUCHING_MM3
        beside = rod(x + 3, y, (POD.ceiling_z, POD.height), 1.0)
        assert common_mm3(beside, built.parts["lid-left"]) > 1


def test_lids_differ_in_their_letter_only(built: Built) -> None:
    left, right = built.parts["lid-left"], built.parts["lid-right"]
    for one, other in ((left, right), (right, left)):
        only = one - other
        assert only.volume > 3
        assert only.bounding_box().min.Z >= POD.height - POD.shell.engraving - 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_committed_files_are_those_of_the_present_code(built: Built, name: str) -> None:
    advice = "run: python hardware/enclosure/export.py"
    committed = read_stl(enclosure_export.PRINTABLE / f"{name}.stl")
    present = triangles(on_bed(name, built.parts[name]))
    assert volume_mm3(committed) == pytest.approx(volume_mm3(present), rel=1e-4), advice
    for bound in (np.min, np.max):
        ours, theirs = (bound(m.reshape(-1, 3), axis=0) for m in (present, committed))
        np.testing.assert_allclose(theirs, ours, atol=0.01, err_msg=advice)
    for folder in (enclosure_export.PRINTABLE, built.folder):
        step = import_step(folder / f"{name}.step")
        assert step.volume == pytest.approx(built.parts[name].volume, rel=1e-5), advice
        box, own = step.bounding_box(), built.parts[name].bounding_box()
        assert (box.min - own.min).length < 0.01
        assert (box.max - own.max).length < 0.01


def test_another_cell_still_fits() -> None:
    pod = changed(POD, ["cell.length=40", "cell.width=20", "cell.thickness=8"])
    assert pod.length < POD.length - 5  # the pod has followed
    assert pod.half_width > POD.half_width + 1
    parts = {"base": base(pod), "lid-left": lid(pod, "left"), "clip": clip(pod)}
    assert all(part.is_valid for part in parts.values())
    assert collisions(pod, parts) == []


def test_a_collision_is_named(built: Built) -> None:
    thick = changed(POD, ["cell.thickness=9"])  # in the shell for a thinner one
    found = collisions(thick, built.parts)
    assert any(text.startswith("cell and lid-left collide") for text in found)
    assert collisions(POD, built.parts) == []


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("battery.length=40", r"names no group.*'cell'"),
        ("cell.lenght=40", r"names no measure of cell.*'length'"),
        ("cell.length=long", r"sets no number"),
        ("cell.length=-4", r"0 to 1000 mm"),
        ("cell.length=nan", r"0 to 1000 mm"),
        ("cell", r"names no measure of cell"),
    ],
)
def test_a_wrong_setting_says_what_there_is(
    setting: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ValueError, match=message):
        changed(Pod(), [setting])
    monkeypatch.setattr(sys, "argv", ["export.py", "--set", setting])
    with pytest.raises(SystemExit) as stopped:
        enclosure_export.main()
    assert stopped.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_shell_is_around_everything(built: Built) -> None:
    half = POD.outer_half_width
    outside = block((0, POD.length), (-half, half), (0, POD.height))
    for name, thing in built.contents.items():
        assert common_mm3(thing, outside) == pytest.approx(thing.volume, rel=1e-6), name


def test_readme_says_the_present_sizes(built: Built) -> None:
    page = (Path(enclosure_export.__file__).parent / "README.md").read_text("utf-8")
    size = POD.length, 2 * POD.outer_half_width, POD.height
    assert " × ".join(f"{value:.0f}" for value in size) + " mm closed" in page
    clip_box = built.parts["clip"].bounding_box()
    assert f"{POD.height - clip_box.min.Z:.0f} mm thick with the clip" in page
    grams = [built.parts[n].volume * PETG_G_PER_MM3 for n in ("base", "lid-left", "clip")]
    assert f"({' + '.join(f'{g:.0f}' for g in grams)} g)" in page
