"""Start a virtual pod: what the boot ROM and MicroPython's own start-up do on the board."""

import asyncio_queue
import board
import random
import sys
import usb_serial
import world
from machine_watchdog import EXIT_PROMPT

sys.modules["_asyncio"] = asyncio_queue  # files cannot override these built-in modules
sys.modules["sys"] = usb_serial.Sys()
sys.modules["micropython"] = usb_serial.Micropython()
random.seed(world.config["seed"])
board.EMG_FRONT_END = world.config.get("emg_front_end", board.EMG_FRONT_END)

try:
    import main  # noqa: F401
except Exception as error:
    world.lift_heap_lock()
    sys.print_exception(error)
except KeyboardInterrupt:
    pass
# Where the board ends up when main.py does: nothing runs any more but interrupts, the radio's
# link, and the watchdog if it had been started. Once somebody has pressed Ctrl-C, MicroPython's
# prompt takes over the port: prompt.py, without radio and watchdog. Ref: MicroPython
# ports/rp2/main.c
try:
    while not world.interrupts:
        world.wait_until(-1)
except KeyboardInterrupt:
    pass
sys.exit(EXIT_PROMPT)
