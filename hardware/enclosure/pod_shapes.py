"""Shapes that more than one part needs."""

from __future__ import annotations

from build123d import (
    Align,
    Axis,
    Box,
    Cylinder,
    Part,
    Plane,
    Polygon,
    Pos,
    chamfer,
    extrude,
    fillet,
)

from pod_contents import MIDDLE, block
from pod_parameters import Pod


def prism_y(points: list[tuple[float, float]], y: tuple[float, float]) -> Part:
    """Return a profile, given as (x, z), drawn out from ``y[0]`` to ``y[1]``."""
    face = Plane.XZ * Polygon(*points, align=None)
    return Pos(0, y[0], 0) * extrude(face, y[1] - y[0], dir=(0, 1, 0))


def prism_x(points: list[tuple[float, float]], x: tuple[float, float]) -> Part:
    """Return a profile, given as (y, z), drawn out from ``x[0]`` to ``x[1]``."""
    face = Plane.YZ * Polygon(*points, align=None)
    return Pos(x[0], 0, 0) * extrude(face, x[1] - x[0], dir=(1, 0, 0))


def tray(pod: Pod, z: tuple[float, float], *, closed: str) -> Part:
    """Return one half of the shell without what is in it: ``closed`` at "bottom" or "top"."""
    shell = pod.shell
    half = pod.outer_half_width
    outer = block((0, pod.length), (-half, half), z)
    outer = fillet(outer.edges().filter_by(Axis.Z), shell.corner)
    end = 0 if closed == "bottom" else -1
    face = outer.faces().sort_by(Axis.Z)[end]
    outer = chamfer(face.edges(), shell.chamfer)
    level = z[0] + shell.chamfer if closed == "bottom" else z[1] - shell.chamfer
    rims = [
        e
        for e in outer.edges()
        if abs(e.bounding_box().min.Z - level) < 1e-6
        and abs(e.bounding_box().max.Z - level) < 1e-6
    ]
    outer = fillet(rims, shell.rounding)
    inner_z = (
        (z[0] + shell.floor, z[1] + 1) if closed == "bottom" else (z[0] - 1, z[1] - shell.ceiling)
    )
    inner = block(
        (shell.wall, pod.length - shell.wall), (-pod.half_width, pod.half_width), inner_z
    )
    return outer - fillet(inner.edges().filter_by(Axis.Z), shell.inner_corner)


def rod(x: float, y: float, z: tuple[float, float], diameter: float) -> Part:
    """Return an upright cylinder."""
    return Pos(x, y, z[0]) * Cylinder(diameter / 2, z[1] - z[0], align=MIDDLE)


def slot_from(x: float, y: float, z: tuple[float, float], size: tuple[float, float]) -> Part:
    """Return a box of ``size`` (x, y) in the middle of ``x`` and ``y``."""
    return Pos(x, y, z[0]) * Box(
        size[0], size[1], z[1] - z[0], align=(Align.CENTER, Align.CENTER, Align.MIN)
    )
