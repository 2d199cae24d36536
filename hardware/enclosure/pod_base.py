"""The half at the body: cell, EMG board, IMU board, rails for the clip. No metal at the skin."""

from __future__ import annotations

from build123d import Cylinder, Part, Pos, Rot

from pod_contents import MIDDLE, block
from pod_parameters import Pod
from pod_shapes import prism_x, prism_y, rod, slot_from, tray


def base(pod: Pod) -> Part:
    """Return the base, as it lies in the pod; it is printed like this."""
    shell = pod.shell
    body = tray(pod, (0, pod.split_z), closed="bottom")
    body += block(
        (pod.guard_x, pod.guard_x + shell.thinnest),
        (-pod.half_width, pod.half_width),
        (shell.floor, shell.floor + pod.cell.thickness + pod.cell.swelling),
    )
    body += _board_posts(pod) + _rails(pod) + _lead_comb(pod)
    body -= _screw_holes(pod) + _windows(pod) + _latch_notch(pod)
    return body - _jack_opening(pod)


def _holes(pod: Pod) -> list[tuple[float, float]]:
    return [pod.emg_to_pod(*hole) for hole in pod.emg.holes] + [
        pod.imu_to_pod(*hole) for hole in pod.imu.holes
    ]


def _board_posts(pod: Pod) -> Part:
    """Return posts under the holes, and rests under the other edge of either board."""
    z = (pod.shell.floor, pod.low_board_z)
    posts = Part()
    for x, y in _holes(pod):
        posts += rod(x, y, z, pod.shell.post)
    for along in (5.0, 28.0):
        x, y = pod.emg_to_pod(along, 23.0)
        posts += slot_from(x, y, z, (4, 4))
    for along in (4.0, pod.imu.length - 4.0):
        x, y = pod.imu_to_pod(along, 3.2)
        posts += slot_from(x, y, z, (4, 4))
    return posts


def _screw_holes(pod: Pod) -> Part:
    """Return blind holes: what is left of the floor is as thick as any wall must be."""
    bottom = pod.shell.thinnest + 0.1
    holes = Part()
    for x, y in _holes(pod):
        holes += rod(x, y, (bottom, pod.low_board_z + 1), pod.shell.screw_hole)
    return holes


def _rails(pod: Pod) -> Part:
    """Return one at either end. 45 degrees below, to print; flat above, to hold."""
    clip = pod.clip
    low, tip, top = clip.rail_z, clip.rail_z + clip.rail, clip.rail_z + clip.rail_height
    out, inside = clip.rail, 0.5
    end = pod.length
    near = [(inside, low - inside), (-out, tip), (-out, top), (inside, top)]
    far = [(end - x, z) for x, z in near]
    return prism_y(near, clip.rail_y) + prism_y(far, clip.rail_y)


def _latch_notch(pod: Pod) -> Part:
    """Return a V-shaped groove in the underside that the latch of the clip falls into."""
    clip = pod.clip
    depth, half = clip.latch_depth, clip.latch_width / 2 + 1
    y = clip.latch_y
    flat = 0.4
    wide = depth + flat + 0.5  # at z = -0.5, with sides of 45 degrees
    points = [(y - wide, -0.5), (y + wide, -0.5), (y + flat, depth), (y - flat, depth)]
    return prism_x(points, (clip.latch_x - half, clip.latch_x + half))


def _windows(pod: Pod) -> Part:
    """Return openings for the hooks of the lid; press the hooks in to open the pod."""
    shell = pod.shell
    width = shell.snap_width + 2 * shell.gap
    hook_top = pod.snap_z + 2 * shell.snap_hook + 0.6 - shell.gap  # in the plane of the inner wall
    z = (pod.snap_z - shell.gap, hook_top + 0.15)
    windows = Part()
    for side, middles in ((1, shell.snaps_jst_side), (-1, shell.snaps_jack_side)):
        for x in middles:
            y = side * (pod.half_width + shell.wall / 2)
            windows += slot_from(x, y, z, (width, shell.wall + 0.6))
    return windows


def _jack_opening(pod: Pod) -> Part:
    """Return a cut, round below, open to the lid: the body of the plug reaches the jack."""
    x = pod.emg_x + pod.emg.jack_across
    diameter = pod.plugs.lead_diameter + 2 * pod.shell.gap
    y = -pod.half_width - pod.shell.wall / 2
    depth = pod.shell.wall + 0.6
    hole = (
        Pos(x, y + depth / 2, pod.jack_z)
        * Rot(90, 0, 0)
        * Cylinder(diameter / 2, depth, align=MIDDLE)
    )
    return hole + slot_from(x, y, (pod.jack_z, pod.split_z + 1), (diameter, depth))


def _lead_comb(pod: Pod) -> Part:
    """Return a strain relief: press the lead from above into the bent slot beside the jack."""
    shell = pod.shell
    cable, bend, side = pod.plugs.lead_cable, 1.0, shell.thinnest + 0.2
    step = cable + 0.2
    x0 = pod.emg_x + pod.emg.jack_across - pod.plugs.lead_diameter / 2 - 4 - 3 * step
    wall = -pod.outer_half_width
    end = wall - (2 * side + cable + bend)
    top = pod.split_z
    profile = [(wall + 2.5, 0), (end + 2, 0), (end, 2), (end, top), (wall + 0.5, top)]
    profile += [(wall + 0.5, 2)]
    comb = prism_x(profile, (x0, x0 + 3 * step))
    middle = (wall + end) / 2
    for number, sign in enumerate((1, -1, 1)):
        x = x0 + (number + 0.5) * step
        y = middle + sign * bend / 2
        comb -= slot_from(x, y, (shell.floor + 2, top + 1), (step + 0.01, cable))
    return comb
