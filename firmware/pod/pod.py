"""What a pod does: sensors into frames, frames into the log, the log to the host."""

import asyncio
import gc
import micropython
import random
import settings
import time
import wire
from array import array
from micropython import const

_STATUS_PERIOD_MS = const(500)
_LOOP_MS = const(12)
_DITHER_MS = const(9)  # so that sends do not lock to the connection interval
_WATCH_MS = const(1000)
_GAUGE_PERIOD_S = const(10)
_RESTART_MS = const(100)  # before a failed task begins again
_ALONE_S = const(1000)  # no host for so long: the run ends. Ticks wrap after 1073 s
_DOZE_S = const(300)  # idle and alone for so long: the sensors sleep
_REBOOT_S = const(3)  # from a change of settings to the restart
_IMU_TRIES = const(3)
_NO_TEMPERATURE = const(-128)


class Pod:
    """Holds the parts and the one step that the main loop repeats.

    ``errors`` (wire.ERROR_* bits) says what failed to start; ``imu`` is None if it did. ``facts``
    is what `describe` tells besides the ``chosen`` settings; ``store`` keeps settings, ``reset``
    restarts.
    """

    def __init__(self, emg, imu, power, led, log, sender, faults, errors, chosen, store, facts,
                 reset):  # fmt: skip
        self._emg = emg
        self._imu = imu
        self._power = power
        self._led = led
        self._log = log
        self._sender = sender
        self._errors = errors
        self._settings = chosen
        self._store = store
        self._facts = facts
        self._reset = reset
        self.faults = faults
        self.id = facts["id"]
        self.links = []
        self._run = 0  # number of this run of capture; 0: none
        self._capturing = False  # the sensors work
        self._ending = False  # the host has stopped this run
        self._refused_seq = 0  # end of what was measured before USB power came
        self._emg_ready = not errors & wire.ERROR_EMG_CHIP  # powered up and set up
        self._emg_runs = False
        self._testing = False
        self._asleep = False
        self._emg_block = array("i", [0] * wire.EMG_PER_FRAME)
        self._imu_block = bytearray(wire.IMU_PER_FRAME * wire.IMU_SAMPLE_BYTES)
        self._status = [0] * len(wire.STATUS_NAMES)
        self._status_due_ms = self._step_ms = time.ticks_ms()
        self._longest_step_ms = 0
        self._uptime_s = 0
        self._probe_id = 0
        self._probe_ticks_us = 0
        self._bus_errors = 0
        self._heap_free = gc.mem_free()
        self._alone_s = 0  # without a host
        self._reboot_s = 0  # until the restart; 0: none is due
        self._task_errors = 0
        self._heap_faults = 0

    # --- tasks

    async def keep(self, task, *arguments):
        """Run a task for ever: an exception is counted and kept, and it begins again."""
        while True:
            try:
                await task(*arguments)
            except Exception as error:
                self._task_errors += 1
                self.faults.note_exception(error)
            await asyncio.sleep_ms(_RESTART_MS)

    async def sample(self, watchdog):
        """Repeat `step` with the heap locked: whoever wants memory there would cause pauses."""
        while True:
            if self._power.on_usb and not self._settings["bench"]:
                if self._capturing:
                    self._refuse_usb()
            elif self._errors & wire.ERROR_USB_POWER:
                self._return_from_usb()
            micropython.heap_lock()
            try:
                self.step()
            except MemoryError as error:
                micropython.heap_unlock()
                self._heap_faults += 1
                self.faults.note_exception(error)
            except Exception:
                micropython.heap_unlock()
                raise
            else:
                micropython.heap_unlock()
            # Not with the heap locked: BTstack copies what the controller has no room for to the
            # heap, and does not check that it got it. The window bounds these copies.
            self._sender.pump()
            watchdog.feed()
            await asyncio.sleep_ms(_LOOP_MS + random.getrandbits(8) % (_DITHER_MS + 1))

    async def watch(self):
        """Look after what changes slowly: battery, memory, idleness, a restart that is due."""
        while True:
            if self._uptime_s % _GAUGE_PERIOD_S == 0:
                self._power.measure()
                self._heap_free = gc.mem_free()  # looks at every block: too slow for `step`
                self._show()
            if self._reboot_s:
                self._reboot_s -= 1
                if not self._reboot_s:
                    self.faults.save()
                    self._reset()
            self._alone_s = 0 if self._connected() else self._alone_s + 1
            if self._run and (self._alone_s > _ALONE_S or self._all_fetched()):
                self._end_run()
            if not self._run:
                self.faults.save()  # never while capturing: writing flash holds up everything
            if self._power.empty and not self._asleep:
                self.faults.note("battery empty: stopped")
                self._stop_sensors()
                self._sleep()
            self._consider_sleep()
            await asyncio.sleep_ms(_WATCH_MS)
            self._uptime_s += 1

    # --- commands and requests of the owner

    def on_command(self, link, opcode, a, b, c, ticks_us):
        """Carry out a command; False when it makes no sense."""
        if opcode == wire.ACK:
            if b != self._run or not self._sender.streams_to(link):
                return False
            self._sender.acknowledge(a)
            self._log.acknowledge(c)
            return True
        if opcode == wire.PROBE:
            self._probe_id = c
            self._probe_ticks_us = ticks_us
            return True
        if opcode == wire.RESEND:
            if b != self._run or not self._sender.streams_to(link):
                return False
            return self._sender.resend(c, a)
        if opcode == wire.START:
            if not a or not link.carries_frames or self._testing or self._reboot_s:
                return False
            if self._sender.streaming and not self._sender.streams_to(link):
                return False  # it streams over the other link
            if not self._run or b != self._run:
                self._begin_run()
            self._sender.start(link, a)
            self._take_status()  # at once: tells which frames there are
        elif opcode == wire.STOP:
            if self._run:
                self._stop_sensors()
                self._ending = True
                self._take_status()  # the last frame: says that no other follows
        elif opcode == wire.IDENTIFY:
            self._led.identify(time.ticks_ms(), a * 1000)
        else:
            return False
        self._show()
        return True

    def on_link_change(self, link):
        """A host came or went. Capture goes on without one: the log keeps what it makes."""
        if link.connected:
            self._alone_s = 0
        elif self._sender.streams_to(link):
            self._sender.stop()
        self._show()

    def describe(self, link):
        """Return who this pod is, for its owner."""
        emg = self._emg
        power = self._power
        answer = dict(self._facts)
        answer["side"] = self._settings["side"]
        answer["bench"] = self._settings["bench"]
        answer["mtu"] = link.mtu
        answer["faults"] = self.faults.count
        answer["errors"] = self._error_bits()
        if power.millivolts:
            answer["battery_mv"] = power.millivolts
            answer["battery_pct"] = power.percent_256 >> 8
        answer["emg"] = {
            "chip": emg.chip,
            "rate_sps": self._settings["rate_sps"],
            "gain": emg.fixed_gain or self._settings["gain"],
            "ok": not self._errors & wire.ERROR_EMG_CHIP,
        }
        return answer

    def change_settings(self, changes, with_key):
        """Store changed settings and restart soon, which is when they take effect.

        Raises ValueError saying which is wrong, or that the pod is busy.
        """
        if not isinstance(changes, dict) or ("key" in changes) != with_key:
            raise ValueError("settings, the key only by provisioning")
        if self._capturing or self._testing:
            raise ValueError("busy: stop first")
        changed = settings.change(self._settings, changes)
        self._store(changed)
        self._settings = changed
        self._reboot_s = _REBOOT_S

    async def self_test(self):
        """Return what the front end measures of its own test signal."""
        if self._capturing or self._testing:
            raise ValueError("busy: stop first")
        self._wake_up()
        self._testing = True
        self._led.state = self._led.TESTING
        try:
            if not self._emg_ready:
                self._emg.prepare(self._settings["rate_sps"], self._settings["gain"])
                self._emg_ready = True
            return await self._emg.self_test()
        finally:
            self._testing = False
            self._show()

    # --- runs of capture

    def _begin_run(self):
        self._end_run()
        self._wake_up()
        self._run = random.getrandbits(16) or 1
        self._probe_id = 0
        self._longest_step_ms = 0
        self._errors &= ~wire.ERROR_USB_POWER
        if self._power.on_usb and not self._settings["bench"]:
            self._refuse_usb()
            return
        if self._power.empty:
            return
        self._start_emg()
        if self._imu:
            self._start_imu()
        self._step_ms = time.ticks_ms()
        self._capturing = True

    def _start_emg(self):
        emg = self._emg
        try:
            if not self._emg_ready:
                emg.prepare(self._settings["rate_sps"], self._settings["gain"])
            emg.start()
            self._emg_ready = self._emg_runs = True
            self._errors &= ~wire.ERROR_EMG_CHIP
        except OSError as error:
            self._errors |= wire.ERROR_EMG_CHIP
            self.faults.note_exception(error)

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
        if self._emg_runs:
            self._emg_runs = False
            self._emg.stop()
        self._capturing = False

    def _end_run(self):
        """Forget the run and what of it nobody has fetched."""
        self._sender.stop()
        self._stop_sensors()
        self._log.clear()
        self._run = 0
        self._ending = False

    def _all_fetched(self):
        return self._ending and not self._connected() and self._log.first == self._log.next

    def _refuse_usb(self):
        """Stop measuring: nobody may wear a pod that is plugged in."""
        self._errors |= wire.ERROR_USB_POWER
        self._stop_sensors()
        self._refused_seq = self._log.next
        self._show()

    def _return_from_usb(self):
        """The cable is out again: measure anew, once the host has what was measured before."""
        sender = self._sender
        if not self._run or self._ending:
            self._errors &= ~wire.ERROR_USB_POWER  # nobody wants it any more
        elif sender.streaming and self._log.first >= self._refused_seq:
            link, window = sender.link, sender.window
            self._begin_run()
            sender.start(link, window)
        else:
            return
        self._show()

    # --- sleep

    def _connected(self):
        for link in self.links:
            if link.connected:
                return True
        return False

    def _consider_sleep(self):
        """Put the sensors to sleep when nobody uses them; being moved or called wakes them."""
        if self._asleep:
            if not self._power.empty and (self._alone_s == 0 or self._moved()):
                self._wake_up()
        elif not self._run and not self._testing and self._alone_s > _DOZE_S:
            self._sleep()

    def _sleep(self):
        self._asleep = True
        self._emg_ready = False  # has to be prepared again
        for part in (self._emg, self._imu):
            try:
                if part:
                    part.sleep()
            except OSError:
                self._bus_errors += 1
        self._tell_links()

    def _moved(self):
        try:
            return self._imu is not None and self._imu.moved()
        except OSError:
            self._bus_errors += 1
            return False

    def _wake_up(self):
        if self._asleep:
            self._asleep = False
            self._alone_s = 0
            self._tell_links()

    def _tell_links(self):
        for link in self.links:
            link.doze(self._asleep)
        self._show()

    def _show(self):
        """Tell the LED what the pod is doing."""
        led = self._led
        if self._testing:
            led.state = led.TESTING
        elif self._asleep:
            led.state = led.ASLEEP
        elif self._errors & wire.ERROR_USB_POWER:
            led.state = led.REFUSED
        elif self._errors:
            led.state = led.ERROR
        elif self._power.low:
            led.state = led.LOW_BATTERY
        elif self._sender.streaming:
            led.state = led.STREAMING
        elif self._connected():
            led.state = led.CONNECTED
        else:
            led.state = led.IDLE

    # --- the steady state: allocates nothing

    def _error_bits(self):
        return self._errors | (wire.ERROR_BATTERY_GAUGE if self._power.gauge_failed else 0)

    def step(self):
        """Do everything that is due, once."""
        now_ms = time.ticks_ms()
        if self._capturing:
            step_ms = time.ticks_diff(now_ms, self._step_ms)
            if step_ms > self._longest_step_ms:
                self._longest_step_ms = step_ms
            if self._emg_runs:
                self._take_emg()
            if self._imu:
                self._take_imu()
        self._step_ms = now_ms
        if self._run and not self._ending and time.ticks_diff(now_ms, self._status_due_ms) >= 0:
            self._status_due_ms = time.ticks_add(now_ms, _STATUS_PERIOD_MS)
            self._take_status()
        self._led.update(now_ms)

    def _take_emg(self):
        log = self._log
        emg = self._emg
        emg.poll()
        if emg.failed:
            self._emg_ready = False
            self._errors |= wire.ERROR_EMG_CHIP
        while True:
            count = emg.read(self._emg_block, wire.EMG_PER_FRAME)
            if not count:
                return
            if not emg.failed:  # what it measures may be no signal
                self._errors &= ~wire.ERROR_EMG_CHIP
            wire.encode_emg(
                log.claim(), self._run, log.next, emg.first_index, emg.anchor_index,
                emg.anchor_ticks_us, emg.flags, emg.lead_off, emg.lsb_pv, self._emg_block, count,
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
        emg = self._emg
        imu = self._imu
        power = self._power
        refused = wrong = 0
        for link in self.links:
            refused += link.refused
            wrong += link.wrong_proofs
        values[0] = self._run
        values[1] = log.next
        values[2] = 0  # stamped when it is sent
        values[3] = time.ticks_us()
        values[4] = self._uptime_s
        values[5] = power.millivolts
        values[6] = power.percent_256
        values[7] = wire.STATE_CAPTURING if self._capturing else wire.STATE_IDLE
        values[8] = self._error_bits()
        values[9] = 1 if power.on_usb else 0
        values[10] = 25 + (imu.temperature_raw >> 8) if imu else _NO_TEMPERATURE
        values[11] = emg.anchor_index
        values[12] = emg.overrun
        values[13] = imu.anchor_index if imu else 0
        values[14] = imu.overrun if imu else 0
        values[15] = log.next
        values[16] = log.dropped
        values[17] = self._sender.sent
        values[18] = log.first
        values[19] = log.capacity
        values[20] = self._heap_free
        values[21] = self._bus_errors
        values[22] = refused
        values[23] = wrong
        values[24] = self._task_errors
        values[25] = self._heap_faults
        values[26] = emg.misaligned
        values[27] = self._longest_step_ms
        values[28] = self._probe_id
        values[29] = self._probe_ticks_us
        wire.encode_status(frame, values)
        log.commit()
