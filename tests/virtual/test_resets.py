"""Pods that reset, crash or hang boot again by themselves, and say why."""

from __future__ import annotations

import asyncio
import json

import pytest
from bench import PERIPHERAL, with_script

from glutesym import wire
from glutesym.keys import KeyRing, OwnedPod
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import Simulation

ONCE = """
import machine, os, random, time
boot = len([name for name in os.listdir() if name.startswith("boot")])
open("boot" + str(boot), "w").close()
print("boot", boot, "cause", machine.reset_cause(), "ticks", time.ticks_ms() // 1000)
print("random", random.getrandbits(16))
if boot == 0:
    time.sleep(3)
    machine.WDT(timeout=2000)
    %s
time.sleep(1000)
"""

RESET_WHEN_CONNECTED = (
    PERIPHERAL
    + """
begin()
async def main():
    while link is None: await asyncio.sleep_ms(50)
    await asyncio.sleep(2)
    if machine.reset_cause() == 1: machine.reset()
    await asyncio.sleep(1000)
asyncio.run(main())
"""
)


async def has_reset(bench):
    """Wait until the pod has reset itself."""
    for _ in range(10_000):
        if bench.pod.resets:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no reset")


def boots(act, seconds=20):
    """Return each boot's (number, cause, second on the ticks), times of resets, random numbers."""
    seen = []

    async def body(bench):
        for _ in range(seconds * 100):
            resets = bench.pod.resets
            await asyncio.sleep(0.01)
            if bench.pod.resets > resets:
                seen.append(bench.loop.time())
        return bench.lines

    lines = with_script(ONCE % act, body)
    booted = [line.split() for line in lines if line.startswith("boot")]
    numbers = [line for line in lines if line.startswith("random")]
    return [(int(b[1]), int(b[3]), int(b[5])) for b in booted], seen, numbers


@pytest.mark.parametrize(
    ("act", "after_s"),
    [
        ("machine.reset()", 3),
        ("while True: time.ticks_ms()", 5),  # hangs: the watchdog's two seconds
        ("time.sleep(100)", 5),  # sleeps through its meals
        ("raise ValueError('oops')", 5),  # falls to the prompt, where nobody feeds the watchdog
    ],
)
def test_a_pod_boots_again(act, after_s):
    found, at, numbers = boots(act)
    # The board's timer begins anew; a reset on request is one by the watchdog, too.
    assert found == [(0, 1, 0), (1, 3, 0)]
    assert at == [pytest.approx(after_s, abs=0.1)]
    assert len(set(numbers)) == 2  # other random numbers at each boot


def test_an_uncaught_exception_without_a_watchdog_leaves_the_radio_alone():
    script = PERIPHERAL + "begin()\nraise ValueError('oops')\n"

    async def body(bench):
        async with bench.client(await bench.find()) as client:
            await asyncio.sleep(30)
            return client.is_connected, bench.pod.resets, bench.lines

    connected, resets, lines = with_script(script, body)
    assert connected
    assert resets == 0
    assert "ValueError: oops" in lines
    assert any(line.startswith("1 ") for line in lines)  # interrupts are still served


def test_a_reset_drops_the_link_by_supervision_and_the_pod_is_found_again():
    async def body(bench):
        device = await bench.find()
        gone = asyncio.Event()
        first = bench.client(device, lambda _client: gone.set())
        await first.connect()
        await has_reset(bench)
        begin = bench.loop.time()
        await gone.wait()
        after_s = bench.loop.time() - begin
        async with bench.client(await bench.find()) as again:
            await asyncio.sleep(5)
            return after_s, again.is_connected

    after_s, connected = with_script(RESET_WHEN_CONNECTED, body)
    assert after_s == pytest.approx(4, abs=0.1)
    assert connected


def test_a_host_that_gave_up_first_connects_to_the_pod_that_has_booted_again():
    """The old connection's supervision timer must not end the new connection."""

    async def body(bench):
        client = bench.client(await bench.find())
        await client.connect()
        await has_reset(bench)
        await client.disconnect()
        async with bench.client(await bench.find()) as again:
            await asyncio.sleep(10)
            return again.is_connected

    assert with_script(RESET_WHEN_CONNECTED, body)


def test_in_the_bootloader_a_pod_stays_silent():
    async def body(bench):
        await asyncio.sleep(30)
        return bench.pod.process.running, bench.pod.resets

    assert with_script("import machine\nmachine.bootloader()\n", body) == (False, 0)


def test_a_pod_that_is_switched_off_while_it_boots_stays_off():
    async def body(bench):
        await has_reset(bench)
        bench.pod.switch_off()
        await asyncio.sleep(10)
        return bench.pod.process.running, bench.pod.resets

    assert with_script("import machine\nmachine.reset()\n", body) == (False, 1)


def test_the_pods_of_a_simulation_have_an_owner():
    async def main():
        async with Simulation(build_scenario("counter"), 5) as simulation:
            stored = {
                side: json.loads((pod.process.log_path.parent / "flash/settings.json").read_text())
                for side, pod in simulation.pods.items()
            }
            return simulation.keys, stored, {s: p.id for s, p in simulation.pods.items()}

    from glutesym.world_time import run_in_world

    keys, stored, ids = run_in_world(main())
    ring = KeyRing.of(OwnedPod(*known) for known in keys.values())
    assert len({wire_tag for wire_tag in keys}) == 2
    for tag, (pod_id, side, key) in keys.items():
        assert pod_id == ids[side]
        assert tag == pod_id[-wire.TAG_DIGITS :].upper()
        assert stored[side] == {"side": side, "key": key.hex(), "encrypt": False}
        assert ring.get(tag).key == key
    assert keys == Simulation(build_scenario("counter"), 5).keys
    assert keys.keys() != Simulation(build_scenario("counter"), 6).keys.keys()
