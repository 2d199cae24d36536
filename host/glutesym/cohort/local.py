"""Tasks in processes of this computer; one that takes its process with it costs only itself."""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 2  # tasks a process, so that none waits for work
_MOST_ON_WINDOWS = 61  # processes that Python can wait for there


def in_processes(
    work: Callable[[T], R], tasks: Iterable[T], workers: int
) -> Iterator[tuple[T, R | None]]:
    """Do tasks in parallel; yields each with its result as soon as it is there, in any order.

    Parameters
    ----------
    work : callable
        Of a module, so that another process finds it.
    tasks : iterable
    workers : int
        Processes.

    Yields
    ------
    tuple
        The task and its result; None: its process ended twice in it (killed, or out of memory).
    """
    waiting = deque(tasks)
    while waiting:
        lost = yield from _until_one_dies(work, waiting, workers)
        for task in lost:  # one of them did it: each once more, in a process of its own
            alone = deque([task])
            if (yield from _until_one_dies(work, alone, 1)):
                yield task, None


def _until_one_dies(
    work: Callable[[T], R], waiting: deque[T], workers: int
) -> Iterator[tuple[T, R | None]]:
    """Do what is waiting; returns the tasks that were under way when a process died."""
    running: dict[Future[R], T] = {}
    if sys.platform == "win32":
        workers = min(workers, _MOST_ON_WINDOWS)
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _leave_ctrl_c_to_the_parent)
    try:
        while waiting or running:
            while waiting and len(running) < _AHEAD * workers:
                with _without_ctrl_c():
                    future = pool.submit(work, waiting[0])  # the first one starts the processes
                running[future] = waiting.popleft()
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                yield running.pop(future), result
    except BrokenProcessPool:
        return [*running.values()]
    finally:
        pool.shutdown(cancel_futures=True)
    return []


@contextmanager
def _without_ctrl_c() -> Generator[None]:
    """Let Ctrl-C wait: processes started now do not hear it, not even while they import."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_ctrl_c_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
