"""Stand-in for MicroPython's ``machine`` on the RP2 port: as much as a pod may use, same semantics.

Ref: MicroPython documentation, "Quick reference for the RP2"; RP2350 datasheet.
Steady-state calls lift the pod's heap lock around their own work. Transfers spend their bus time.
"""

import binascii
import sys

from micropython import const

import virtual_board
import world

PWRON_RESET = const(1)
WDT_RESET = const(3)

# A pod that resets ends its process with one of these; who started it starts it again.
EXIT_RESET = const(64)
EXIT_WATCHDOG = const(65)
EXIT_BOOTLOADER = const(66)

_PIN_CALL_NS = const(1000)  # what a pin call costs in the interpreter of a board, at least
_EIO = const(5)
_watchdog = None


def unique_id():
    return binascii.unhexlify(world.config["unique_id"])


def reset_cause():
    return world.config.get("reset_cause", PWRON_RESET)


def reset():
    sys.exit(EXIT_RESET)


def bootloader(value=None):
    sys.exit(EXIT_BOOTLOADER)


def freq(hz=None):
    if hz is not None and hz != virtual_board.SYSTEM_HZ:
        raise ValueError("cannot change frequency")
    return virtual_board.SYSTEM_HZ if hz is None else None


def idle():
    _spend(1000)


def lightsleep(time_ms=None):
    if time_ms is None:
        raise RuntimeError("nothing wakes a virtual board from lightsleep")
    depth = world.lift_heap_lock()
    try:
        world.sleep_until(world.now_ns() + time_ms * 1_000_000)
        _spend(0)
    finally:
        world.restore_heap_lock(depth)


class Pin:
    """A GPIO. One object a pin, as on the board; a new pin is isolated until it is given a mode."""

    IN = const(0)
    OUT = const(1)
    OPEN_DRAIN = const(2)
    ALT = const(3)
    PULL_UP = const(1)
    PULL_DOWN = const(2)
    IRQ_FALLING = const(4)
    IRQ_RISING = const(8)
    ALT_SPI = const(1)
    ALT_I2C = const(3)
    ALT_SIO = const(5)
    ALT_PIO0 = const(6)
    ALT_PIO1 = const(7)
    _pins = {}

    def __new__(cls, id, mode=-1, pull=-1, *, value=None, alt=-1):
        if isinstance(id, Pin):
            return id
        gpio = id
        if isinstance(id, str):
            if not id.startswith("GPIO"):
                raise ValueError('unknown named pin "%s"' % id)
            gpio = int(id[4:])
        if not isinstance(gpio, int) or not 0 <= gpio < virtual_board.PINS:
            raise ValueError("invalid pin")
        if gpio not in cls._pins:
            pin = object.__new__(cls)
            pin.gpio = gpio
            pin._open_drain = False
            cls._pins[gpio] = pin
        return cls._pins[gpio]

    def __init__(self, id, mode=-1, pull=-1, *, value=None, alt=-1):
        if mode != -1 or pull != -1 or value is not None:
            self.init(mode, pull, value=value, alt=alt)

    def init(self, mode=-1, pull=-1, *, value=None, alt=-1):
        gpio = self.gpio
        output = virtual_board.output(gpio)
        driven = virtual_board.is_driven(gpio)
        if mode == Pin.ALT:
            virtual_board.connect(gpio, _alternate(gpio, alt))
            return
        if mode != -1 and mode is not None:
            self._open_drain = mode == Pin.OPEN_DRAIN
            if self._open_drain:
                driven, output = int(value is not None and not value), 0
            else:
                driven = int(mode == Pin.OUT)
                if driven and value is not None:
                    output = int(bool(value))
        # The pull is set even when none is given: none means no pull.
        pull_up = int(pull not in (-1, None) and bool(pull & Pin.PULL_UP))
        if mode != -1 and mode is not None:
            # The level first, then the function: a pin that becomes an output starts at its value.
            virtual_board.drive(gpio, output, driven, pull_up)
            virtual_board.connect(gpio, "SIO")
        else:
            virtual_board.drive(gpio, output, driven, pull_up)

    def value(self, x=None):
        depth = world.lift_heap_lock()
        try:
            _spend(_PIN_CALL_NS)
            if x is None:
                return virtual_board.level(self.gpio)
            self._set(bool(x))
        finally:
            world.restore_heap_lock(depth)

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    high = on
    low = off

    def toggle(self):
        if self._open_drain:
            self.value(virtual_board.is_driven(self.gpio))
        else:
            self.value(not virtual_board.output(self.gpio))

    def _set(self, level):
        gpio = self.gpio
        pull_up = virtual_board.pull_up(gpio)
        if self._open_drain:
            virtual_board.drive(gpio, 0, int(not level), pull_up)
        else:
            virtual_board.drive(gpio, int(level), virtual_board.is_driven(gpio), pull_up)

    def __repr__(self):
        mode = "ALT"
        if virtual_board.function(self.gpio) == "SIO":
            mode = "OUT" if virtual_board.is_driven(self.gpio) else "IN"
            mode = "OPEN_DRAIN" if self._open_drain else mode
        return "Pin(GPIO%d, mode=%s)" % (self.gpio, mode)


class SPI:
    """Hardware SPI. Takes its pins; whoever takes them later has them."""

    MSB = const(1)
    LSB = const(0)

    def __init__(
        self, id, baudrate=1_000_000, *, polarity=0, phase=0, bits=8, firstbit=MSB,
        sck=None, mosi=None, miso=None,
    ):  # fmt: skip
        if id not in (0, 1):
            raise ValueError("SPI(%d) doesn't exist" % id)
        self._id = id
        self._sck = _peripheral_pin(sck, (2, 26)[id], id, 8, 2, "SCK")
        self._mosi = _peripheral_pin(mosi, (3, 27)[id], id, 8, 3, "MOSI")
        self._miso = _peripheral_pin(miso, (4, 28)[id], id, 8, 0, "MISO")
        for gpio in (self._sck, self._mosi, self._miso):
            virtual_board.connect(gpio, "SPI%d" % id)
        self.init(baudrate=baudrate, polarity=polarity, phase=phase, bits=bits, firstbit=firstbit)

    def init(self, *, baudrate=-1, polarity=-1, phase=-1, bits=-1, firstbit=-1):
        if firstbit == SPI.LSB:
            raise NotImplementedError("LSB")
        if bits not in (-1, 8):
            raise NotImplementedError("SPI words other than 8 bits on a virtual board")
        if baudrate != -1:
            self._baudrate = _spi_baudrate(baudrate)
        if polarity != -1:
            self._polarity = polarity
        if phase != -1:
            self._phase = phase

    def deinit(self):
        pass

    def write(self, buf):
        self._locked_transfer(buf, None)

    def read(self, nbytes, write=0):
        buffer = bytearray(nbytes)
        self.readinto(buffer, write)
        return bytes(buffer)

    def readinto(self, buf, write=0):
        for i in range(len(buf)):
            buf[i] = write
        self._locked_transfer(buf, buf)

    def write_readinto(self, write_buf, read_buf):
        if len(write_buf) != len(read_buf):
            raise ValueError("buffers must be the same length")
        self._locked_transfer(write_buf, read_buf)

    def _locked_transfer(self, out, into):
        depth = world.lift_heap_lock()
        try:
            self._transfer(out, into)
        finally:
            world.restore_heap_lock(depth)

    def _transfer(self, out, into):
        count = len(out)
        start_ns = virtual_board.catch_up()
        byte_ns = 8_000_000_000 // self._baudrate
        _spend(count * byte_ns)
        virtual_board.catch_up()
        name = "SPI%d" % self._id
        function = virtual_board.function
        clocked = self._sck == virtual_board.EMG_SCLK and function(self._sck) == name
        hears = self._mosi == virtual_board.EMG_MOSI and function(self._mosi) == name
        heard = self._miso == virtual_board.EMG_MISO and function(self._miso) == name
        mode_1 = self._polarity == 0 and self._phase == 1
        chip = virtual_board.emg
        for i in range(count):
            answer = 0
            if clocked:
                byte = out[i] if hears else 0
                end_ns = start_ns + (i + 1) * byte_ns
                answer = chip.exchange(byte, end_ns, byte_ns, mode_1, i == 0)
            if into is not None:
                into[i] = answer if heard else 0

    def __repr__(self):
        return "SPI(%d, baudrate=%d, polarity=%d, phase=%d, bits=8, sck=%d, mosi=%d, miso=%d)" % (
            self._id, self._baudrate, self._polarity, self._phase, self._sck, self._mosi, self._miso
        )  # fmt: skip


class I2C:
    """Hardware I2C controller."""

    def __init__(self, id, *, freq=400_000, scl=None, sda=None, timeout=50_000):
        if id not in (0, 1):
            raise ValueError("I2C(%d) doesn't exist" % id)
        self._id = id
        self._freq = freq
        self._scl = _peripheral_pin(scl, (5, 7)[id], id, 2, 1, "SCL")
        self._sda = _peripheral_pin(sda, (4, 6)[id], id, 2, 0, "SDA")
        for gpio in (self._scl, self._sda):
            virtual_board.connect(gpio, "I2C%d" % id)

    def scan(self):
        return [address for address in range(0x08, 0x78) if self._answers(address)]

    def writeto(self, addr, buf, stop=True):
        depth = world.lift_heap_lock()
        try:
            self._target(addr, len(buf)).write(buf)
            return len(buf)
        finally:
            world.restore_heap_lock(depth)

    def writevto(self, addr, vector, stop=True):
        return self.writeto(addr, b"".join(vector), stop)

    def readfrom(self, addr, nbytes, stop=True):
        buffer = bytearray(nbytes)
        self.readfrom_into(addr, buffer, stop)
        return bytes(buffer)

    def readfrom_into(self, addr, buf, stop=True):
        depth = world.lift_heap_lock()
        try:
            self._target(addr, len(buf)).read_into(buf)
        finally:
            world.restore_heap_lock(depth)

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        buffer = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buffer, addrsize=addrsize)
        return bytes(buffer)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        depth = world.lift_heap_lock()
        try:
            target = self._target(addr, len(buf) + 1 + addrsize // 8)
            target.write(_memory_address(memaddr, addrsize))
            target.read_into(buf)
        finally:
            world.restore_heap_lock(depth)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        depth = world.lift_heap_lock()
        try:
            target = self._target(addr, len(buf) + addrsize // 8)
            target.write(_memory_address(memaddr, addrsize) + bytes(buf))
        finally:
            world.restore_heap_lock(depth)

    def _answers(self, addr):
        try:
            self._target(addr, 0)
        except OSError:
            return False
        return True

    def _target(self, addr, count):
        """Spend the time of a transfer of ``count`` bytes; return the chip or raise on NACK."""
        target = virtual_board.i2c_targets(self._sda, self._scl).get(addr)
        connected = virtual_board.function(self._sda) == virtual_board.function(self._scl)
        found = target is not None and connected and target.acknowledges()
        # Nine clocks a byte, and two for start and stop; after a NACK the address was all.
        _spend(((count if found else 0) * 9 + 11) * 1_000_000_000 // self._freq)
        if not found:
            raise OSError(_EIO)
        return target

    def __repr__(self):
        return "I2C(%d, freq=%d, scl=%d, sda=%d)" % (self._id, self._freq, self._scl, self._sda)


class ADC:
    """The converter: GPIO 26 to 29 are channels 0 to 3, channel 4 is the temperature sensor."""

    CORE_TEMP = const(4)
    _MCU_CELSIUS = 31.0

    def __init__(self, id):
        if isinstance(id, int) and 0 <= id <= 4:
            self._channel = id
            return
        pin = Pin(id)
        if not 26 <= pin.gpio <= 29:
            raise ValueError("Pin doesn't have ADC capabilities")
        self._channel = pin.gpio - 26
        virtual_board.connect(pin.gpio, "ADC")

    def read_u16(self):
        depth = world.lift_heap_lock()
        try:
            _spend(2000)  # 96 clocks of 48 MHz
            volts = 0.0
            if self._channel == ADC.CORE_TEMP:
                # RP2350 datasheet, "Temperature sensor": T = 27 - (V - 0.706) / 0.001721
                volts = 0.706 - (ADC._MCU_CELSIUS - 27) * 0.001721
            elif self._channel + 26 == virtual_board.USB_SENSE and world.usb_power():
                volts = virtual_board.USB_SENSE_V
            raw = int(volts / 3.3 * 4095)
            return raw << 4 | raw >> 8  # twelve bits, stretched to sixteen
        finally:
            world.restore_heap_lock(depth)


class WDT:
    """The watchdog: once started it stays; a pod that feeds it too late restarts."""

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError("WDT(%d) doesn't exist" % id)
        if not 1 <= timeout <= 8388:
            raise ValueError("timeout exceeds 8388")
        global _watchdog
        self._timeout_ns = timeout * 1_000_000
        self._deadline_ns = world.now_ns() + self._timeout_ns
        _watchdog = self

    def feed(self):
        _spend(0)
        self._deadline_ns = world.now_ns() + self._timeout_ns

    def check(self):
        """End the pod when its watchdog has run out. Not on the board: the stand-ins call it."""
        if world.now_ns() > self._deadline_ns:
            sys.exit(EXIT_WATCHDOG)


def _spend(ns):
    world.spend_ns(ns)
    if _watchdog is not None:
        _watchdog.check()


def _alternate(gpio, alt):
    """Return a pin's function by its number. Ref: RP2350 datasheet, "GPIO function select"."""
    names = {
        Pin.ALT_SPI: "SPI%d" % (gpio >> 3 & 1),
        Pin.ALT_I2C: "I2C%d" % (gpio >> 1 & 1),
        Pin.ALT_SIO: "SIO",
        Pin.ALT_PIO0: "PIO0",
        Pin.ALT_PIO1: "PIO1",
    }
    if alt not in names:
        raise ValueError("invalid pin af: %d" % alt)
    return names[alt]


def _peripheral_pin(pin, default, id, bank, function, name):
    """Check that a pin can have a function. Ref: RP2350 datasheet, "GPIO function select".

    ``bank`` pins share an instance of the peripheral; within four (or two) the functions take turns.
    """
    if pin is None:
        return default
    gpio = Pin(pin).gpio
    turn = 4 if bank == 8 else 2
    if gpio % turn != function or gpio // bank % 2 != id:
        raise ValueError("bad %s pin" % name)
    return gpio


def _spi_baudrate(wanted):
    """Return what the divider makes of it: even prescaler 2..254, then 1..256, never faster."""
    best = 0
    for prescale in range(2, 255, 2):
        clock = virtual_board.SYSTEM_HZ // prescale
        divider = min(max(-(-clock // wanted), 1), 256)
        got = clock // divider
        if best < got <= wanted:
            best = got
    return best or virtual_board.SYSTEM_HZ // (254 * 256)


def _memory_address(memaddr, addrsize):
    return memaddr.to_bytes(addrsize // 8, "big")
