"""Every measure of the enclosure in millimetres, with its source. Change these, not the shapes.

Axes of a pod that is worn: x from the USB end (up) to the far end, y across, z from the body (0)
outwards. A measure marked MEASURE has no source that states it: measure it before you print.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PCB_THICKNESS = 1.6  # all three board files


@dataclass(frozen=True)
class MainBoard:
    """SparkFun Thing Plus RP2350. Ref: its EAGLE board file, v02 of the layout."""

    length: float = 58.42
    width: float = 22.86
    corner_radius: float = 2.54
    hole_from_edge: float = 2.54  # four holes
    hole_diameter: float = 3.3  # "fits a 4-40 screw"
    status_led: tuple[float, float] = (
        36.195,
        6.35,
    )  # WS2812; from the USB edge, from the JST edge
    charge_led: tuple[float, float] = (12.7, 7.62)
    battery_plug: float = 17.78  # JST PH, opens to the JST edge; from the USB edge
    qwiic_plug: float = 8.89  # JST SH, opens to the JST edge; from the USB edge
    usb_from_middle: float = 0.0
    radio: tuple[float, float, float, float] = (41.9, 58.42, 4.18, 18.68)  # RM2, 16.5 x 14.5
    usb_height: float = 3.26  # of the receptacle, USB Type-C specification
    height_above: float = 6.0  # MEASURE: the battery connector is the tallest part
    height_below: float = 2.5  # MEASURE: microSD socket and solder tails


@dataclass(frozen=True)
class EmgBoard:
    """ProtoCentral ADS1292R breakout. Ref: its EAGLE board file, v3.1 of the layout."""

    length: float = 33.9  # the jack opens at its end
    width: float = 31.4
    jack_across: float = 16.5  # middle of the jack, from the edge with the holes
    holes: tuple[tuple[float, float], ...] = ((2.9, 2.9), (30.9, 2.9))  # along, across
    height_above: float = 2.0  # MEASURE: without pin headers, wires soldered
    height_below: float = 2.2  # MEASURE: solder tails
    jack_width: float = 7.0  # MEASURE
    jack_depth: float = 15.0  # MEASURE
    jack_height: float = 5.0  # MEASURE


@dataclass(frozen=True)
class ImuBoard:
    """Adafruit LSM6DSOX breakout, product 4438. Ref: placements of its board file."""

    length: float = 25.4
    width: float = 17.78
    holes: tuple[tuple[float, float], ...] = ((2.54, 15.24), (22.86, 15.24))  # along, across
    height_above: float = 3.2  # MEASURE: JST SH connectors
    height_below: float = 2.2  # MEASURE: solder tails; none if only its Qwiic plugs are used


@dataclass(frozen=True)
class Cell:
    """Protected LiPo 503035, 500 mAh class: its name is its size, without its circuit. MEASURE."""

    thickness: float = 5.0
    width: float = 30.0
    length: float = 37.0  # with the circuit at its end
    swelling: float = 0.6  # more thickness over its life, 12 %


@dataclass(frozen=True)
class Plugs:
    """Bodies of the plugs, without what is inside their sockets."""

    usb_width: float = 12.4  # USB Type-C specification: largest overmould 12.35 x 6.5
    usb_height: float = 6.5
    usb_length: float = 20.0
    usb_shell: tuple[float, float, float] = (8.25, 2.4, 6.65)  # width, height, length of its metal
    lead_diameter: float = 9.0  # MEASURE: body of the 3.5 mm plug
    lead_cable: float = 2.6  # MEASURE: cable of the leads


@dataclass(frozen=True)
class Shell:
    """Walls, gaps and closures."""

    wall: float = 2.0
    floor: float = 2.6
    ceiling: float = 2.2
    thinnest: float = 1.6  # four lines of a 0.4 mm nozzle
    gap: float = 0.3  # between a part and what goes into it
    corner: float = 3.6
    inner_corner: float = 1.0
    chamfer: float = 1.6
    rounding: float = 1.0  # of the edges that the chamfer leaves
    post: float = 6.0  # diameter
    screw_hole: float = 2.1  # M2.5 that cuts its own thread in plastic
    light_pipe: float = 3.2  # for a rod or a piece of clear filament of 3 mm (2.85 mm)
    engraving: float = 0.5
    snap_thickness: float = 1.6
    snap_width: float = 12.0
    snap_hook: float = 0.9
    snaps_jst_side: tuple[float, ...] = (32.0, 62.0)  # x of their middles
    snaps_jack_side: tuple[float, ...] = (24.0, 65.0)


@dataclass(frozen=True)
class Clip:
    """What holds a pod on a belt or waistband, and keeps its USB port shut."""

    plate: float = 2.4
    wall: float = 2.4
    width: float = 36.0
    rail: float = 1.6  # how far the rails of the base stand out
    rail_z: float = 3.4  # where they begin
    rail_height: float = 3.6
    rail_y: tuple[float, float] = (-4.0, 14.0)  # short: see test_usb_is_shut_while_clipped_on
    band_gap: float = 4.0
    tongue: float = 2.8
    tongue_length: float = 66.0
    grip: float = 2.2  # the tip of the tongue narrows the gap by this
    latch_x: float = 76.0
    latch_width: float = 8.0
    latch_y: float = 11.0
    latch_spring: float = 14.0  # from the tooth to where its strip of the plate begins
    latch_depth: float = 0.9  # of the notch in the base


@dataclass(frozen=True)
class Pod:
    """All of it, and where things lie. A derived measure is a property."""

    main: MainBoard = field(default_factory=MainBoard)
    emg: EmgBoard = field(default_factory=EmgBoard)
    imu: ImuBoard = field(default_factory=ImuBoard)
    cell: Cell = field(default_factory=Cell)
    plugs: Plugs = field(default_factory=Plugs)
    shell: Shell = field(default_factory=Shell)
    clip: Clip = field(default_factory=Clip)

    post_height: float = 2.5  # under the two boards in the base
    room: float = 0.4  # around and between contents, at least shell.gap

    @property
    def half_width(self) -> float:
        """Return half the inner width: for the wider of cell and EMG board."""
        return max(self.cell.length / 2 + self.room + 0.4, self.emg.length / 2 + self.room + 0.95)

    @property
    def outer_half_width(self) -> float:
        """Return half the width of the closed pod."""
        return self.half_width + self.shell.wall

    @property
    def cell_x(self) -> float:
        """Return where the cell begins."""
        return self.shell.wall + self.room + 0.1

    @property
    def guard_x(self) -> float:
        """Return the wall between the cell and the solder tails of the EMG board."""
        return self.cell_x + self.cell.width + self.room + 0.2

    @property
    def emg_x(self) -> float:
        """Return where the EMG board begins."""
        return self.guard_x + self.shell.thinnest + self.room

    @property
    def emg_y(self) -> float:
        """Return the edge with the jack: close to the wall."""
        return -self.half_width + self.room

    @property
    def imu_x(self) -> float:
        """Return where the IMU board begins."""
        return self.emg_x + self.emg.width + 1.0

    @property
    def main_x(self) -> float:
        """Return where the main board begins: its USB edge."""
        return self.shell.wall + self.room

    @property
    def inner_end(self) -> float:
        """Return the inner face of the far wall: after the lower boards and the main board."""
        lower = self.imu_x + self.imu.width + self.room
        upper = self.main_x + self.main.length + 3.5  # the hook that holds the board
        return max(lower, upper)

    @property
    def length(self) -> float:
        """Return the length of the closed pod."""
        return self.inner_end + self.shell.wall

    @property
    def low_board_z(self) -> float:
        """Return the undersides of the two boards in the base."""
        return self.shell.floor + self.post_height

    @property
    def jack_z(self) -> float:
        """Return the axis of the 3.5 mm jack."""
        return self.low_board_z + PCB_THICKNESS + self.emg.jack_height / 2

    @property
    def main_z(self) -> float:
        """Return the underside of the main board: above the jack and the cell."""
        jack_top = self.low_board_z + PCB_THICKNESS + self.emg.jack_height
        cell_top = self.shell.floor + self.cell.thickness + self.cell.swelling
        return max(jack_top, cell_top) + 0.5 + self.main.height_below

    @property
    def main_top(self) -> float:
        """Return the upper face of the main board."""
        return self.main_z + PCB_THICKNESS

    @property
    def usb_z(self) -> float:
        """Return the middle of the USB port."""
        return self.main_top + self.main.usb_height / 2

    @property
    def ceiling_z(self) -> float:
        """Return the inner face of the lid."""
        return self.main_top + self.main.height_above + self.room

    @property
    def height(self) -> float:
        """Return the height of the closed pod."""
        return self.ceiling_z + self.shell.ceiling

    @property
    def split_z(self) -> float:
        """Return where lid and base meet: below the USB plug, above the middle of the jack."""
        return self.usb_z - self.plugs.usb_height / 2 - self.shell.gap - 0.2

    @property
    def snap_z(self) -> float:
        """Return the tips of the lid's hooks: above the cell and the boards."""
        cell_top = self.shell.floor + 0.3 + self.cell.thickness + self.cell.swelling
        board_top = self.low_board_z + PCB_THICKNESS + self.emg.height_above
        return max(cell_top, board_top) + self.shell.gap + 0.1

    def main_to_pod(self, from_usb: float, from_jst: float) -> tuple[float, float]:
        """Return x and y in the pod of a point of the main board."""
        return self.main_x + from_usb, self.main.width / 2 - from_jst

    def emg_to_pod(self, along: float, across: float) -> tuple[float, float]:
        """Return x and y of a point: along from the end without jack, across from the holes."""
        return self.emg_x + across, self.emg_y + self.emg.length - along

    def imu_to_pod(self, along: float, across: float) -> tuple[float, float]:
        """Return x and y of a point of the IMU board; its holes are at the far end."""
        return self.imu_x + across, along - self.imu.length / 2


POD = Pod()
