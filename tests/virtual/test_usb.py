"""The pod's USB serial port: in memory, and as a terminal that a serial library opens."""

from __future__ import annotations

import asyncio
import hashlib

import numpy as np
import pytest
import serial
from bench import with_script

# Echoes lines as the board would have to read them: poll, then one byte.
ECHO = """
import machine, micropython, select, sys
micropython.kbd_intr(-1)
poller = select.poll()
poller.register(sys.stdin, select.POLLIN)
stream = sys.stdin.buffer
byte = bytearray(1)
line = bytearray()
print("ready")
while True:
    for _ in poller.ipoll(1000):
        stream.readinto(byte)
        line.extend(byte)
        if byte[0] == 10:
            sys.stdout.buffer.write(b"got " + line)
            if line == b"reset\\n": machine.reset()
            line = bytearray()
"""


def test_bytes_go_both_ways_in_memory():
    async def body(bench):
        await asyncio.sleep(1)
        usb = bench.pod.usb
        with pytest.raises(OSError, match="no such port"):
            usb.open()
        usb.plug_in()
        assert bench.pod.body.usb_power
        port = usb.open()
        every_byte = bytes(range(11, 256)) + bytes(range(10)) + b"\n"
        port.write(every_byte)
        port.write(b"second\n")
        got = [await port.reader.readline() for _ in range(2)]
        usb.unplug()
        assert not bench.pod.body.usb_power
        with pytest.raises(OSError, match="gone"):
            port.write(b"x")
        return got, every_byte, await port.reader.read(), bench.lines

    got, every_byte, rest, lines = with_script(ECHO, body)
    assert got == [b"got " + every_byte, b"got second\n"]
    assert rest == b""
    assert lines == ["ready"]  # print goes to the console's log


SUM = """
import hashlib, micropython, sys
micropython.kbd_intr(-1)
data = bytearray(720_000)
sys.stdin.buffer.readinto(data)
sys.stdout.buffer.write(hashlib.sha256(data).digest().hex().encode() + b"\\n")
"""


def test_more_at_once_than_the_socket_to_the_pod_holds():
    data = np.random.default_rng(1).bytes(720_000)

    async def body(bench):
        bench.pod.usb.plug_in()
        port = bench.pod.usb.open()
        for begin in range(0, len(data), 60_000):
            port.write(data[begin : begin + 60_000])  # the pod wakes up after the last one
        return await port.reader.readline()

    assert with_script(SUM, body).decode().strip() == hashlib.sha256(data).hexdigest()


def test_the_same_in_every_world():
    def run():
        async def body(bench):
            bench.pod.usb.plug_in()
            port = bench.pod.usb.open()
            times = []
            for number in range(20):
                port.write(b"%d\n" % number)
                assert await port.reader.readline() == b"got %d\n" % number
                times.append(bench.loop.now_ns())
            return times

        return with_script(ECHO, body)

    assert run() == run()


def test_a_reset_takes_the_port_away_and_another_one_comes():
    async def body(bench):
        usb = bench.pod.usb
        usb.plug_in(power=False)
        assert not bench.pod.body.usb_power
        port = usb.open()
        port.write(b"reset\n")
        last = await port.reader.read()
        assert bench.pod.resets == 1
        with pytest.raises(OSError, match="no such port"):
            usb.open()
        await asyncio.sleep(2)
        again = usb.open()
        again.write(b"hello\n")
        return last, await again.reader.readline()

    assert with_script(ECHO, body) == (b"", b"got hello\n")


def test_a_read_waits_for_all_that_was_asked_for():
    script = """
import sys, time
print(bytes(sys.stdin.buffer.read(5)))
buffer = bytearray(4)
print(sys.stdin.buffer.readinto(buffer), bytes(buffer))
print(sys.platform, sys.implementation.name)
"""

    async def body(bench):
        bench.pod.usb.plug_in()
        port = bench.pod.usb.open()
        lines = []
        for part in (b"abc", b"defg", b"hi"):
            port.write(part)
            await asyncio.sleep(1)
            lines.append(len(bench.lines))
        return lines, bench.lines

    counts, lines = with_script(script, body)
    assert counts == [0, 1, 3]
    assert lines == ["b'abcde'", "4 b'fghi'", "linux micropython"]


def test_asyncio_reads_it_as_a_stream():
    script = """
import asyncio, sys
async def main():
    reader = asyncio.StreamReader(sys.stdin.buffer)
    while True:
        byte = await reader.read(1)
        sys.stdout.buffer.write(byte.upper())
asyncio.run(main())
"""

    async def body(bench):
        bench.pod.usb.plug_in()
        port = bench.pod.usb.open()
        port.write(b"hello")
        return await port.reader.readexactly(5)

    assert with_script(script, body) == b"HELLO"


def test_a_serial_library_opens_the_terminal(tmp_path):
    """At real-time speed: the library's calls run in a thread beside the world."""
    path = tmp_path / "port"

    def talk():
        with serial.Serial(str(path), timeout=10) as port:
            port.write(bytes([3, 4, 13, 17, 19, 255]) + b"\n")  # what a cooked terminal would eat
            return port.readline()

    def wait_for_the_end():
        with serial.Serial(str(path), timeout=10) as port:
            opened.set()
            return port.read(1)

    async def body(bench):
        nonlocal opened
        import threading

        opened = threading.Event()
        usb = bench.pod.usb
        usb.plug_in()
        usb.open_terminal(path)
        got = await asyncio.to_thread(talk)
        end = asyncio.create_task(asyncio.to_thread(wait_for_the_end))
        await asyncio.to_thread(opened.wait, 10)
        usb.unplug()
        with pytest.raises(OSError, match=r"."):
            await end
        assert not path.is_symlink()  # gone before its terminal is somebody else's
        return got

    opened = None
    assert with_script(ECHO, body, speed=1.0) == b"got \x03\x04\r\x11\x13\xff\n"


def test_a_host_that_does_not_read_holds_the_pod_up_but_not_for_ever():
    script = """
import select, sys, time
poller = select.poll()
poller.register(sys.stdout.buffer, select.POLLOUT)
stream = sys.stdin.buffer
def write(count):
    began = time.ticks_ms()
    written = stream.write(bytes(count))
    print(written, time.ticks_diff(time.ticks_ms(), began) // 100, len(poller.poll(1)))
write(300)  # nobody has the port open
stream.read(1)
write(300)  # nobody reads
write(10)
stream.read(1)
write(300)  # somebody reads
"""

    async def body(bench):
        await asyncio.sleep(1)
        bench.pod.usb.plug_in()
        port = bench.pod.usb.open()
        port.paused = True
        port.write(b"x")
        await asyncio.sleep(3)
        port.paused = False
        got = await port.reader.readexactly(256)
        port.write(b"x")
        got += await port.reader.readexactly(300)
        await asyncio.sleep(1)
        port.close()
        return got, bench.lines

    got, lines = with_script(script, body)
    assert got == bytes(556)
    assert lines == ["300 0 1", "256 5 0", "0 5 0", "300 0 1"]
