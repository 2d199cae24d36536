"""Measures of a triangle mesh as a printer gets it: closed, wall thickness, overhangs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
RAYS_AT_ONCE = 512  # bounds the memory: rays x triangles x 3 numbers


def read_stl(path: Path) -> Floats:
    """Read a binary STL.

    Returns
    -------
    Corners of the triangles in mm, ``(n_triangles, 3, 3)``.

    Raises
    ------
    ValueError
        If the file is no binary STL of the length that its header states.
    """
    raw = path.read_bytes()
    record = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("unused", "<u2")])
    count = int.from_bytes(raw[80:84], "little")
    if len(raw) != 84 + count * record.itemsize:
        raise ValueError(
            f"{path} is no binary STL: {len(raw)} bytes where its header promises "
            f"{84 + count * record.itemsize}. Export it again."
        )
    return np.frombuffer(raw, record, offset=84)["corners"].astype(np.float64)


def normals_and_areas(triangles: Floats) -> tuple[Floats, Floats]:
    """Return unit normals outwards ``(n, 3)`` and areas in mm² ``(n,)``."""
    cross = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    double = np.linalg.norm(cross, axis=1)
    return cross / np.maximum(double, 1e-12)[:, None], double / 2


def volume_mm3(triangles: Floats) -> float:
    """Return the volume that a closed mesh encloses (divergence theorem)."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def open_edges(triangles: Floats, decimals: int = 4) -> int:
    """Return how many edges are not shared by exactly two triangles of opposite direction."""
    corners, index = np.unique(
        np.round(triangles.reshape(-1, 3), decimals), axis=0, return_inverse=True
    )
    faces = index.reshape(-1, 3)
    faces = faces[[len({*face}) == 3 for face in faces.tolist()]]  # others collapsed to a line
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    forward = directed[:, 0] * len(corners) + directed[:, 1]
    backward = directed[:, 1] * len(corners) + directed[:, 0]
    used, times = np.unique(forward, return_counts=True)
    return int(np.sum(times != 1) + np.sum(~np.isin(used, backward)))


def sample(triangles: Floats, count: int, seed: int) -> tuple[Floats, Floats]:
    """Return points spread evenly over the surface ``(count, 3)`` and the normals there."""
    rng = np.random.default_rng(seed)
    normals, areas = normals_and_areas(triangles)
    chosen = rng.choice(len(triangles), count, p=areas / areas.sum())
    u, v = rng.random(count), rng.random(count)
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    corner, one, two = (triangles[chosen, k] for k in range(3))
    return corner + u[:, None] * (one - corner) + v[:, None] * (two - corner), normals[chosen]


def first_hits(triangles: Floats, origins: Floats, directions: Floats) -> Floats:
    """Return how far each ray goes until it meets the mesh, in mm; infinite if it does not.

    Ref: Möller and Trumbore, Fast, minimum storage ray/triangle intersection (1997).
    """
    corner = triangles[:, 0]
    one, two = triangles[:, 1] - corner, triangles[:, 2] - corner
    distances = np.empty(len(origins))
    for start in range(0, len(origins), RAYS_AT_ONCE):
        part = slice(start, start + RAYS_AT_ONCE)
        ray = directions[part, None]
        p = np.cross(ray, two)
        determinant = np.einsum("ijk,jk->ij", p, one)
        with np.errstate(divide="ignore", invalid="ignore"):
            to_origin = origins[part, None] - corner
            u = np.einsum("ijk,ijk->ij", to_origin, p) / determinant
            q = np.cross(to_origin, one)
            v = np.einsum("ijk,ijk->ij", q, np.broadcast_to(ray, q.shape)) / determinant
            t = np.einsum("ijk,jk->ij", q, two) / determinant
            hit = (np.abs(determinant) > 1e-9) & (u >= -1e-6) & (v >= -1e-6) & (u + v <= 1 + 1e-6)
        distances[part] = np.where(hit & (t > 1e-3), t, np.inf).min(axis=1)
    return distances


@dataclass(frozen=True)
class Thickness:
    """What rays into the material found."""

    thinnest_mm: float
    at: tuple[float, float, float]
    thicknesses_mm: Floats
    points: Floats


def wall_thickness(triangles: Floats, count: int = 6000, seed: int = 1) -> Thickness:
    """Measure how thick the material is: from points all over the surface straight inwards."""
    points, normals = sample(triangles, count, seed)
    inwards = -normals
    origins = points + 1e-4 * inwards
    distances = first_hits(triangles, origins, inwards)
    order = np.argsort(distances)
    first = order[0]
    where = tuple(float(value) for value in points[first])
    return Thickness(float(distances[first]), (where[0], where[1], where[2]), distances, points)


def unsupported_spans(
    triangles: Floats, steepest_degrees: float = 45.0, first_layer_mm: float = 0.4
) -> list[tuple[float, tuple[float, float, float]]]:
    """Return what a printer has to bridge: areas that hang over more than ``steepest_degrees``.

    Of every connected area: the longer side of its bounding box in x and y in mm, and its middle;
    widest first. The mesh lies as it is printed, z up. Triangles of a rounded 45 degree edge are a
    little steeper than it is: two degrees are let pass.
    """
    normals, _ = normals_and_areas(triangles)
    bed = triangles[:, :, 2].min() + first_layer_mm
    limit = -np.sin(np.radians(steepest_degrees + 2.0))
    hanging = triangles[(normals[:, 2] < limit) & (triangles[:, :, 2].max(axis=1) > bed)]
    corners = [{tuple(c) for c in np.round(t, 3).tolist()} for t in hanging]
    groups: list[tuple[set[tuple[float, ...]], list[int]]] = []
    for number, mine in enumerate(corners):
        members = [number]
        apart = []
        for theirs, numbers in groups:
            if mine & theirs:
                mine, members = mine | theirs, members + numbers
            else:
                apart.append((theirs, numbers))
        groups = [*apart, (mine, members)]
    spans = []
    for _, members in groups:
        points = hanging[members].reshape(-1, 3)
        size = np.ptp(points, axis=0)
        middle = points.mean(axis=0)
        spans.append((float(max(size[0], size[1])), (middle[0], middle[1], middle[2])))
    return sorted(spans, reverse=True)
