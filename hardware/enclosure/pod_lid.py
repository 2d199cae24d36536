"""The outer half: main board with its USB port, light pipes, hooks that close the pod, L or R."""

from __future__ import annotations

from typing import Literal

from build123d import (
    Axis,
    Circle,
    Part,
    Plane,
    Polygon,
    Pos,
    Rectangle,
    Sketch,
    extrude,
    fillet,
)

from pod_contents import block
from pod_parameters import Pod
from pod_shapes import prism_x, prism_y, rod, tray

Side = Literal["left", "right"]


def lid(pod: Pod, side: Side) -> Part:
    """Return the lid, as it lies in the pod; it is printed upside down."""
    shell = pod.shell
    body = tray(pod, (pod.split_z, pod.height), closed="top")
    body += _main_board_posts(pod) + _hook_for_main_board(pod)
    for sign, middles in ((1, shell.snaps_jst_side), (-1, shell.snaps_jack_side)):
        for x in middles:
            body += _snap(pod, x, sign)
    body -= _usb_opening(pod) + _screw_holes(pod) + _light_pipes(pod)
    return body - _letter(pod, side)


def _holes(pod: Pod, from_usb: float) -> list[tuple[float, float]]:
    inset = pod.main.hole_from_edge
    return [pod.main_to_pod(from_usb, y) for y in (inset, pod.main.width - inset)]


def _main_board_posts(pod: Pod) -> Part:
    """Return posts for screws at the USB end, and pins at the radio: no metal may be near it."""
    main, shell = pod.main, pod.shell
    posts = Part()
    for x, y in _holes(pod, main.hole_from_edge):
        posts += rod(x, y, (pod.main_top, pod.ceiling_z + 0.1), shell.post)
    edge = main.radio[2] - shell.gap  # the radio module begins here
    for x, y in _holes(pod, main.length - main.hole_from_edge):
        outwards = 1 if y > 0 else -1
        beside_radio = main.width / 2 - edge
        ys = sorted((outwards * beside_radio, outwards * (main.width / 2 - 0.3)))
        posts += block((x - 2.2, x + 2.2), (ys[0], ys[1]), (pod.main_top, pod.ceiling_z + 0.1))
        posts += rod(
            x, y, (pod.main_z - 1.0, pod.main_top + 0.1), main.hole_diameter - 2 * shell.gap
        )
    return posts


def _screw_holes(pod: Pod) -> Part:
    holes = Part()
    for x, y in _holes(pod, pod.main.hole_from_edge):
        holes += rod(x, y, (pod.main_top - 1, pod.ceiling_z - 0.8), pod.shell.screw_hole)
    return holes


def _hook_for_main_board(pod: Pod) -> Part:
    """Under the edge at the radio's end: put the board in here first, then screw the other end."""
    edge = pod.main_x + pod.main.length
    near, far = edge + pod.shell.gap, edge + pod.shell.gap + 2.2
    under, reach = pod.main_z + 0.2, 1.1
    # Seen along y. The lip has 45 degrees on both sides: it holds, and it prints upside down.
    points = [
        (near, pod.ceiling_z + 0.1),
        (near, under),
        (near - reach, under - reach),
        (near - reach, under - reach - 0.6),
        (near, under - reach - 1.7),
        (far, under - reach - 1.7),
        (far, pod.ceiling_z + 0.1),
    ]
    return prism_y(points, (-5.0, 5.0))


def _snap(pod: Pod, x: float, sign: int) -> Part:
    """Return a tongue from the ceiling with a hook for a window of the base."""
    shell = pod.shell
    wall = pod.half_width - shell.gap
    inner, hook = wall - shell.snap_thickness, wall + shell.snap_hook
    tip, top = pod.snap_z, pod.ceiling_z + 0.1
    rise = hook - wall
    points = [
        (inner, top),
        (inner, tip),
        (wall, tip),
        (hook, tip + 0.3 + rise),
        (hook, tip + 0.6 + rise),
        (wall, tip + 0.6 + 2 * rise),
        (wall, top),
    ]
    points = [(sign * y, z) for y, z in points]
    half = shell.snap_width / 2
    return prism_x(points, (x - half, x + half))


def _usb_opening(pod: Pod) -> Part:
    """For the whole body of a plug, open down to the base."""
    plugs, shell = pod.plugs, pod.shell
    width = plugs.usb_width + 2 * shell.gap
    top = pod.usb_z + plugs.usb_height / 2 + shell.gap
    hole = block((-1, shell.wall + 0.2), (-width / 2, width / 2), (pod.split_z - 1, top))
    upper = hole.edges().filter_by(Axis.X).group_by(Axis.Z)[-1]
    return fillet(upper, 1.5)


def _light_pipes(pod: Pod) -> Part:
    pipes = Part()
    for from_usb, from_jst in (pod.main.status_led, pod.main.charge_led):
        x, y = pod.main_to_pod(from_usb, from_jst)
        pipes += rod(x, y, (pod.ceiling_z - 1, pod.height + 1), pod.shell.light_pipe)
    return pipes


def _letter(pod: Pod, side: Side) -> Part:
    """L or R, upright when the USB end is up. Drawn, so that no font is needed."""
    stroke, width, height = 2.4, 9.0, 14.0
    shape = _l_shape(stroke, width, height) if side == "left" else _r_shape(stroke, width, height)
    depth = pod.shell.engraving
    # Up of the letter is -x of the pod; seen from outside, its right is then +y.
    place = Plane(origin=(pod.length - 26.0, 0, pod.height - depth), x_dir=(0, 1, 0))
    return extrude(place * shape, depth + 1, dir=(0, 0, 1))


def _l_shape(stroke: float, width: float, height: float) -> Sketch:
    x, y = width / 2, height / 2
    points = [(-x, -y), (x, -y), (x, stroke - y), (stroke - x, stroke - y), (stroke - x, y)]
    return Polygon(*points, (-x, y), align=None)


def _r_shape(stroke: float, width: float, height: float) -> Sketch:
    x, y = width / 2, height / 2
    outer = height / 4 + stroke / 4  # radius of the bowl
    middle = y - outer
    bowl = Pos(x - outer, middle) * (Circle(outer) - Circle(outer - stroke))
    bowl -= Pos(x - 2 * outer, middle) * Rectangle(2 * outer, 3 * outer)
    arms = Pos((x - outer - x) / 2, y - stroke / 2) * Rectangle(width - outer, stroke)
    arms += Pos((x - outer - x) / 2, middle - outer + stroke / 2) * Rectangle(
        width - outer, stroke
    )
    stem = Pos(-x + stroke / 2, 0) * Rectangle(stroke, height)
    top = middle - outer + stroke
    leg = Polygon(
        (-0.6, top), (-0.6 + stroke * 1.15, top), (x, -y), (x - stroke * 1.15, -y), align=None
    )
    return stem + arms + bowl + leg
