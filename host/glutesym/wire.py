# pyright: basic
"""The wire format: versions, UUIDs, frame kinds, fields, units and scales, once and for all.

This one file runs on MicroPython (pod) and CPython (host), so it uses nothing but ``struct``. The
tables below are the format; formats, offsets, NumPy types and the documentation derive from them.

A frame is always ``FRAME_BYTES`` long: one Bluetooth LE link-layer packet (251 bytes) less the
L2CAP and ATT headers. Little endian. Unused bytes at the end are zero.
"""

import struct

VERSION = 2  # changes whenever a frame, a command or a request changes its meaning
FRAME_BYTES = 244
TICKS_PERIOD_US = 1 << 30  # pod ticks wrap here: MicroPython's time.ticks_us on 32-bit ports

# Kinds of frame; the high half of the byte is the protocol version.
EMG = VERSION << 4 | 1
IMU = VERSION << 4 | 2
STATUS = VERSION << 4 | 3

# Flags of EMG and IMU frames.
FLAG_CLIPPED = 1  # a sample is at the converter's rail
FLAG_LOST_BEFORE = 2  # samples before this frame were overwritten before they were read

# Bits of ``lead_off``, as the ADS1292R reports them (SBAS502, status word).
LEAD_OFF_1P = 1
LEAD_OFF_1N = 2
LEAD_OFF_2P = 4
LEAD_OFF_2N = 8
LEAD_OFF_RLD = 16

# A field is (name, struct code, unit, factor from stored number to unit, meaning).
HEADER = (
    ("kind", "B", "", 1, "kind of frame; its high half is the protocol version"),
    ("sending", "B", "", 1, "number of this sending, counted from 0 at each START, modulo 256"),
    (
        "run",
        "H",
        "",
        1,
        "number of this run of capture, never 0: a new one means new sequence and index",
    ),
    ("seq", "I", "", 1, "sequence number, counted from 0 in each run, over all kinds"),
    ("tx_ticks_us", "I", "us", 1, "pod ticks immediately before the frame was sent"),
)
_BLOCK = (
    ("first_index", "I", "sample", 1, "index of the first sample since capture began"),
    ("anchor_index", "I", "sample", 1, "samples complete at anchor_ticks_us"),
    ("anchor_ticks_us", "I", "us", 1, "pod ticks when anchor_index was read"),
    ("count", "B", "sample", 1, "samples in this frame"),
    ("flags", "B", "", 1, "FLAG_CLIPPED, FLAG_LOST_BEFORE"),
)
EMG_FIELDS = (
    HEADER
    + _BLOCK
    + (
        ("lead_off", "B", "", 1, "LEAD_OFF_* bits seen during this frame"),
        ("shift", "B", "bit", 1, "samples are stored without their lowest `shift` bits"),
        (
            "offset",
            "i",
            "count",
            1,
            "converter counts of a stored zero: count = offset + (x << shift)",
        ),
        ("lsb_pv", "I", "pV", 1, "electrode voltage of one converter count"),
    )
)
IMU_FIELDS = (
    HEADER
    + _BLOCK
    + (
        ("temperature_c", "h", "degC", 1 / 256, "chip temperature, less 25 degC"),
        ("chip_ticks_first", "I", "25 us", 1, "the chip's time stamp of the first sample"),
        ("chip_ticks_last", "I", "25 us", 1, "the chip's time stamp of the last sample"),
        ("accel_lsb_ug", "H", "ug", 1, "acceleration of one count"),
        ("gyro_lsb_10udps", "H", "10 udps", 1, "rate of turn of one count"),
    )
)
STATUS_FIELDS = HEADER + (
    ("ticks_us", "I", "us", 1, "pod ticks when this status was taken"),
    ("uptime_s", "I", "s", 1, "seconds since boot"),
    ("battery_v", "H", "V", 0.001, "battery voltage"),
    ("battery_pct", "H", "%", 1 / 256, "battery charge"),
    ("state", "B", "", 1, "STATE_*"),
    ("error", "B", "", 1, "ERROR_* bits"),
    ("usb_power", "B", "", 1, "1: the pod is on USB power"),
    ("temperature_c", "b", "degC", 1, "temperature inside the pod; -128: not known"),
    ("emg_captured", "I", "sample", 1, "EMG samples complete since capture began"),
    ("emg_overrun", "I", "sample", 1, "EMG samples lost on the pod, for whatever reason"),
    ("imu_captured", "I", "sample", 1, "IMU samples read since capture began"),
    ("imu_overrun", "I", "sample", 1, "IMU samples the chip dropped"),
    ("frames_made", "I", "frame", 1, "frames put into the log in this run"),
    (
        "frames_dropped",
        "I",
        "frame",
        1,
        "frames overwritten before all up to them were acknowledged",
    ),
    ("frames_sent", "I", "frame", 1, "frames handed to the radio, repeats included"),
    ("oldest_seq", "I", "frame", 1, "sequence number of the oldest frame still in the log"),
    ("log_capacity", "I", "frame", 1, "frames the log holds"),
    ("heap_free", "I", "byte", 1, "free heap"),
    ("bus_errors", "H", "", 1, "failed SPI or I2C transfers"),
    ("bad_commands", "H", "", 1, "commands and requests that were refused"),
    ("wrong_proofs", "H", "", 1, "failed attempts to authorise since boot"),
    ("task_errors", "H", "", 1, "exceptions caught in tasks"),
    ("heap_faults", "H", "", 1, "steps of the steady state that wanted memory"),
    ("emg_misread", "I", "frame", 1, "front-end frames whose status word was wrong"),
    ("longest_step_ms", "H", "ms", 1, "longest time between two steps since capture began"),
    ("probe_id", "I", "", 1, "id of the last PROBE command, 0 before the first"),
    ("probe_ticks_us", "I", "us", 1, "pod ticks when that PROBE arrived"),
)
FIELDS = {EMG: EMG_FIELDS, IMU: IMU_FIELDS, STATUS: STATUS_FIELDS}
KIND_NAMES = {EMG: "emg", IMU: "imu", STATUS: "status"}


def _format(fields):
    return "<" + "".join(field[1] for field in fields)


def _offset(fields, name):
    """Byte offset of a field."""
    codes = "<"
    for field in fields:
        if field[0] == name:
            return struct.calcsize(codes)
        codes += field[1]
    raise ValueError(name)


HEADER_FORMAT = _format(HEADER)
EMG_FORMAT = _format(EMG_FIELDS)
IMU_FORMAT = _format(IMU_FIELDS)
STATUS_FORMAT = _format(STATUS_FIELDS)
SENDING_OFFSET = _offset(HEADER, "sending")
TX_TICKS_OFFSET = _offset(HEADER, "tx_ticks_us")
RUN_OFFSET = _offset(HEADER, "run")
SEQ_OFFSET = _offset(HEADER, "seq")
EMG_DATA_OFFSET = struct.calcsize(EMG_FORMAT)
IMU_DATA_OFFSET = struct.calcsize(IMU_FORMAT)
IMU_SAMPLE_BYTES = 12  # accelerometer x y z, gyroscope x y z: int16 each
EMG_PER_FRAME = (FRAME_BYTES - EMG_DATA_OFFSET) // 2
IMU_PER_FRAME = (FRAME_BYTES - IMU_DATA_OFFSET) // IMU_SAMPLE_BYTES
IMU_TEMPERATURE_OFFSET_C = 25.0
IMU_TICK_US = 25.0  # nominal; the chip's own clock is fitted, never trusted

# States of a pod.
STATE_IDLE = 0
STATE_CAPTURING = 1

# Error bits of a status: what keeps a pod from working.
ERROR_EMG_CHIP = 1  # front end absent, wrong identity or registers that do not read back
ERROR_IMU_CHIP = 2
ERROR_BATTERY_GAUGE = 4
ERROR_USB_POWER = 8  # refuses to stream: never worn on USB power

# GATT. The service UUID is advertised; streaming is by notification.
SERVICE_UUID = "7f9c0001-3d2a-4a7e-9b61-6c75746573ad"
STREAM_UUID = "7f9c0002-3d2a-4a7e-9b61-6c75746573ad"  # notify: frames
CONTROL_UUID = "7f9c0003-3d2a-4a7e-9b61-6c75746573ad"  # write: commands
INFO_UUID = "7f9c0004-3d2a-4a7e-9b61-6c75746573ad"  # read: JSON, the pod's answer
REQUEST_UUID = "7f9c0005-3d2a-4a7e-9b61-6c75746573ad"  # write: requests
NAME_PREFIX = "glutesym"  # a pod is called NAME_PREFIX-TAG
TAG_DIGITS = 6  # of the pod's id, hexadecimal: the last ones

# Commands, host to pod, on an authorised link: always COMMAND_BYTES long, (opcode, a, b, c).
COMMAND_FORMAT = "<BBHI"
COMMAND_BYTES = 8
START = 1  # a: window in frames; b: run to resume, 0 for a new one
STOP = 2  # ends capture; what waits in the log can still be had, a status of STATE_IDLE last
IDENTIFY = 3  # a: seconds to blink
ACK = 4  # a: newest `sending` that has arrived; b: run, c: everything of it before c has arrived
PROBE = 5  # c: id, answered in the next status with its time of arrival
RESEND = 6  # a: number of frames; b: run, c: first sequence number: send these again

# Requests, host to pod: a byte that says which, then its payload. Each is answered by a JSON
# object, "answered" in it counts the requests of this link. A refusal has "error".
REQUEST_BYTES = 256  # no request is longer
AUTHORISE = 1  # the host's nonce, then its proof: everything else needs this first
SETTINGS = 2  # JSON object of settings to change; the pod restarts when the link ends
SELF_TEST = 3  # measures the front end's own test signal; answer "self_test"
FAULTS = 4  # first byte wanted, u16: answer "faults", text of what went wrong since it was cleared
CLEAR_FAULTS = 5
PROVISION = 6  # JSON object of settings, the owner's key among them; over USB only
DESCRIBE = 7  # answer: the pod's description, as after AUTHORISE
NONCE_BYTES = 16
KEY_BYTES = 32
PROOF_BYTES = 32
# HMAC-SHA256 (RFC 2104) with the owner's key, over one of these, the pod's nonce and the host's.
PROOF_OF_HOST = b"glutesym host"
PROOF_OF_POD = b"glutesym pod"
INFO_BYTES = 512  # no answer is longer: an attribute's value has no more room


def command(opcode, a=0, b=0, c=0):
    """Return the bytes of a command.

    Raises ValueError when a number does not fit its field.
    """
    if not (0 <= opcode < 256 and 0 <= a < 256 and 0 <= b < 65536 and 0 <= c < 1 << 32):
        raise ValueError("command %r: a number does not fit its field" % ((opcode, a, b, c),))
    return struct.pack(COMMAND_FORMAT, opcode, a, b, c)


# Encoders, called on the pod. They write into a frame of FRAME_BYTES and allocate nothing: every
# argument is positional and stays a small int (below 2**30) on a 32-bit port.


def encode_emg(
    frame,
    run,
    seq,
    first_index,
    anchor_index,
    anchor_ticks_us,
    flags,
    lead_off,
    lsb_pv,
    samples,
    count,
):
    """Encode ``samples[:count]`` (signed converter counts, up to 24 bits).

    Block floating point: the block's middle is the offset, and as few low bits as fit its span
    into 16 bits are dropped, so a block that spans less than 65536 counts is exact and none
    saturates.
    """
    low = high = samples[0]
    i = 1
    while i < count:
        x = samples[i]
        if x < low:
            low = x
        elif x > high:
            high = x
        i += 1
    offset = low + ((high - low) >> 1)
    shift = 0
    while (high - offset) >> shift > 32767:
        shift += 1
    struct.pack_into(
        EMG_FORMAT, frame, 0, EMG, 0, run, seq, 0, first_index, anchor_index,
        anchor_ticks_us, count, flags, lead_off, shift, offset, lsb_pv,
    )  # fmt: skip
    position = EMG_DATA_OFFSET
    i = 0
    while i < count:
        x = (samples[i] - offset) >> shift
        frame[position] = x & 255
        frame[position + 1] = (x >> 8) & 255
        position += 2
        i += 1
    while position < FRAME_BYTES:
        frame[position] = 0
        position += 1


def encode_imu(
    frame, run, seq, first_index, anchor_index, anchor_ticks_us, flags, temperature_raw,
    ticks_first_low, ticks_first_high, ticks_last_low, ticks_last_high,
    accel_lsb_ug, gyro_lsb_10udps, data, count,
):  # fmt: skip
    """Encode ``data``, ``count`` samples of six little-endian int16 each.

    The chip's 32-bit time stamps come as two halves of 16 bits, which stay small ints.
    """
    struct.pack_into(
        IMU_FORMAT, frame, 0, IMU, 0, run, seq, 0, first_index, anchor_index,
        anchor_ticks_us, count, flags, temperature_raw, 0, 0, accel_lsb_ug, gyro_lsb_10udps,
    )  # fmt: skip
    struct.pack_into(
        "<HHHH", frame, _IMU_TICKS_OFFSET,
        ticks_first_low, ticks_first_high, ticks_last_low, ticks_last_high,
    )  # fmt: skip
    position = IMU_DATA_OFFSET
    end = position + count * IMU_SAMPLE_BYTES
    i = 0
    while position < end:
        frame[position] = data[i]
        position += 1
        i += 1
    while position < FRAME_BYTES:
        frame[position] = 0
        position += 1


def encode_status(frame, values):
    """Encode ``values``: the numbers of STATUS_FIELDS after the first two, in order, as integers.

    ``values`` is kept by the caller and reused. Numbers beyond their field saturate.
    """
    frame[0] = STATUS
    frame[1] = 0
    i = 0
    for name_code_offset_low_high in _STATUS_LAYOUT:
        x = values[i]
        low = name_code_offset_low_high[2]
        high = name_code_offset_low_high[3]
        if x < low:
            x = low
        elif x > high:
            x = high
        struct.pack_into(name_code_offset_low_high[0], frame, name_code_offset_low_high[1], x)
        i += 1
    position = STATUS_BYTES
    while position < FRAME_BYTES:
        frame[position] = 0
        position += 1


def stamp(frame, sending, tx_ticks_us):
    """Write number and ticks of a sending, immediately before the frame is sent."""
    frame[SENDING_OFFSET] = sending & 255
    struct.pack_into("<I", frame, TX_TICKS_OFFSET, tx_ticks_us)


_RANGES = {"B": (0, 255), "b": (-128, 127), "H": (0, 65535), "h": (-32768, 32767)}
_RANGES["I"] = (0, 0xFFFFFFFF)
_RANGES["i"] = (-0x80000000, 0x7FFFFFFF)
_IMU_TICKS_OFFSET = _offset(IMU_FIELDS, "chip_ticks_first")
STATUS_BYTES = struct.calcsize(STATUS_FORMAT)
_STATUS_LAYOUT = tuple(
    ("<" + field[1], _offset(STATUS_FIELDS, field[0])) + _RANGES[field[1]]
    for field in STATUS_FIELDS[2:]
)
STATE_OFFSET = _offset(STATUS_FIELDS, "state")
OLDEST_OFFSET = _offset(STATUS_FIELDS, "oldest_seq")
STATUS_NAMES = tuple(
    field[0] for field in STATUS_FIELDS[2:]
)  # the order of encode_status's values
