"""What micropython-rp2-stubs 1.29 lack: the registers of a DMA channel.

Ref: https://docs.micropython.org/en/latest/library/rp2.DMA.html
"""

from micropython_stubs.rp2 import *
from micropython_stubs.rp2 import DMA as _DMA

class DMA(_DMA):
    read: int
    write: int
    count: int
    ctrl: int
