"""Start a virtual pod: what the boot ROM and MicroPython's own start-up do on the board."""

import asyncio_queue
import random
import sys
import world

sys.modules["_asyncio"] = asyncio_queue  # a file cannot override this built-in module
random.seed(world.config["seed"])

import main  # noqa: F401, E402
