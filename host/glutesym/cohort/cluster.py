"""Tasks on a Dask cluster, which has computers of its own; it does again what a lost one had."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from glutesym.errors import GlutesymError
from glutesym.installing import install_command

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 3  # tasks a thread of the cluster
_PATIENCE_S = 20


def on_cluster(
    work: Callable[[T], R], tasks: Iterable[T], scheduler: str
) -> Iterator[tuple[T, R | None]]:
    """Do tasks on a cluster; yields as `local.in_processes` does.

    Parameters
    ----------
    work : callable
        Of a module that the workers have, too.
    tasks : iterable
    scheduler : str
        Its address, such as ``tcp://192.168.1.5:8786``.

    Raises
    ------
    GlutesymError
        Dask is not installed, nobody answers there or not any more, there is no worker, or one
        lacks the module.
    """
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise GlutesymError(
            f"A cluster needs Dask, which is not installed. Fix: {install_command('cohort')}"
        ) from error
    try:
        client: Any = distributed.Client(scheduler, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise GlutesymError(
            f"No Dask scheduler answers at {scheduler}. Start one with `dask scheduler` and give "
            f"the address that it prints, such as tcp://192.168.1.5:8786. ({error})"
        ) from error
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise GlutesymError(
                f"The scheduler at {scheduler} has no worker. Start some with "
                f"`dask worker {scheduler} --nthreads 1` where glutesym is installed."
            )
        try:
            client.run(callable, work)  # a task that a worker cannot import would never end
        except Exception as error:  # Dask tells what happened there as any kind
            raise GlutesymError(
                f"A worker of {scheduler} cannot measure ({error}). Install the same glutesym "
                "where the workers run, start them again, and give the same command."
            ) from error
        waiting = iter(tasks)
        under_way: dict[Any, T] = {}
        results: Any = distributed.as_completed(loop=client.loop)

        def submit_one() -> None:
            for task in waiting:
                future = client.submit(work, task, pure=False)
                under_way[future] = task
                results.add(future)
                return

        for _ in range(_AHEAD * threads):
            submit_one()
        for future in results:
            task = under_way.pop(future)
            try:
                result = future.result()
            except distributed.KilledWorker:
                result = None
            except distributed.CancelledError as error:
                raise GlutesymError(
                    f"The scheduler at {scheduler} is gone. What was measured is kept: start it "
                    "and its workers again, and give the same command."
                ) from error
            submit_one()
            yield task, result
