"""A flash for tests on the VM that loses power at the n-th write: under a real littlefs.

flash = Flash(32)
flash.mount()
flash.cut_after(3, torn=True)   # the fourth write gets half-way, nothing later happens
...
flash.mount()                   # power is back
"""

import os

BLOCK_BYTES = 512
_EIO = 5


class Flash:
    """A block device as os.VfsLfs2 wants it: erase, then write."""

    def __init__(self, blocks):
        self.data = bytearray(blocks * BLOCK_BYTES)
        self.writes = 0  # writes and erases that came through
        self.broken = False  # nothing can be read any more, nor written
        self._left = None
        self._torn = False
        os.VfsLfs2.mkfs(self)

    def cut_after(self, writes, torn):
        self._left = writes
        self._torn = torn

    def mount(self):
        """Switch the power on (again): the current folder is this flash."""
        self._left = None
        try:
            os.chdir("/")
            os.umount("/cut")
        except OSError:
            pass
        os.mount(os.VfsLfs2(self), "/cut")
        os.chdir("/cut")

    def readblocks(self, block, into, offset=0):
        if self.broken:
            raise OSError(_EIO)
        start = block * BLOCK_BYTES + offset
        into[:] = self.data[start : start + len(into)]

    def writeblocks(self, block, data, offset=0):
        start = block * BLOCK_BYTES + offset
        size = len(data)
        powered = self._power()
        if not powered:
            size = size // 2 if self._torn else 0
            self._torn = False
        self.data[start : start + size] = data[:size]
        if not powered:
            raise OSError(_EIO)

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.data) // BLOCK_BYTES
        if operation == 5:
            return BLOCK_BYTES
        if operation == 6:  # erase
            if not self._power():
                raise OSError(_EIO)
            start = argument * BLOCK_BYTES
            self.data[start : start + BLOCK_BYTES] = b"\xff" * BLOCK_BYTES
        return 0

    def _power(self):
        if self.broken:
            return False
        if self._left is None:
            self.writes += 1
            return True
        if self._left == 0:
            return False
        self._left -= 1
        self.writes += 1
        return True
