"""A world for tests: local time, analytic signals, everything settable from the test's script."""

import math

import micropython

ALL_OFF = 0x1D

config = {
    "emg_clock_error": 0.0,
    "imu_clock_error": 0.0,
    "emg_counter": False,
    "faults": {},
    "unique_id": "e660c0d1c7921e28",
}
now = 1_000_000_000  # ns
amplitude_uv = 0.0  # of a sine at the electrodes
frequency_hz = 10.0
electrode_dc_uv = 0.0
electrodes_off = []  # (start_ns, end_ns)
accel_g = (0.0, 0.0, 1.0)
gyro_dps = (0.0, 0.0, 0.0)
ramp_dps_s = 0.0  # added to gyroscope x: makes each sample tell its time
volts, percent = 3.9, 80.0
usb = False
leds = []
electrode_calls = 0


def lift_heap_lock():
    micropython.heap_lock()
    depth = 0
    while micropython.heap_unlock():
        depth += 1
    return depth


def restore_heap_lock(depth):
    while depth:
        micropython.heap_lock()
        depth -= 1


def now_ns():
    return now


def spend_ns(ns):
    global now
    now += ns


def sleep_until(deadline_ns):
    global now
    now = max(now, deadline_ns)


def electrode_uv(start_ns, step_ns, count, aperture_ns, out):
    """Sample a sine as a causal sinc3 filter with this box length shows it."""
    global electrode_calls
    electrode_calls += 1
    angle = math.pi * frequency_hz * aperture_ns * 1e-9
    gain = (math.sin(angle) / angle) ** 3
    for k in range(count):
        t_s = (start_ns + k * step_ns - 1.5 * aperture_ns) * 1e-9
        sine = math.sin(2 * math.pi * frequency_hz * t_s)
        out[k] = electrode_dc_uv + amplitude_uv * gain * sine


def lead_off(time_ns):
    return ALL_OFF * any(start <= time_ns < end for start, end in electrodes_off)


def motion(start_ns, step_ns, count, out):
    for k in range(count):
        out[6 * k : 6 * k + 6]  # as long as promised
        for axis in range(3):
            out[6 * k + axis] = accel_g[axis]
            out[6 * k + 3 + axis] = gyro_dps[axis]
        out[6 * k + 3] += ramp_dps_s * (start_ns + k * step_ns) * 1e-9


def battery():
    return volts, percent


def usb_power():
    return usb


def led(red, green, blue):
    leds.append((red, green, blue))
