"""Draw the pictures of README.md from the shapes that export.py writes.

Example
-------
    python hardware/enclosure/make_pictures.py
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from build123d import Part, Pos
from matplotlib.axes import Axes
from rich.progress import Progress

from pod_contents import block, contents, usb_plug
from pod_parameters import POD, Pod
from pod_parts import printed_parts, triangles
from shaded_view import Body, Picture, View, draw

# Okabe and Ito (2008): told apart by colour-blind readers, too.
COLORS = {
    "base": (0.34, 0.71, 0.91),
    "lid": (0.93, 0.68, 0.25),
    "clip": (0.62, 0.62, 0.62),
    "main board": (0.0, 0.62, 0.45),
    "EMG board": (0.80, 0.47, 0.65),
    "IMU board": (0.84, 0.37, 0.0),
    "cell": (0.94, 0.89, 0.26),
    "plug": (0.25, 0.25, 0.28),
}
NAMES = {
    "base": "base",
    "lid": "lid",
    "clip": "clip",
    "main board": "Thing Plus RP2350",
    "EMG board": "ADS1292R breakout",
    "IMU board": "LSM6DSOX breakout",
    "cell": "LiPo cell 503035",
    "plug": "USB-C plug",
}


def show(axes: Axes, picture: Picture) -> None:
    """Put a drawn picture into ``axes``, one pixel as one unit."""
    axes.imshow(picture.pixels.clip(0, 1), interpolation="antialiased")
    axes.set_axis_off()


def label(
    axes: Axes,
    picture: Picture,
    point: tuple[float, float, float],
    text: str,
    to: tuple[float, float],
) -> None:
    """Write ``text`` at ``to`` (fractions of the picture) with a line to a point of the pod."""
    height, width = picture.pixels.shape[:2]
    axes.annotate(
        text,
        xy=picture.at(point),
        xytext=(to[0] * width, to[1] * height),
        fontsize=9,
        ha="center",
        va="center",
        arrowprops={"arrowstyle": "-", "lw": 0.8, "color": "0.2", "shrinkA": 2},
    )


def bodies(shapes: dict[str, Part]) -> list[Body]:
    """Return the meshes of shapes in the colours of their names."""
    return [Body(triangles(shape), COLORS[name]) for name, shape in shapes.items()]


def all_shapes(pod: Pod) -> dict[str, Part]:
    """Return everything of a left pod by the names of ``COLORS``, without plugs."""
    parts = printed_parts(pod)
    return {
        "base": parts["base"],
        "lid": parts["lid-left"],
        "clip": parts["clip"],
        **contents(pod),
    }


def exploded(shapes: dict[str, Part], out: Path) -> None:
    """Draw the parts apart, in the order in which they go together."""
    lift = {"lid": 62.0, "main board": 38.0, "EMG board": 16.0, "IMU board": 16.0, "cell": 16.0}
    lift["clip"] = -26.0
    apart = {name: Pos(0, 0, lift.get(name, 0.0)) * shape for name, shape in shapes.items()}
    picture = draw(bodies(apart), View(-62, 26, 11))
    figure, axes = plt.subplots(figsize=(8, 8), layout="constrained")
    show(axes, picture)
    middle = {
        "lid": (80, -20.3, 20 + 62),
        "main board": (58, -11.4, 15.5 + 38),
        "EMG board": (62, 10, 8.5 + 16),
        "IMU board": (83, -4, 6.7 + 16),
        "cell": (3, -17, 6 + 16),
        "base": (86, -20, 8),
        "clip": (91, -16, 2 - 26),
    }
    places = {
        "lid": (1.10, 0.20),
        "main board": (1.10, 0.37),
        "IMU board": (1.10, 0.56),
        "EMG board": (1.10, 0.47),
        "cell": (-0.06, 0.62),
        "base": (1.10, 0.69),
        "clip": (1.10, 0.90),
    }
    for name, to in places.items():
        label(axes, picture, middle[name], NAMES[name], to)
    save(figure, out)


def worn(shapes: dict[str, Part], out: Path) -> None:
    """Draw the closed pod on its clip, from outside and from the body."""
    closed = {name: shapes[name] for name in ("base", "lid", "clip")}
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    for axes, view, title in (
        (left, View(-125, 38, 9), "from outside: the clip covers the USB port (left end)"),
        (right, View(-125, -32, 9), "from the body: the waistband goes under the tongue"),
    ):
        show(axes, draw(bodies(closed), view))
        axes.set_title(title, fontsize=9)
    save(figure, out)


def section(pod: Pod, shapes: dict[str, Part], out: Path) -> None:
    """Draw a cut along the middle: with the clip; and without it, with plugs in."""
    behind = block((-60, pod.length + 60), (0, 60), (-60, 60))
    cut = {name: shape & behind for name, shape in shapes.items()}
    view = View(-90, 0, 12)
    figure, (top, low) = plt.subplots(2, 1, figsize=(9, 6.4), layout="constrained")
    picture = draw(bodies(cut), view)
    show(top, picture)
    top.set_title("clip on: its wall stands before the USB port", fontsize=9, loc="left")
    for name, point, to in (
        ("lid", (70, 0, pod.height - 1), (0.80, -0.13)),
        ("main board", (32, 0, pod.main_top), (0.52, -0.13)),
        ("cell", (18, 0, 6), (0.30, 1.10)),
        ("EMG board", (52, 0, pod.low_board_z + 1), (0.60, 1.10)),
        ("IMU board", (76, 0, pod.low_board_z + 1), (0.86, 1.10)),
        ("clip", (-1.5, 0, pod.usb_z), (-0.06, 0.16)),
        ("base", (pod.length - 1, 0, 11), (1.06, 0.40)),
    ):
        label(top, picture, point, NAMES[name], to)
    free = {name: shape for name, shape in cut.items() if name != "clip"}
    free["plug"] = usb_plug(pod) & behind
    free["main board"] -= free["plug"]
    picture = draw(bodies(free), view)
    show(low, picture)
    low.set_title("clip off: now a cable goes in", fontsize=9, loc="left")
    label(low, picture, (-10, 0, pod.usb_z), NAMES["plug"], (0.08, 0.95))
    save(figure, out)


def save(figure: plt.Figure, out: Path) -> None:
    """Write the figure, small enough to keep."""
    figure.savefig(out, dpi=110, bbox_inches="tight", facecolor="white")
    plt.close(figure)


def main() -> None:
    """Run as a command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with Progress(transient=True) as progress:
        task = progress.add_task("draw", total=4)
        shapes = all_shapes(POD)
        progress.advance(task)
        exploded(shapes, out / "exploded.png")
        progress.advance(task)
        worn(shapes, out / "worn.png")
        progress.advance(task)
        section(POD, shapes, out / "section.png")
        progress.advance(task)


if __name__ == "__main__":
    main()
