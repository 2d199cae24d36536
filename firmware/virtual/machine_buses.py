"""``machine.SPI`` and ``machine.I2C`` of the virtual RP2350: transfers reach the wired chips."""

import virtual_board
import world
from machine_pin import Pin
from machine_watchdog import spend
from micropython import const

_EIO = const(5)


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
        spend(count * byte_ns)
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
            self._id, self._baudrate, self._polarity, self._phase,
            self._sck, self._mosi, self._miso,
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
        spend(((count if found else 0) * 9 + 11) * 1_000_000_000 // self._freq)
        if not found:
            raise OSError(_EIO)
        return target

    def __repr__(self):
        return "I2C(%d, freq=%d, scl=%d, sda=%d)" % (self._id, self._freq, self._scl, self._sda)


def _peripheral_pin(pin, default, id, bank, function, name):
    """Check that a pin can have a function. Ref: RP2350 datasheet, "GPIO function select".

    ``bank`` pins share an instance of the peripheral; in fours (or twos) the functions take turns.
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
