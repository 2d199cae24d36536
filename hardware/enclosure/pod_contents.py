"""Envelopes of what is in a pod and of what is plugged into it: the space that each may take."""

from __future__ import annotations

from build123d import Align, Axis, Box, Cylinder, Part, Pos, Rot, fillet

from pod_parameters import PCB_THICKNESS, Pod

LOW = (Align.MIN, Align.MIN, Align.MIN)
MIDDLE = (Align.CENTER, Align.CENTER, Align.MIN)


def block(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> Part:
    """Return the box between these bounds."""
    return Pos(x[0], y[0], z[0]) * Box(x[1] - x[0], y[1] - y[0], z[1] - z[0], align=LOW)


def main_board(pod: Pod) -> Part:
    """Return the main board: board with its holes, what stands above and below, connectors."""
    main = pod.main
    half = main.width / 2
    x0, x1 = pod.main_x, pod.main_x + main.length
    board = block((x0, x1), (-half, half), (pod.main_z, pod.main_top))
    board = fillet(board.edges().filter_by(Axis.Z), main.corner_radius)
    inset = main.hole_from_edge
    for from_usb in (inset, main.length - inset):
        for from_jst in (inset, main.width - inset):
            x, y = pod.main_to_pod(from_usb, from_jst)
            board -= Pos(x, y, pod.main_z - 1) * Cylinder(
                main.hole_diameter / 2, PCB_THICKNESS + 2, align=MIDDLE
            )
    free = 2 * inset + 1.2  # the ends of the board around its holes are free of parts
    top = pod.main_top
    above = block((x0 + free, x0 + 40.0), (-half, half), (top, top + main.height_above))
    below = block((x0 + free, x1 - free), (-half, half), (pod.main_z - main.height_below, top))
    r0, r1, a, b = main.radio
    radio = block((x0 + r0, x0 + r1), (half - b, half - a), (top, top + 3.0))
    usb = block((x0, x0 + 8), (-4.6, 4.6), (top, top + main.usb_height))
    body = board + above + below + radio + usb
    for from_usb, width, height in ((main.battery_plug, 8.0, 6.0), (main.qwiic_plug, 7.0, 3.2)):
        x, _ = pod.main_to_pod(from_usb, 0.0)
        body += block((x - width / 2, x + width / 2), (half - 1, half + 5), (top, top + height))
    return body


def emg_board(pod: Pod) -> Part:
    """Return the EMG board with its jack."""
    emg = pod.emg
    x0, x1 = pod.emg_x, pod.emg_x + emg.width
    y0, y1 = pod.emg_y, pod.emg_y + emg.length
    z = pod.low_board_z
    board = block((x0, x1), (y0, y1), (z, z + PCB_THICKNESS))
    for along, across in emg.holes:
        x, y = pod.emg_to_pod(along, across)
        board -= Pos(x, y, z - 1) * Cylinder(1.6, PCB_THICKNESS + 2, align=MIDDLE)
    top = z + PCB_THICKNESS
    parts = block((x0, x1), (y0 + 1.5, y1), (top, top + emg.height_above))
    for along, across in emg.holes:  # room for the heads of the screws
        x, y = pod.emg_to_pod(along, across)
        parts -= Pos(x, y, top) * Cylinder(3.0, 10, align=MIDDLE)
    tails = block((x1 - 4, x1), (y0 + 2, y1 - 2), (z - emg.height_below, z))
    middle = x0 + emg.jack_across
    jack = block(
        (middle - emg.jack_width / 2, middle + emg.jack_width / 2),
        (y0, y0 + emg.jack_depth),
        (top, top + emg.jack_height),
    )
    return board + parts + tails + jack


def imu_board(pod: Pod) -> Part:
    """Return the IMU board; its plugs go in from both sides."""
    imu = pod.imu
    x0, x1 = pod.imu_x, pod.imu_x + imu.width
    half = imu.length / 2
    z = pod.low_board_z
    board = block((x0, x1), (-half, half), (z, z + PCB_THICKNESS))
    for along, across in imu.holes:
        x, y = pod.imu_to_pod(along, across)
        board -= Pos(x, y, z - 1) * Cylinder(1.25, PCB_THICKNESS + 2, align=MIDDLE)
    top = z + PCB_THICKNESS
    parts = block((x0, x1 - 5.5), (-half, half), (top, top + imu.height_above))
    plugs = block((x0 + 5.9, x0 + 11.9), (-half - 4.5, half + 4.5), (top, top + imu.height_above))
    return board + parts + plugs


def cell(pod: Pod) -> Part:
    """Return the cell as it is after years: swollen."""
    c = pod.cell
    z = pod.shell.floor + 0.3  # adhesive tape
    return block(
        (pod.cell_x, pod.cell_x + c.width),
        (-c.length / 2, c.length / 2),
        (z, z + c.thickness + c.swelling),
    )


def contents(pod: Pod) -> dict[str, Part]:
    """Return the envelopes of all that is inside, by name."""
    return {
        "main board": main_board(pod),
        "EMG board": emg_board(pod),
        "IMU board": imu_board(pod),
        "cell": cell(pod),
    }


def usb_plug(pod: Pod, *, out: float = 0.0) -> Part:
    """Return a USB-C plug: its body up to the receptacle, and its metal in it.

    ``out`` moves it out of the receptacle by so much (mm).
    """
    plugs = pod.plugs
    width, height, length = plugs.usb_shell
    y = pod.main.usb_from_middle
    x = pod.main_x - out
    body = Pos(x - plugs.usb_length, y, pod.usb_z) * Box(
        plugs.usb_length,
        plugs.usb_width,
        plugs.usb_height,
        align=(Align.MIN, Align.CENTER, Align.CENTER),
    )
    body = fillet(body.edges().filter_by(Axis.X), 2.0)
    metal = Pos(x, y, pod.usb_z) * Box(
        length, width, height, align=(Align.MIN, Align.CENTER, Align.CENTER)
    )
    return body + metal


def lead_plug(pod: Pod) -> Part:
    """Return the body of the 3.5 mm plug of the leads, up to the jack."""
    x = pod.emg_x + pod.emg.jack_across
    return (
        Pos(x, pod.emg_y, pod.jack_z)
        * Rot(90, 0, 0)
        * Cylinder(pod.plugs.lead_diameter / 2, 18, align=MIDDLE)
    )
