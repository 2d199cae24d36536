"""The printed parts of a pod: where they are, how they are printed, whether they can be."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import combinations

import numpy as np
from build123d import Location, Part, Pos, Rot
from numpy.typing import NDArray

from mesh_measures import open_edges, unsupported_spans, volume_mm3, wall_thickness
from pod_base import base
from pod_clip import clip
from pod_contents import contents, lead_plug, usb_plug
from pod_lid import lid
from pod_parameters import Pod

BED_MM = 200.0
LONGEST_BRIDGE_MM = 15.0
PETG_G_PER_MM3 = 1.27e-3
TOLERANCE_MM = 0.05  # of the meshes, from the true shape
TOLERANCE_RADIANS = 0.2
TOUCHING_MM3 = 1e-3  # shapes that share less do but touch

# How a part is turned for printing, from where it is in the pod.
PRINTED = {
    "base": Rot(0, 0, 0),
    "lid-left": Rot(180, 0, 0),  # its outer face on the bed
    "lid-right": Rot(180, 0, 0),
    "clip": Rot(90, 0, 0),  # on its side: the layers run along the tongue
}


def printed_parts(pod: Pod) -> dict[str, Part]:
    """Build all parts, where they are in the pod."""
    return {
        "base": base(pod),
        "lid-left": lid(pod, "left"),
        "lid-right": lid(pod, "right"),
        "clip": clip(pod),
    }


def on_bed(name: str, part: Part) -> Part:
    """Return the part as it is printed: in the first quadrant, on z = 0."""
    turned: Part = PRINTED[name] * part
    low = turned.bounding_box().min
    moved: Location = Pos(-low.X, -low.Y, -low.Z)
    return moved * turned


def triangles(part: Part) -> NDArray[np.float64]:
    """Return the corners of the part's mesh in mm, ``(n_triangles, 3, 3)``."""
    corners, faces = part.tessellate(TOLERANCE_MM, TOLERANCE_RADIANS)
    return np.array([(c.X, c.Y, c.Z) for c in corners])[np.array(faces)]


@dataclass(frozen=True)
class PrintCheck:
    """What a printer and its user need to know of a part."""

    size_mm: tuple[float, float, float]
    volume_mm3: float
    closed: bool
    thinnest_mm: float
    longest_bridge_mm: float

    def problems(self, pod: Pod) -> list[str]:
        """Say what is wrong, in words; empty if the part can be printed."""
        found = []
        if not self.closed:
            found.append("the mesh is not closed")
        if self.thinnest_mm < pod.shell.thinnest - 0.05:
            found.append(f"a wall is {self.thinnest_mm:.2f} mm, not {pod.shell.thinnest} mm")
        if self.longest_bridge_mm > LONGEST_BRIDGE_MM:
            found.append(f"{self.longest_bridge_mm:.0f} mm hang over without support")
        if max(self.size_mm[:2]) > BED_MM:
            found.append(f"larger than a bed of {BED_MM:.0f} mm")
        return found


def check(mesh: NDArray[np.float64], rays: int = 6000) -> PrintCheck:
    """Measure a mesh that lies as it is printed."""
    size = np.ptp(mesh.reshape(-1, 3), axis=0)
    spans = unsupported_spans(mesh)
    return PrintCheck(
        size_mm=(float(size[0]), float(size[1]), float(size[2])),
        volume_mm3=volume_mm3(mesh),
        closed=open_edges(mesh) == 0,
        thinnest_mm=wall_thickness(mesh, rays).thinnest_mm,
        longest_bridge_mm=spans[0][0] if spans else 0.0,
    )


def common_mm3(one: Part, other: Part) -> float:
    """Return the volume that two shapes share, in mm³."""
    shared = one & other
    return 0.0 if shared is None else float(sum(solid.volume for solid in shared.solids()))


def collisions(pod: Pod, parts: dict[str, Part]) -> list[str]:
    """Say in words what is where something else is, in the closed pod on its clip."""
    things = {**contents(pod), "lead plug": lead_plug(pod), "USB plug": usb_plug(pod)}
    fitted = {name: parts[name] for name in ("base", "lid-left", "clip")}
    pairs = [(a, b) for a in things for b in fitted if (a, b) != ("USB plug", "clip")]
    pairs += combinations(fitted, 2)
    inside = [name for name in things if not name.endswith("plug")]
    pairs += combinations(inside, 2)
    everything = {**things, **fitted}
    shared = {pair: common_mm3(*(everything[name] for name in pair)) for pair in pairs}
    return [
        f"{one} and {other} collide: {volume:.1f} mm³"
        for (one, other), volume in shared.items()
        if volume > TOUCHING_MM3
    ]


def changed(pod: Pod, settings: list[str]) -> Pod:
    """Return the pod with measures changed, each given as "group.name=millimetres".

    Raises
    ------
    ValueError
        If one is not of this form, or names no measure that is a single number.
    """
    for setting in settings:
        path, _, text = setting.partition("=")
        group, _, name = path.strip().partition(".")
        groups = [f.name for f in fields(pod) if f.name not in ("post_height", "room")]
        if group not in groups:
            raise ValueError(f"{setting!r} names no group of measures. There are: {groups}.")
        measures = getattr(pod, group)
        names = [f.name for f in fields(measures) if isinstance(getattr(measures, f.name), float)]
        if name not in names:
            raise ValueError(f"{setting!r} names no measure of {group}. There are: {names}.")
        try:
            value = float(text)
        except ValueError:
            raise ValueError(
                f"{setting!r} sets no number. Write millimetres, as in cell.length=40."
            ) from None
        if not 0 <= value < 1000:
            raise ValueError(f"{setting!r} is no length of a part of a pod (0 to 1000 mm).")
        pod = replace(pod, **{group: replace(measures, **{name: value})})
    return pod
