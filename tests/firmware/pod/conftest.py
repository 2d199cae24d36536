"""What the drivers' tests share: scripts for the MicroPython VM that print JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
VIRTUAL = HERE.parents[2] / "firmware" / "virtual"
FAKE_WORLD = HERE.parent / "virtual" / "fake_world"
SCRIPTED_RP2 = HERE / "scripted_rp2"

RunScript = Callable[[str], Any]

# Runs before each script on the virtual board. `steady` repeats a step under heap lock.
_PRELUDE = """
import json, micropython, time, world
world.config.update({config})
import board, wire
from machine import I2C, SPI, Pin

def front_end():
    from ads1292r import ADS1292R
    spi = SPI(
        board.EMG_SPI, baudrate=board.EMG_SPI_HZ, polarity=0, phase=1,
        sck=Pin(board.EMG_SCLK), mosi=Pin(board.EMG_MOSI), miso=Pin(board.EMG_MISO),
    )
    return ADS1292R(spi, Pin(board.EMG_CS), Pin(board.EMG_START), Pin(board.EMG_RESET))

def emg_capture(ads):
    from emg_capture import EmgCapture
    return EmgCapture(
        ads, board.EMG_PIO_SM, board.EMG_PIO_HZ, Pin(board.EMG_SCLK), Pin(board.EMG_MISO),
        Pin(board.EMG_DRDY), Pin(board.EMG_CS), board.EMG_RING_BITS,
    )

def qwiic():
    return I2C(board.I2C, sda=Pin(board.I2C_SDA), scl=Pin(board.I2C_SCL), freq=board.I2C_HZ)

def steady(step, steps, pause_ms):
    micropython.heap_lock()
    for _ in range(steps):
        time.sleep_ms(pause_ms)
        step()
    micropython.heap_unlock()
"""


@pytest.fixture
def on_virtual_board(run_micropython: Callable[..., str]) -> Callable[..., Any]:
    """Run a script on the virtual board in a fake world; returns the last thing it printed."""

    def run(source: str, **config: Any) -> Any:
        prelude = _PRELUDE.replace("{config}", repr(config))
        return json.loads(run_micropython(prelude + source, FAKE_WORLD, VIRTUAL).splitlines()[-1])

    return run


@pytest.fixture
def on_scripted_rp2(run_micropython: Callable[..., str]) -> RunScript:
    """Run a script with stand-ins for rp2 and time that lose and corrupt words on demand."""

    def run(source: str) -> Any:
        return json.loads(run_micropython(source, SCRIPTED_RP2).splitlines()[-1])

    return run
