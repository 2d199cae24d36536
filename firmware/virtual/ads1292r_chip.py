"""Register-level model of the ADS1292R: serial interface, registers, power and reset.

Ref: TI SBAS502, "ADS1291, ADS1292, ADS1292R". What it converts is in ads1292r_converter.py.
Times are world time in ns. The chip computes nothing until somebody looks at it.
"""

from micropython import const

import ads1292r_faults
import world
from ads1292r_converter import FRAME_BYTES, Converter

# Opcodes (SBAS502, "SPI Command Definitions").
_WAKEUP = const(0x02)
_STANDBY = const(0x04)
_RESET = const(0x06)
_START = const(0x08)
_STOP = const(0x0A)
_OFFSETCAL = const(0x1A)
_RDATAC = const(0x10)
_SDATAC = const(0x11)
_RDATA = const(0x12)
_RREG = const(0x20)
_WREG = const(0x40)

_ID = const(0)
_CONFIG1 = const(1)
_CONFIG2 = const(2)
_CH2SET = const(5)
_LOFF_STAT = const(8)
# Register map: reset values, bits that can be written, bits that always read 1.
_RESET_VALUES = b"\x73\x02\x80\x10\x00\x00\x00\x00\x00\x00\x02\x0c"
_WRITABLE = b"\x00\x87\x7b\xed\xff\xff\xff\x3f\x40\xff\x87\x0f"
_ALWAYS_1 = b"\x00\x00\x80\x10\x00\x00\x00\x00\x00\x00\x00\x00"

_WRONG_ID = const(0x53)  # an ADS1292 without R

_CLOCK_NS = 1e9 / 512_000  # tCLK of the internal oscillator
_MOD_NS = 1e9 / 128_000  # tMOD
_DECODE_CLOCKS = const(4)  # tSDECODE: time to decode one byte of a command
_CS_HOLD_CLOCKS = const(3)  # last SCLK to CS high; sooner and the byte is not executed
_CS_HIGH_CLOCKS = const(2)  # CS high between commands; shorter and the next command is not seen
_RESET_MIN_MODS = const(1)  # shortest reset pulse
_RESET_BUSY_MODS = const(9)  # execution of a reset
_POWER_DOWN_NS = const(4_000_000)  # a reset pulse this long (2**9 tMOD) powers the chip down
_POR_MODS = const(4096)  # power-on reset, 2**12 tMOD


class Ads1292rChip:
    """The chip at its pins: ``set_cs``, ``set_start``, ``set_reset``, ``drdy``, ``exchange``.

    ``converter`` tells when conversions complete and what is in their frames; ``epoch`` changes
    with everything that changes how a frame comes out of the pins.
    """

    def __init__(self):
        faults = world.config["faults"]
        self._dead = bool(faults.get("emg_dead"))
        self._wrong_id = bool(faults.get("emg_wrong_id"))
        self._stuck_register = _CH2SET if faults.get("emg_stuck_register") else -1
        self._timetable = ads1292r_faults.timetable()
        self._miso_level = int(faults.get("emg_miso_level", 0))
        self._miso_broken = False
        self.drdy_broken = False
        clock = 1 + world.config["emg_clock_error"]
        self._clock_ns = _CLOCK_NS / clock
        self._mod_ns = _MOD_NS / clock
        self.converter = Converter(self._mod_ns)
        self.registers = self.converter.registers
        self.epoch = 0
        self._reset_low_ns = world.now_ns() - 1_000_000_000  # pads of the board pull it low
        self._busy_until_ns = 0
        self._start_pin = 0
        self._start_command = False
        self._standby = False
        self._cs = 0
        self._cs_rise_ns = 0
        self._frames_seen = 0  # conversions whose DRDY was lifted by SCLK
        self._load_defaults()
        self._clear_interface()

    # Pins.

    def set_reset(self, level, now_ns):
        if not level:
            if self._reset_low_ns is None:
                self._reset_low_ns = now_ns
            return
        if self._reset_low_ns is None:
            return
        low_ns = now_ns - self._reset_low_ns
        if low_ns >= self._mod_ns * _RESET_MIN_MODS:
            powered_down = low_ns >= _POWER_DOWN_NS
            self.converter.stop(self._reset_low_ns)
            self._reset(now_ns, _POR_MODS if powered_down else _RESET_BUSY_MODS)
        self._reset_low_ns = None
        self._update(now_ns)

    def set_start(self, level, now_ns):
        self.settle(now_ns)
        self._start_pin = level
        self._update(now_ns)

    def set_cs(self, level, now_ns):
        if level == self._cs:
            return
        self._cs = level
        self.epoch += 1
        if level:
            self.settle(now_ns)
            self._cs_rise_ns = now_ns
        else:
            self._deaf = now_ns - self._cs_rise_ns < _CS_HIGH_CLOCKS * self._clock_ns
        self._clear_interface()

    def drdy(self, now_ns):
        """Level of DRDY: low when a frame is ready, high from SCLK on or just before the next."""
        self.meet_faults(now_ns)
        self.settle(now_ns)
        if self.drdy_broken:
            return 0
        if self._reset_low_ns is not None:
            return 1
        converter = self.converter
        complete = converter.complete_at(now_ns)
        if complete <= self._frames_seen:
            return 1
        lift_ns = converter.ready_ns(complete) - int(_DECODE_CLOCKS * self._clock_ns)
        return int(converter.running and now_ns >= lift_ns)

    @property
    def readable(self):
        """Whether SCLK shifts frames out: selected, in continuous mode, awake."""
        speaks = self._reset_low_ns is None and not self._dead and not self._miso_broken
        return not self._cs and self._continuous and speaks

    @property
    def silent_level(self):
        """Level of DOUT when it is not ``readable``."""
        return self._miso_level if self._miso_broken else 0

    @property
    def selected(self):
        """Whether SCLK reaches the serial interface."""
        return not self._cs and self._reset_low_ns is None

    @property
    def drdy_lift_ns(self):
        """How long before a new frame DRDY goes high when the last one was not read."""
        return int(_DECODE_CLOCKS * self._clock_ns)

    def seen(self, complete):
        """SCLK has run since conversion ``complete - 1``: its DRDY is high."""
        if complete > self._frames_seen:
            self._frames_seen = complete

    # Faults that come while it runs.

    @property
    def next_fault_ns(self):
        return self._timetable[0][0] if self._timetable else ads1292r_faults.NEVER_NS

    def meet_faults(self, now_ns):
        """Let break what is due. Whatever depends on it has to be brought up to then before."""
        while self.next_fault_ns <= now_ns:
            _, what, broken = self._timetable.pop(0)
            if what == ads1292r_faults.MISO:
                self._miso_broken = broken
            elif what == ads1292r_faults.DRDY:
                self.drdy_broken = broken
            else:
                self.converter.stop(now_ns)
                self._reset(now_ns, _POR_MODS)
                self._update(now_ns)
            self.epoch += 1

    # Serial interface.

    def exchange(self, byte, end_ns, byte_ns, mode_1, first):
        """Shift one byte each way; it ended at ``end_ns``. Returns what the chip put on DOUT.

        ``first``: the byte follows a pause of the clock: the chip had time to decode the last one.
        In a mode other than 1 both ends sample while the other shifts: bits come late or early.
        """
        self.meet_faults(end_ns - byte_ns)
        silence = 0xFF * self.silent_level
        if not self.selected or end_ns - byte_ns < self._busy_until_ns:
            return silence
        if not mode_1:
            byte = byte << 1 & 0xFF
        self.seen(self.converter.complete_at(end_ns - byte_ns))
        if not first and byte_ns < _DECODE_CLOCKS * self._clock_ns and self._decoding():
            self._clear_interface()  # too fast: the command is lost
            self._deaf = True
        self._execute_deferred()
        out = self._shift_out(end_ns - byte_ns)
        if not self._deaf:
            self._shift_in(byte, end_ns)
        if not mode_1:
            out, self._late_bit = out >> 1 | self._late_bit << 7, out & 1
        return silence if self._dead or self._miso_broken else out

    def _decoding(self):
        writes = self._registers_left and not self._reads_registers
        return self._deferred is not None or self._opcode or writes

    def _shift_out(self, start_ns):
        if self._reads_registers and self._registers_left:
            address = self._address
            self._address += 1
            self._registers_left -= 1
            return self._read_register(address, start_ns)
        if not (self._continuous or self._one_frame):
            return 0
        complete = self.converter.complete_at(start_ns)
        if not complete:
            return 0
        if complete != self._frame_number:  # a new frame replaces one that is being shifted out
            self._frame_number = complete
            self._frame_position = 0
            self._frame = self.converter.frame_bytes(complete - 1)
        byte = self._frame[self._frame_position % FRAME_BYTES]  # more clocks repeat the frame
        self._frame_position += 1
        return byte

    def _shift_in(self, byte, now_ns):
        if self._opcode:  # the second byte of a register command: number of registers less one
            self._address = self._opcode & 0x1F
            self._registers_left = (byte & 0x1F) + 1
            self._reads_registers = self._opcode & 0xE0 == _RREG
            self._opcode = 0
            if self._continuous and self._reads_registers:
                self._registers_left = 0  # not until SDATAC
        elif self._registers_left:
            if not self._reads_registers:
                if not self._continuous:
                    self._deferred = (self._address, byte, now_ns)
                self._address += 1
                self._registers_left -= 1
        elif byte & 0xE0 in (_RREG, _WREG):
            self._opcode = byte
        elif byte:
            self._deferred = (-1, byte, now_ns)

    def settle(self, now_ns):
        """Execute the last byte of a command, if CS stayed low long enough after it."""
        if self._deferred is not None:
            if now_ns - self._deferred[2] >= _CS_HOLD_CLOCKS * self._clock_ns:
                self._execute_deferred()

    def _execute_deferred(self):
        if self._deferred is None:
            return
        address, byte, time_ns = self._deferred
        self._deferred = None
        if address >= 0:
            self._write_register(address, byte, time_ns)
        elif not self._standby or byte == _WAKEUP:
            self._command(byte, time_ns)

    def _command(self, opcode, now_ns):
        if opcode == _SDATAC or opcode == _RDATAC:
            self._continuous = opcode == _RDATAC
            self.epoch += 1
        elif opcode == _RDATA:
            if not self._continuous:
                self._one_frame = True
                self._frame_number = 0
        elif opcode == _START:
            self._start_command = True
            if self.registers[_CONFIG1] & 0x80:
                self.converter.stop(now_ns)  # single shot: convert once more
        elif opcode == _STOP:
            self._start_command = False
        elif opcode == _RESET:
            self.converter.stop(now_ns)
            self._reset(now_ns, _RESET_BUSY_MODS)
        elif opcode == _STANDBY:
            self._standby = True
        elif opcode == _WAKEUP:
            self._standby = False
        elif opcode == _OFFSETCAL:
            self.converter.calibrate_offset()
        self._update(now_ns)

    def _read_register(self, address, now_ns):
        if address >= len(_RESET_VALUES):
            return 0
        if address == _ID and self._wrong_id:
            return _WRONG_ID
        if address == _LOFF_STAT:
            return self.registers[address] | self.converter.lead_off_bits(now_ns)
        return self.registers[address]

    def _write_register(self, address, value, now_ns):
        if address >= len(_RESET_VALUES) or address == self._stuck_register:
            return
        before = self.registers[address]
        kept = before & ~_WRITABLE[address]
        value = value & _WRITABLE[address] | kept | _ALWAYS_1[address]
        self.registers[address] = value
        if address == _CONFIG1 and value != before:
            self.converter.stop(now_ns)  # the digital filter starts again
        elif address == _CONFIG2 and value & ~before & 0x20:
            self.converter.reference_on_ns = now_ns
        self._update(now_ns)

    # Power, reset, conversions.

    def _reset(self, now_ns, busy_mods):
        self._load_defaults()
        self._clear_interface()
        self._start_command = False
        self._standby = False
        self._busy_until_ns = now_ns + int(busy_mods * self._mod_ns)
        self.epoch += 1

    def _load_defaults(self):
        self.registers[:] = _RESET_VALUES
        self._continuous = True  # RDATAC is the power-up default
        self._deaf = False

    def _clear_interface(self):
        """CS high aborts whatever was under way."""
        self._deferred = None
        self._opcode = 0
        self._registers_left = 0
        self._reads_registers = False
        self._one_frame = False
        self._frame_number = 0
        self._frame_position = 0
        self._frame = None
        self._late_bit = 0

    def _update(self, now_ns):
        """Start or stop converting as the pins and commands ask."""
        wanted = (
            (self._start_pin or self._start_command)
            and not self._standby
            and self._reset_low_ns is None
        )
        if wanted and not self.converter.running:
            self.converter.start(max(now_ns, self._busy_until_ns))
            self._frames_seen = 0
            self.epoch += 1
        elif not wanted and self.converter.running:
            self.converter.stop(now_ns)
            self.epoch += 1
