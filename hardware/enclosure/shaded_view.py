"""Draws triangle meshes into an image: a z-buffer in NumPy, so that no screen or GPU is needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LIGHT = np.array([-0.35, 0.45, 0.82])  # in the axes of the view: right, up, towards the viewer
SHARP_DEGREES = 25.0  # edges between faces that differ by more are drawn
INK = np.array([0.13, 0.16, 0.2])


@dataclass(frozen=True)
class Body:
    """A mesh in mm, ``(n, 3, 3)``, with its colour (red, green, blue from 0 to 1)."""

    triangles: Floats
    color: tuple[float, float, float]


@dataclass(frozen=True)
class View:
    """Seen in parallel, from ``azimuth`` about z and ``elevation`` above the x-y plane."""

    azimuth_degrees: float
    elevation_degrees: float
    pixels_per_mm: float = 12.0
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)

    def axes(self) -> Floats:
        """Return unit vectors to the right, up and to the viewer, as rows."""
        a, e = np.radians([self.azimuth_degrees, self.elevation_degrees])
        back = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
        right = np.cross(self.up, back)
        right /= np.linalg.norm(right)
        return np.array([right, np.cross(back, right), back])


@dataclass(frozen=True)
class Picture:
    """Pixels ``(height, width, 4)`` with alpha, and how to find a point (mm) in them."""

    pixels: Floats
    view: View
    low: Floats

    def at(self, point: tuple[float, float, float]) -> tuple[float, float]:
        """Return column and row of a point."""
        right, up, _ = self.view.axes() @ np.array(point)
        scale = self.view.pixels_per_mm
        return (
            float((right - self.low[0]) * scale),
            float(self.pixels.shape[0] - (up - self.low[1]) * scale),
        )


def draw(bodies: list[Body], view: View, margin_mm: float = 2.0) -> Picture:
    """Draw opaque bodies with flat shading and their sharp edges."""
    axes = view.axes()
    seen = [(body.triangles.reshape(-1, 3) @ axes.T).reshape(-1, 3, 3) for body in bodies]
    points = np.concatenate([s.reshape(-1, 3) for s in seen])
    low, high = points.min(axis=0) - margin_mm, points.max(axis=0) + margin_mm
    fine = 2 * view.pixels_per_mm  # twice the resolution, averaged in the end
    columns, rows = (np.ceil((high - low)[:2] * fine / 2).astype(int) * 2).tolist()
    depth = np.full((rows, columns), -np.inf)
    image = np.zeros((rows, columns, 4))
    light = LIGHT / np.linalg.norm(LIGHT)
    for body, triangles in zip(bodies, seen, strict=True):
        screen = triangles.copy()
        screen[:, :, :2] = (screen[:, :, :2] - low[:2]) * fine
        normals = _normals(triangles)
        shade = 0.42 + 0.58 * np.clip(normals @ light, 0, 1)
        colors = np.array(body.color) * shade[:, None]
        for triangle, normal, color in zip(screen, normals, colors, strict=True):
            if normal[2] > 1e-9:
                _fill(depth, image, triangle, color)
    for triangles in seen:
        for start, end in _sharp_edges(triangles):
            _line(depth, image, start, end, low, fine)
    image = image.reshape(rows // 2, 2, columns // 2, 2, 4).mean(axis=(1, 3))
    image[..., :3] /= np.maximum(image[..., 3:], 1e-9)  # premultiplied by the averaging
    return Picture(image[::-1], view, low)


def _normals(triangles: Floats) -> Floats:
    cross = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    return cross / np.maximum(np.linalg.norm(cross, axis=1), 1e-12)[:, None]


def _fill(depth: Floats, image: Floats, triangle: Floats, color: Floats) -> None:
    (x0, y0, z0), (x1, y1, z1), (x2, y2, z2) = triangle.tolist()
    left, right = int(min(x0, x1, x2)), int(max(x0, x1, x2)) + 1
    low, high = int(min(y0, y1, y2)), int(max(y0, y1, y2)) + 1
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    if abs(area) < 1e-9:
        return
    x = np.arange(left, right + 1) + 0.5
    y = (np.arange(low, high + 1) + 0.5)[:, None]
    b = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / area
    c = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / area
    inside = (b >= -1e-6) & (c >= -1e-6) & (b + c <= 1 + 1e-6)
    z = z0 + b * (z1 - z0) + c * (z2 - z0)
    window = (slice(low, high + 1), slice(left, right + 1))
    nearer = inside & (z > depth[window])
    depth[window][nearer] = z[nearer]
    image[window][nearer] = (*color, 1.0)


def _sharp_edges(triangles: Floats) -> list[tuple[Floats, Floats]]:
    """Return both ends of each edge between faces that differ in direction."""
    normals = _normals(triangles)
    known: dict[tuple[tuple[float, ...], ...], tuple[int, Floats, Floats]] = {}
    limit = np.cos(np.radians(SHARP_DEGREES))
    edges = []
    rounded = np.round(triangles, 3)
    for number in range(len(triangles)):
        for k in range(3):
            start, end = triangles[number, k], triangles[number, (k + 1) % 3]
            ends = sorted([tuple(rounded[number, k]), tuple(rounded[number, (k + 1) % 3])])
            other = known.pop((ends[0], ends[1]), None)
            if other is None:
                known[ends[0], ends[1]] = (number, start, end)
            elif float(normals[number] @ normals[other[0]]) < limit:
                edges.append((start, end))
    return edges


def _line(
    depth: Floats, image: Floats, start: Floats, end: Floats, low: Floats, fine: float
) -> None:
    """Draw a line where it is not hidden."""
    steps = int(np.abs(end - start)[:2].max() * fine) + 2
    points = start + np.linspace(0, 1, steps)[:, None] * (end - start)
    column, row = ((points[:, :2] - low[:2]) * fine).astype(int).T
    for shift_x, shift_y in ((0, 0), (1, 0), (0, 1)):
        x = np.clip(column + shift_x, 0, depth.shape[1] - 1)
        y = np.clip(row + shift_y, 0, depth.shape[0] - 1)
        shown = points[:, 2] + 0.15 > depth[y, x]
        image[y[shown], x[shown]] = (*INK, 1.0)
