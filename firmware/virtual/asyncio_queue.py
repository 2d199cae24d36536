"""Stand-in for the C part of MicroPython's asyncio, which reads the computer's own clock.

asyncio keeps tasks in a queue by the ticks at which they are due; this one takes the pod's ticks.
Ref: https://docs.micropython.org/en/latest/library/asyncio.html
"""

from time import ticks_diff, ticks_ms


class TaskQueue:
    """Tasks by due time; among equals, first come first served."""

    def __init__(self):
        self._tasks = []

    def peek(self):
        return self._tasks[0] if self._tasks else None

    def push(self, task, due=None):
        if task in self._tasks:
            raise RuntimeError("already queued")
        task.data = None
        task.ph_key = ticks_ms() if due is None else due
        place = len(self._tasks)
        while place and ticks_diff(self._tasks[place - 1].ph_key, task.ph_key) > 0:
            place -= 1
        self._tasks.insert(place, task)

    def pop(self):
        return self._tasks.pop(0)

    def remove(self, task):
        if task in self._tasks:
            self._tasks.remove(task)


class Task:
    """A coroutine on its way; awaiting it waits for its end."""

    def __init__(self, coro, globals=None):
        self.coro = coro
        self.data = None  # what it waits in or for; at the end, its result as an exception
        self.state = True  # True: nobody waits, TaskQueue: these wait, None or False: it has ended
        self.ph_key = 0
        self._core = globals

    def __iter__(self):
        if not self.state:
            self.state = False  # its result is being looked at
        elif self.state is True:
            self.state = TaskQueue()
        elif type(self.state) is not TaskQueue:
            raise RuntimeError("can't wait")
        return self

    def __next__(self):
        if not self.state:
            raise self.data
        waiting = self._core["cur_task"]
        self.state.push(waiting)
        waiting.data = self

    def done(self):
        return not self.state

    def cancel(self):
        if not self.state:
            return False
        if self is self._core["cur_task"]:
            raise RuntimeError("can't cancel self")
        task = self
        while isinstance(task.data, Task):
            task = task.data  # cancel what is waited for
        ready = self._core["_task_queue"]
        if hasattr(task.data, "remove"):
            task.data.remove(task)
            ready.push(task)
        elif ticks_diff(task.ph_key, ticks_ms()) > 0:
            ready.remove(task)
            ready.push(task)
        task.data = self._core["CancelledError"]
        return True
