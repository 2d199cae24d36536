"""What a pod costs: memory by part, time by task, and what it leaves to the garbage collector.

    python benchmarks/pod_costs.py [SECONDS]

A pod's own files run in real time on the MicroPython VM of this computer, streaming to a host that
acknowledges. Chips and radio are stand-ins that answer at once (bare_board/stand_ins.py), so what
is left is the pod's own work. Its settings have an owner, as those of a pod in use.

Times are medians, and also given in units of an empty loop of 1000 rounds in the same run: run
that loop on a board, and multiply.

    from time import ticks_us
    def loop():
        for _ in range(1000): pass
    start = ticks_us(); loop(); print(ticks_us() - start)
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from glutesym import packets, wire
from glutesym.podfiles import copy_files, pod_files
from glutesym.virtual.micropython_vm import micropython_executable
from glutesym.virtual.pod_process import HEAP_BYTES

BARE_BOARD = Path(__file__).resolve().parent / "bare_board"
SECONDS = 30
EMG_RING_BYTES = 2 * (1 << 15)  # twice its size, to be aligned
USB_BYTES = len(packets.Encoder(packets.SESSION_BYTES + wire.INFO_BYTES, 64).buffer) + 261
BLE_BYTES = 256 + wire.REQUEST_BYTES + wire.INFO_BYTES


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("seconds", type=int, nargs="?", default=SECONDS, help=f"({SECONDS})")
    seconds = parser.parse_args().seconds
    costs = measure(seconds)
    console = Console(width=140)
    console.print(memory_table(costs))
    console.print(time_table(costs, seconds))
    garbage = costs["garbage_bytes"] / seconds
    console.print(
        f"{costs['frames'] / seconds:.1f} frames and {costs['commands'] / seconds:.1f} commands a "
        f"second, {costs['lost']} samples or frames lost, {costs['task_errors']} exceptions.\n"
        f"Steps with the heap locked that wanted memory: {costs['heap_faults']}.\n"
        f"Garbage outside the step: {garbage:,.0f} bytes a second; one collection takes "
        f"{costs['collect_us'] / 1000:.1f} ms here."
    )


def measure(seconds: int) -> dict[str, Any]:
    """Run a pod for so long and return what bare_board/measure.py has printed."""
    usb, nobody = os.pipe()  # what comes in over USB: nothing, ever
    try:
        with tempfile.TemporaryDirectory() as folder:
            flash = Path(folder)
            copy_files(pod_files(), flash)
            settings = {"side": "left", "key": "5a" * wire.KEY_BYTES}
            (flash / "settings.json").write_text(json.dumps(settings))
            heap = f"heapsize={HEAP_BYTES}"
            script = str(BARE_BOARD / "measure.py")
            done = subprocess.run(
                [micropython_executable(), "-X", heap, script, str(seconds)],
                env={**os.environ, "MICROPYPATH": f"{BARE_BOARD}:{flash}:.frozen"},
                cwd=flash,
                stdin=usb,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
    finally:
        os.close(usb)
        os.close(nobody)
    return json.loads(done.stdout.splitlines()[-1])


def memory_table(costs: dict[str, Any]) -> Table:
    """Return bytes by part, here and on a 32-bit board."""
    parts: dict[str, int] = {}
    for name, size in costs["ram"]:
        parts[name] = parts.get(name, 0) + size
    slots = costs["log_frames"]
    rows = [
        ("the files' code", parts.pop("code"), 0),
        (f"log of {slots} frames", parts.pop("FrameLog"), slots * wire.FRAME_BYTES),
        ("EMG ring and capture", parts.pop("EmgCapture"), EMG_RING_BYTES),
        ("USB link", parts.pop("UsbLink"), USB_BYTES),
        ("Bluetooth link", parts.pop("BleLink"), BLE_BYTES),
        ("all other parts", sum(parts.values()), 0),
    ]
    table = Table(
        "Part", "Bytes here (64 bits)", "Of it buffers", "On a board (32 bits), computed"
    )
    for name, size, buffers in rows:
        least = buffers + (size - buffers) // 2
        table.add_row(name, f"{size:,}", f"{buffers:,}", f"{least:,} to {size:,}")
    return table


def time_table(costs: dict[str, Any], seconds: int) -> Table:
    """Return times by task, and of single calls."""
    loop_us = max(1, costs["calls"]["baseline"][0])
    table = Table(
        "Task",
        "Times a second",
        "Median (µs)",
        "10 % to 90 % (µs)",
        "Share of a second (%)",
        "Loops of 1000",
    )
    tasks = (
        ("step without a frame", "step", 0),
        ("step with a frame", "step", 1),
        ("  EMG: look", "emg", 0),
        ("  EMG: read and encode a frame", "emg", 1),
        ("  IMU: look", "imu", 0),
        ("  IMU: read and encode a frame", "imu", 1),
        ("  status", "status", 0),
        ("hand frames to the radio", "pump", 0),
        ("a command of the host", "command", 0),
    )
    for name, task, which in tasks:
        count, low_us, median_us, high_us = costs["times"][task][which]
        table.add_row(
            name,
            f"{count / seconds:.1f}",
            f"{median_us}",
            f"{low_us} to {high_us}",
            f"{count / seconds * median_us / 1e4:.2f}",
            f"{median_us / loop_us:.1f}",
        )
    table.add_section()
    for name, call in (
        ("encode EMG", "encode_emg"),
        ("encode IMU", "encode_imu"),
        ("encode status", "encode_status"),
        ("packet of a frame for USB", "usb_frame"),
        ("authorise: three HMACs", "authorise"),
    ):
        median_us = costs["calls"][call][0]
        table.add_row(name, "", f"{median_us}", "", "", f"{median_us / loop_us:.1f}")
    return table


if __name__ == "__main__":
    main()
