"""World time: jumps when all wait, stands still while somebody computes, keeps pace when asked."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from glutesym.world_time import WorldLoop, run_in_world


def test_an_hour_takes_no_time():
    async def sleep() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    begin = time.monotonic()
    assert run_in_world(sleep()) == pytest.approx(3600)
    assert time.monotonic() - begin < 60


def test_timers_come_in_order_at_their_time():
    async def collect() -> list[tuple[str, float]]:
        loop = asyncio.get_running_loop()
        seen: list[tuple[str, float]] = []
        for name, delay in (("c", 0.3), ("a", 0.1), ("b", 0.2)):
            loop.call_later(delay, lambda name=name: seen.append((name, round(loop.time(), 6))))
        await asyncio.sleep(1)
        return seen

    assert run_in_world(collect()) == [("a", 0.1), ("b", 0.2), ("c", 0.3)]


def test_a_timer_comes_at_its_very_nanosecond():
    times_ns = [1, 2, 999_999_999, 3_600_000_000_001, 86_400_000_000_007]

    async def collect() -> list[int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, WorldLoop)
        seen: list[int] = []
        for when_ns in times_ns:
            loop.call_at_ns(when_ns, lambda: seen.append(loop.now_ns()))
        await asyncio.sleep(90_000)
        return seen

    assert run_in_world(collect()) == times_ns


@pytest.mark.parametrize("when_s", [0.1 + 1e-10, 0.1 + 9e-10, 1 / 3, 3600 + 1 / 7])
def test_a_timer_between_two_nanoseconds_is_not_early(when_s):
    async def wait() -> float:
        loop = asyncio.get_running_loop()
        come = loop.create_future()
        loop.call_at(when_s, lambda: come.set_result(loop.time()))
        loop.call_at(when_s - 1e-9, lambda: None)
        return await come

    assert when_s <= run_in_world(wait()) <= when_s + 1e-9


def test_time_stands_still_while_it_is_held():
    async def hold() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, WorldLoop)
        ours, theirs = socket.socketpair()
        timer = asyncio.create_task(asyncio.sleep(5))
        await asyncio.sleep(0)
        spoken = loop.create_future()
        loop.hold()
        loop.add_reader(ours, lambda: spoken.done() or spoken.set_result(loop.time()))
        loop.call_soon(theirs.send, b"x")  # the one who holds the world answers
        at_answer = await spoken
        loop.remove_reader(ours)
        loop.release()
        await timer
        ours.close()
        theirs.close()
        return at_answer, loop.time()

    at_answer, at_end = run_in_world(hold())
    assert at_answer == 0
    assert at_end == pytest.approx(5)


def test_a_paced_world_is_not_faster_than_asked():
    async def sleep() -> None:
        await asyncio.sleep(2)

    begin = time.monotonic()
    run_in_world(sleep(), speed=20)
    assert time.monotonic() - begin >= 0.099
