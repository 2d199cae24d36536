"""What a pod does: sensors into frames, frames into the log, the log to the host."""

import asyncio
import gc
import micropython
import random
import sys
import time
import wire
from array import array
from micropython import const

_STATUS_PERIOD_MS = const(500)
_LOOP_MS = const(12)
_DITHER_MS = const(9)  # so that sends do not lock to the connection interval
_GAUGE_PERIOD_MS = const(10_000)
_RESTART_MS = const(100)
_ALONE_S = const(1200)  # a host that stays away for so long does not come back
_IMU_TRIES = const(3)
_LOW_BATTERY_256 = const(15 << 8)  # 15 %
_NO_TEMPERATURE = const(-128)


class Pod:
    """Holds the parts and the one step that the main loop repeats.

    A part that failed to start is None, and ``errors`` says so (wire.ERROR_* bits).
    """

    def __init__(self, ads, capture, imu, power, led, log, sender, link, errors, bench):
        self._ads = ads
        self._capture = capture
        self._imu = imu
        self._power = power
        self._led = led
        self._log = log
        self._sender = sender
        self._link = link
        self._errors = errors
        self._bench = bench
        self._run = 0  # number of this run of capture; 0: none
        self._capturing = False  # the sensors work
        self._emg_block = array("i", [0] * wire.EMG_PER_FRAME)
        self._imu_block = bytearray(wire.IMU_PER_FRAME * wire.IMU_SAMPLE_BYTES)
        self._status = [0] * len(wire.STATUS_NAMES)
        self._battery_byte = bytearray(1)
        self._status_due_ms = self._boot_ms = time.ticks_ms()
        self._uptime_ms = 0
        self._probe_id = 0
        self._probe_ticks_us = 0
        self._bus_errors = 0
        self._heap_free = gc.mem_free()
        self._alone_s = 0  # capturing without a host
        self._task_errors = 0
        self._heap_faults = 0

    # --- tasks

    async def keep(self, task, *arguments):
        """Run a task for ever: an exception is counted and shown, and it begins again."""
        while True:
            try:
                await task(*arguments)
            except Exception as error:
                self._task_errors += 1
                sys.print_exception(error)
            await asyncio.sleep_ms(_RESTART_MS)

    async def sample(self):
        """Repeat `step` with the heap locked: whoever wants memory there would cause pauses."""
        while True:
            if self._capturing and self._power.on_usb and not self._bench:
                self._refuse_usb()
            micropython.heap_lock()
            try:
                self.step()
            except MemoryError as error:
                micropython.heap_unlock()
                self._heap_faults += 1
                sys.print_exception(error)
            except Exception:
                micropython.heap_unlock()
                raise
            else:
                micropython.heap_unlock()
            # Not with the heap locked: BTstack copies what the controller has no room for to the
            # heap, and does not check that it got it. The window bounds these copies.
            self._sender.pump()
            await asyncio.sleep_ms(_LOOP_MS + random.getrandbits(8) % (_DITHER_MS + 1))

    async def watch(self):
        """Look after what changes slowly: battery, memory, a host that does not come back."""
        while True:
            self._power.measure()
            self._heap_free = gc.mem_free()  # looks at every block: too slow for the steady state
            self._alone_s = 0 if self._link.connected else self._alone_s + _GAUGE_PERIOD_MS // 1000
            if self._capturing and self._alone_s > _ALONE_S:
                self._stop_sensors()
                self._run = 0
            self._battery_byte[0] = (self._power.percent_256 + 128) >> 8
            self._link.set_battery(self._battery_byte)
            self._show()
            await asyncio.sleep_ms(_GAUGE_PERIOD_MS)

    # --- commands

    def on_command(self, opcode, a, b, c, ticks_us):
        """Carry out a command; False when it makes no sense."""
        if opcode == wire.ACK:
            if b != self._run:
                return False
            self._log.acknowledge(c)
        elif opcode == wire.PROBE:
            self._probe_id = c
            self._probe_ticks_us = ticks_us
        elif opcode == wire.START:
            if not a:
                return False
            if not self._run or b != self._run:
                self._begin_run()
            self._sender.start(a)
        elif opcode == wire.STOP:
            if self._run:
                self._stop_sensors()
                self._take_status()  # the last frame: when it has arrived, so has everything
        elif opcode == wire.IDENTIFY:
            self._led.identify(time.ticks_ms(), a * 1000)
        else:
            return False
        self._show()
        return True

    def on_link_change(self):
        """A host came or went. Capture goes on without one: the log keeps what it makes."""
        if not self._link.connected:
            self._sender.stop()
            if not self._capturing:
                self._run = 0  # it had been stopped, and now nobody waits for its end
        self._show()

    def _begin_run(self):
        self._sender.stop()
        self._stop_sensors()
        self._log.clear()
        self._run = random.getrandbits(16) or 1
        self._probe_id = 0
        self._errors &= ~wire.ERROR_USB_POWER
        if self._power.on_usb and not self._bench:
            self._refuse_usb()
            return
        if self._capture:
            self._ads.start_conversions()
            self._capture.start()
        if self._imu:
            self._start_imu()
        self._capturing = True

    def _start_imu(self):
        self._errors |= wire.ERROR_IMU_CHIP
        for _ in range(_IMU_TRIES):
            try:
                self._imu.start()
            except OSError:
                self._bus_errors += 1
            else:
                self._errors &= ~wire.ERROR_IMU_CHIP
                return

    def _stop_sensors(self):
        if self._capturing and self._capture:
            self._capture.stop()
            self._ads.stop_conversions()
        self._capturing = False

    def _refuse_usb(self):
        """Stop measuring: nobody may wear a pod that is plugged in. The next start clears it."""
        self._errors |= wire.ERROR_USB_POWER
        self._stop_sensors()
        self._show()

    def _show(self):
        """Tell the LED what the pod is doing."""
        led = self._led
        if self._errors:
            led.state = led.ERROR
        elif self._power.percent_256 < _LOW_BATTERY_256 and not self._power.gauge_failed:
            led.state = led.LOW_BATTERY
        elif self._sender.streaming:
            led.state = led.STREAMING
        elif self._link.connected:
            led.state = led.CONNECTED
        else:
            led.state = led.IDLE

    # --- the steady state: allocates nothing

    def step(self):
        """Do everything that is due, once."""
        now_ms = time.ticks_ms()
        self._uptime_ms = time.ticks_diff(now_ms, self._boot_ms)
        if self._capturing:
            if self._capture:
                self._take_emg()
            if self._imu:
                self._take_imu()
        if self._run and time.ticks_diff(now_ms, self._status_due_ms) >= 0:
            self._status_due_ms = time.ticks_add(now_ms, _STATUS_PERIOD_MS)
            self._take_status()
        self._led.update(now_ms)

    def _take_emg(self):
        log = self._log
        capture = self._capture
        capture.poll()
        while True:
            count = capture.read(self._emg_block, wire.EMG_PER_FRAME)
            if not count:
                return
            wire.encode_emg(
                log.claim(), self._run, log.next, capture.first_index, capture.anchor_index,
                capture.anchor_ticks_us, capture.flags, capture.lead_off, self._ads.lsb_pv,
                self._emg_block, count,
            )  # fmt: skip
            log.commit()

    def _take_imu(self):
        imu = self._imu
        log = self._log
        try:
            while imu.poll() >= wire.IMU_PER_FRAME:
                count = imu.drain(self._imu_block, wire.IMU_PER_FRAME)
                if not count:
                    return
                wire.encode_imu(
                    log.claim(), self._run, log.next, imu.first_index, imu.anchor_index,
                    imu.anchor_ticks_us, imu.flags, imu.temperature_raw, imu.ticks_first_low,
                    imu.ticks_first_high, imu.ticks_last_low, imu.ticks_last_high,
                    imu.accel_lsb_ug, imu.gyro_lsb_10udps, self._imu_block, count,
                )  # fmt: skip
                log.commit()
        except OSError:
            self._bus_errors += 1

    def _take_status(self):
        log = self._log
        frame = log.claim()
        values = self._status
        capture = self._capture
        imu = self._imu
        power = self._power
        values[0] = self._run
        values[1] = log.next
        values[2] = 0  # stamped when it is sent
        values[3] = time.ticks_us()
        values[4] = self._uptime_ms // 1000
        values[5] = power.millivolts
        values[6] = power.percent_256
        values[7] = wire.STATE_CAPTURING if self._capturing else wire.STATE_IDLE
        values[8] = self._errors | (wire.ERROR_BATTERY_GAUGE if power.gauge_failed else 0)
        values[9] = 1 if power.on_usb else 0
        values[10] = 25 + (imu.temperature_raw >> 8) if imu else _NO_TEMPERATURE
        values[11] = capture.anchor_index if capture else 0
        values[12] = capture.overrun if capture else 0
        values[13] = imu.anchor_index if imu else 0
        values[14] = imu.overrun if imu else 0
        values[15] = log.next
        values[16] = log.dropped
        values[17] = self._sender.sent
        values[18] = log.first
        values[19] = log.capacity
        values[20] = self._heap_free
        values[21] = self._bus_errors
        values[22] = self._link.bad_commands
        values[23] = 0
        values[24] = self._task_errors
        values[25] = self._heap_faults
        values[26] = capture.misaligned if capture else 0
        values[27] = 0
        values[28] = self._probe_id
        values[29] = self._probe_ticks_us
        wire.encode_status(frame, values)
        log.commit()
