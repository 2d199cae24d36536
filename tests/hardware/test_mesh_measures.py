"""The measures of a mesh, on shapes whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mesh_measures import (
    open_edges,
    read_stl,
    unsupported_spans,
    volume_mm3,
    wall_thickness,
)

Floats = NDArray[np.float64]


def box(low: tuple[float, float, float], high: tuple[float, float, float]) -> Floats:
    """Return the twelve triangles of a box, outside counter-clockwise."""
    corners = np.array(
        [[float((low, high)[(k >> axis) & 1][axis]) for axis in range(3)] for k in range(8)]
    )
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    faces = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]
    return corners[np.array(faces)]


def inside_out(triangles: Floats) -> Floats:
    return triangles[:, ::-1]


def hollow(wall: float) -> Floats:
    """Return a closed box of 20 mm with a cavity; one of its walls is ``wall`` thick."""
    cavity = inside_out(box((wall, 3, 3), (17, 17, 17)))
    return np.concatenate([box((0, 0, 0), (20, 20, 20)), cavity])


def test_a_box_is_closed_and_has_its_volume() -> None:
    mesh = box((1, 2, 3), (4, 6, 8))
    assert open_edges(mesh) == 0
    assert volume_mm3(mesh) == pytest.approx(3 * 4 * 5)
    assert volume_mm3(inside_out(mesh)) == pytest.approx(-60)


@pytest.mark.parametrize("harm", ["missing", "turned", "double"])
def test_a_hole_a_turned_and_a_double_triangle_are_found(harm: str) -> None:
    mesh = box((0, 0, 0), (1, 1, 1))
    if harm == "missing":
        mesh = mesh[1:]
    elif harm == "turned":
        mesh[0] = mesh[0, ::-1]
    else:
        mesh = np.concatenate([mesh, mesh[:1]])
    assert open_edges(mesh) >= 3


@pytest.mark.parametrize("wall", [0.8, 1.6, 2.5])
def test_the_thinnest_wall_is_found_with_its_place(wall: float) -> None:
    found = wall_thickness(hollow(wall), count=2000)
    assert found.thinnest_mm == pytest.approx(wall, abs=1e-3)
    assert found.at[0] == pytest.approx(0, abs=1e-6) or found.at[0] == pytest.approx(wall)


def test_a_table_hangs_over_and_a_45_degree_roof_does_not() -> None:
    leg, top = box((0, 0, 0), (2, 2, 10)), box((0, 0, 10), (30, 12, 12))
    (span, middle), *others = unsupported_spans(np.concatenate([leg, top]))
    assert span == pytest.approx(30)
    assert middle[2] == pytest.approx(10)
    assert not others
    leaning = box((0, 0, 0), (10, 10, 10))
    leaning[..., 0] += leaning[..., 2]  # its walls lean by 45 degrees
    assert unsupported_spans(leaning) == []
    leaning[..., 0] += leaning[..., 2] * 0.5
    assert unsupported_spans(leaning)[0][0] == pytest.approx(15, abs=0.1)


def test_what_lies_on_the_bed_needs_no_support() -> None:
    assert unsupported_spans(box((0, 0, 0), (50, 50, 5))) == []


def test_a_file_that_is_no_stl_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.stl"
    path.write_bytes(b"\0" * 80 + (3).to_bytes(4, "little") + b"\0" * 20)
    with pytest.raises(ValueError, match=r"cut\.stl is no binary STL.*Export it again"):
        read_stl(path)
