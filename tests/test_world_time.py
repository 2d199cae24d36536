"""World time: jumps when all wait, stands still while somebody computes, keeps pace when asked."""

from __future__ import annotations

import asyncio
import socket
import time
from types import SimpleNamespace

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


def test_timers_are_on_time_where_the_systems_clock_is_coarse(monkeypatch):
    """As on Windows."""
    info = SimpleNamespace(resolution=0.015625)
    monkeypatch.setattr(time, "get_clock_info", lambda _name: info)

    async def collect() -> list[float]:
        loop = asyncio.get_running_loop()
        seen: list[float] = []
        for when_s in (0.001, 0.002, 0.012):
            loop.call_at(when_s, lambda: seen.append(loop.time()))
        await asyncio.sleep(1)
        return seen

    assert run_in_world(collect()) == pytest.approx([0.001, 0.002, 0.012], abs=1e-8)


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
