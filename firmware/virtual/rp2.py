"""Stand-in for MicroPython's ``rp2`` on an RP2350: PIO, its assembler, StateMachine and DMA.

Ref: MicroPython documentation, ``rp2``; RP2350 datasheet, "PIO".
"""

import pio_state_machine
from micropython import const
from pio_assembler import PIOASMError, asm_pio, asm_pio_encode  # noqa: F401
from pio_dma import DMA  # noqa: F401
from pio_state_machine import StateMachine


class PIO:
    """A PIO block; 0 to 2."""

    IN_LOW = const(0)
    IN_HIGH = const(1)
    OUT_LOW = const(2)
    OUT_HIGH = const(3)
    SHIFT_LEFT = const(0)
    SHIFT_RIGHT = const(1)
    JOIN_NONE = const(0)
    JOIN_TX = const(1)
    JOIN_RX = const(2)
    IRQ_SM0 = const(0x100)
    IRQ_SM1 = const(0x200)
    IRQ_SM2 = const(0x400)
    IRQ_SM3 = const(0x800)

    def __init__(self, id):
        if not 0 <= id < 3:
            raise ValueError("invalid PIO")
        self._id = id

    def add_program(self, program):
        pio_state_machine.load(self._id, program)

    def remove_program(self, program=None):
        pio_state_machine.unload(self._id, program)

    def state_machine(self, id, program=None, **settings):
        if not 0 <= id < 4:
            raise ValueError("invalid StateMachine")
        return StateMachine(4 * self._id + id, program, **settings)
