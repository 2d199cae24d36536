"""Stand-in for MicroPython's ``select``, as asyncio uses it: where a pod sleeps.

``asyncio`` has nothing to do until its next deadline or until an object is ready; both are known
to the world. Objects are polled by their ``ioctl``, as MicroPython's own ``poll`` does.
"""

import world
from time import world_ns_of

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16
_MP_STREAM_POLL = 3


class poll:
    def __init__(self):
        self._objects = {}
        self._ready = []

    def register(self, stream, flags=POLLIN | POLLOUT):
        self._objects[id(stream)] = [stream, flags]

    def modify(self, stream, flags):
        self._objects[id(stream)][1] = flags

    def unregister(self, stream):
        self._objects.pop(id(stream), None)

    def ipoll(self, timeout_ms=-1, flags=0):
        depth = world.lift_heap_lock()
        deadline_ns = (
            -1 if timeout_ms < 0 else world.now_ns() + world_ns_of(timeout_ms * 1_000_000)
        )
        ready = self._look()
        while not ready:
            world.wait_until(
                deadline_ns
            )  # also when the time is up: a pod always yields to the world
            ready = self._look()
            if 0 <= deadline_ns <= world.now_ns():
                break
        world.restore_heap_lock(depth)
        return ready

    poll = ipoll

    def _look(self):
        ready = self._ready
        ready.clear()
        for stream, flags in self._objects.values():
            state = stream.ioctl(_MP_STREAM_POLL, flags)
            if state:
                ready.append((stream, state))
        return ready
