"""What holds the pod on a belt or waistband. Slid on from the side, it shuts the USB port.

One profile, drawn out across the pod: it is printed lying on its side, so that the layers run
along the tongue and the tongue does not break off.
"""

from __future__ import annotations

from build123d import Part, Plane, Polygon, Pos, Sketch, Vertex, chamfer, extrude, fillet

from pod_contents import block
from pod_parameters import Pod
from pod_shapes import prism_x


def clip(pod: Pod) -> Part:
    """Return the clip where it is when it is on the pod."""
    c, gap = pod.clip, pod.shell.gap
    half = c.width / 2
    face = Plane.XZ * _profile(pod)
    body = Pos(0, -half, 0) * extrude(face, c.width, dir=(0, 1, 0))
    skin = [
        edge
        for edge in body.edges()
        if edge.bounding_box().max.Z < -gap - c.plate - 0.6 * c.band_gap
        and abs(abs(edge.center().Y) - half) < 1e-6
        and edge.bounding_box().size.Y < 1e-6
    ]
    body = chamfer(skin, 0.8)
    body += _rail_stops(pod)
    return body - _tip_corners(pod) - _slots_beside_latch(pod) + _latch_tooth(pod)


def _profile(pod: Pod) -> Sketch:
    """In x and z: wall before the USB port, plate, wall at the far end, tongue."""
    c, gap, end = pod.clip, pod.shell.gap, pod.length
    corner = gap * 0.4142  # how far a 45 degree corner moves if both its sides move by the gap
    rail_low, rail_tip = c.rail_z, c.rail_z + c.rail
    rail_top = c.rail_z + c.rail_height
    out = c.rail + gap + c.wall
    thin = gap + c.wall
    top = pod.split_z + (pod.usb_z - pod.split_z) * 2 + 1.6
    far_top = rail_top + gap + 2.8
    low = -gap - c.plate
    band = low - c.band_gap
    bottom = band - c.tongue
    # Inside, from the top before the USB port round to the top of the far wall.
    near_inside = [
        (-gap, top),
        (-gap, rail_top + gap),
        (-c.rail - gap, rail_top + gap),
        (-c.rail - gap, rail_tip - corner),
        (-gap, rail_low - corner),
        (-gap, -gap),
    ]
    far_inside = [(end - x, z) for x, z in reversed(near_inside[1:])] + [(end + gap, far_top)]
    far_outside = [
        (end + thin, far_top),
        (end + thin, rail_top + gap + 2.0),
        (end + out, rail_top + gap + 2.0 - (out - thin)),
        (end + out, low + 1.5),
        (end + out - 1.5, low),
    ]
    tip = c.tongue_length
    tongue = [
        (0.0, low),
        (0.0, band),
        (tip - 14, band),
        (tip - 8, band + c.grip),
        (tip - 5, band + c.grip),
        (tip, band + 0.2),
        (tip, bottom + 0.8),
        (tip - 1.5, bottom),
    ]
    near_outside = [
        (-out, bottom),
        (-out, rail_top + gap + 2.0 - (out - thin)),
        (-thin, rail_top + gap + 2.0),
        (-thin, top),
    ]
    points = near_inside + far_inside + far_outside + tongue + near_outside
    face = Polygon(*points, align=None)

    def corner_at(x: float, z: float) -> Vertex:
        return min(face.vertices(), key=lambda v: (v.X - x) ** 2 + (v.Y - z) ** 2)

    face = fillet([corner_at(0.0, low), corner_at(0.0, band)], c.band_gap / 2 - 0.05)
    face = fillet([corner_at(-out, bottom)], 4.5)
    face = fillet([corner_at(tip - 14, band)], 3.0)
    return fillet([corner_at(tip - 8, band + c.grip), corner_at(tip - 5, band + c.grip)], 1.5)


def _tip_corners(pod: Pod) -> Part:
    """Cut off the corners of the tongue's tip; 45 degrees, to print lying on the side."""
    c, half, cut = pod.clip, pod.clip.width / 2, 5.0
    x = c.tongue_length
    z = -pod.shell.gap - c.plate - c.band_gap - c.tongue - 1
    corners = Part()
    for side in (-1, 1):
        y = side * half
        face = Polygon((x - cut, y), (x + 1, y), (x + 1, y - side * (cut + 1)), align=None)
        corners += Pos(0, 0, z) * extrude(face, -pod.shell.gap - c.plate - 0.5 - z, dir=(0, 0, 1))
    return corners


def _rail_stops(pod: Pod) -> Part:
    """Fill the grooves behind the rails: the clip can go on from one side only, and so far."""
    c, gap, half = pod.clip, pod.shell.gap, pod.clip.width / 2
    y = (-half, c.rail_y[0] - gap)
    z = (c.rail_z - 0.5, c.rail_z + c.rail_height + gap)
    depth = c.rail + gap + 0.5
    stops = block((-depth, -gap), y, z)
    return stops + block((pod.length + gap, pod.length + depth), y, z)


def _slots_beside_latch(pod: Pod) -> Part:
    """Make a spring of a strip of the plate, free at the side where the pod comes in."""
    c, gap, half = pod.clip, pod.shell.gap, pod.clip.width / 2
    z = (-gap - c.plate - 0.1, -gap + 0.1)
    slots = Part()
    for side in (-1, 1):
        x = c.latch_x + side * (c.latch_width / 2 + 0.5)
        slots += block((x - 0.5, x + 0.5), (c.latch_y - c.latch_spring, half + 1), z)
    return slots


def _latch_tooth(pod: Pod) -> Part:
    """Return what falls into the notch of the base; 45 degrees on both sides."""
    c, gap = pod.clip, pod.shell.gap
    high = c.latch_depth - gap  # above the underside of the base
    y, flat, foot = c.latch_y, 0.3, -gap - 0.3
    wide = flat + high - foot
    points = [(y - wide, foot), (y + wide, foot), (y + flat, high), (y - flat, high)]
    half = c.latch_width / 2
    return prism_x(points, (c.latch_x - half, c.latch_x + half))
