"""Frames with known bytes; runs on MicroPython and on CPython."""

from array import array

try:
    from glutesym import wire
except ImportError:
    import wire


def encode_all():
    """Return (name, bytes) of every golden frame."""
    made = []

    def emg(name, samples, flags=0, lead_off=0, seq=1, first_index=0):
        frame = bytearray(b"\xff" * wire.FRAME_BYTES)
        block = array("i", samples)
        wire.encode_emg(
            frame, 0x1234, seq, first_index, first_index + len(samples), 77, flags, lead_off,
            48081, block, len(samples),
        )  # fmt: skip
        wire.stamp(frame, 200, 0x3FFFFFFF)
        made.append((name, bytes(frame)))

    full = wire.EMG_PER_FRAME
    emg("emg ramp", [1000 + 3 * i for i in range(full)])
    emg("emg one sample", [-5])
    emg("emg span of 16 bits", [-32767, 32767, 0])
    emg("emg span beyond 16 bits", [-40000, 40000, 1, 2, 3], seq=0x3FFFFFFF)
    emg("emg rails", [-0x800000, 0x7FFFFF, 0], wire.FLAG_CLIPPED, wire.LEAD_OFF_2P)
    emg(
        "emg large offset",
        [0x7FFFF0 + i for i in range(15)],
        wire.FLAG_LOST_BEFORE,
        31,
        9,
        1 << 28,
    )

    frame = bytearray(b"\xff" * wire.FRAME_BYTES)
    data = bytes((7 * i) & 255 for i in range(wire.IMU_SAMPLE_BYTES * 3))
    wire.encode_imu(
        frame, 1, 2, 3, 6, 4, 0, -512, 0xFFFF, 0x0001, 0x0101, 0x0002, 244, 7000, data, 3
    )
    made.append(("imu three samples", bytes(frame)))

    frame = bytearray(b"\xff" * wire.FRAME_BYTES)
    wire.encode_status(frame, list(range(len(wire.STATUS_NAMES))))
    made.append(("status counting", bytes(frame)))
    frame = bytearray(b"\xff" * wire.FRAME_BYTES)
    wire.encode_status(frame, [-(1 << 33)] * len(wire.STATUS_NAMES))
    made.append(("status below range", bytes(frame)))
    frame = bytearray(b"\xff" * wire.FRAME_BYTES)
    wire.encode_status(frame, [1 << 33] * len(wire.STATUS_NAMES))
    made.append(("status above range", bytes(frame)))

    made.append(("command start", wire.command(wire.START, 12, 0x1234)))
    made.append(("command ack", wire.command(wire.ACK, 255, 65535, (1 << 32) - 1)))
    made.append(("command resend", wire.command(wire.RESEND, 64, 0x1234, 70_000)))
    return made


if __name__ == "__main__":
    for frame_name, frame_bytes in encode_all():
        print(frame_name, "".join("%02x" % b for b in frame_bytes))
