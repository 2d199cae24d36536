"""A virtual pod as a whole: processor, radio, USB and body; it can be switched off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from glutesym import wire
from glutesym.measures import SIDES, Side
from glutesym.virtual.peripheral import VirtualPeripheral
from glutesym.virtual.pod_parts import PodBody
from glutesym.virtual.pod_process import (
    EXIT_PROMPT,
    EXIT_RESET,
    EXIT_WATCHDOG,
    HEAP_BYTES,
    POWER_ON,
    WATCHDOG_RESET,
    PodProcess,
)
from glutesym.virtual.prompt_process import PromptProcess
from glutesym.virtual.radio import RadioLink, RadioModel
from glutesym.virtual.usb_cable import UsbCable
from glutesym.world_time import WorldLoop

_ADDRESSES: dict[Side, str] = {"left": "C4:00:00:00:00:01", "right": "C4:00:00:00:00:02"}
_BOOT_S = 0.5  # from the reset to main.py
# How late a pod's processor handles an event: 0.15 ms + exponential 0.5 ms, one in twenty 2 to 12
# ms.
_WAKE_FIXED_NS, _WAKE_MEAN_NS, _WAKE_TAIL, _WAKE_TAIL_NS = 150_000, 500_000, 0.05, (2e6, 12e6)


@dataclass(frozen=True)
class PodHardware:
    """How one virtual pod differs from a perfect one."""

    mcu_clock_ppm: float = 0.0  # at world time 0
    mcu_clock_drift_ppm_per_min: float = 0.0
    emg_clock_error: float = 0.0  # relative
    imu_clock_error: float = 0.0
    ticks_start_us: int = 0  # at each boot
    emg_counter: bool = False  # the converter counts conversions instead of converting
    pairing: bool = False  # MicroPython is built with Bluetooth pairing; releases are not
    emg_front_end: str = "ads1292r"  # or "myoware"
    heap_bytes: int = HEAP_BYTES  # of the VM: bounds the log
    blank: bool = False  # MicroPython is on it and nothing else
    machine: str = "SparkFun Thing Plus RP2350 with RP2350"  # as sys.implementation says
    micropython: tuple[int, ...] = ()  # its version; by default the VM's
    flash_bytes: int = 0  # for the prompt alone: a littlefs of this size, empty at each restart
    faults: dict[str, float] = field(default_factory=dict[str, float])  # see the chips' stand-ins
    settings: dict[str, object] = field(default_factory=dict[str, object])
    radio: RadioModel = field(default_factory=RadioModel)


def random_hardware(seed: int, radio: RadioModel | None = None) -> dict[Side, PodHardware]:
    """Draw two pods as they come: clocks off by what data sheets and measurements say."""
    random = np.random.default_rng([seed, 77])
    return {
        side: PodHardware(
            mcu_clock_ppm=float(random.normal(0, 20)),
            emg_clock_error=float(random.uniform(-0.015, 0.015)),
            imu_clock_error=float(random.uniform(-0.02, 0.02)),
            ticks_start_us=int(random.integers(0, 1 << 30)),
            radio=radio or RadioModel(),
        )
        for side in SIDES
    }


def pod_id(seed: int, side: Side) -> str:
    """Return the unique id of the pod with this seed; its end is unique as well."""
    return f"e6614c311b{seed & 0xFFFF:04x}{SIDES.index(side) + 1:02x}"


def pod_key(seed: int) -> bytes:
    """Return the key of the owner of the pod with this seed."""
    return np.random.default_rng([seed, 55]).bytes(wire.KEY_BYTES)


class VirtualPod:
    """One pod. It boots again by itself after ``machine.reset()`` and when its watchdog bites.

    Attributes
    ----------
    radio : VirtualPeripheral
    usb : UsbCable
    body : PodBody
    process : PodProcess
        Its program.
    prompt : PromptProcess
        MicroPython's prompt, where no program runs.
    resets : int
        Times that it has booted again by itself.
    """

    def __init__(
        self,
        loop: WorldLoop,
        air: RadioLink,
        side: Side,
        folder: Path,
        body: PodBody,
        hardware: PodHardware,
        seed: int,
        address: str | None = None,
    ) -> None:
        self._loop = loop
        self.side: Side = side
        self.body = body
        self.id = pod_id(seed, side)
        self.key = pod_key(seed)
        self.address = address or _ADDRESSES[side]
        self.resets = 0
        self.radio = VirtualPeripheral(
            loop, air, self.address, self.address, hardware.radio, hardware.pairing
        )
        self.usb = UsbCable(loop, body)
        self._boot: asyncio.Task[None] | None = None
        config: dict[str, object] = {
            "address": self.address,
            "unique_id": self.id,
            "mcu_clock_ppm": hardware.mcu_clock_ppm,
            "mcu_clock_drift_ppm_per_min": hardware.mcu_clock_drift_ppm_per_min,
            "emg_clock_error": hardware.emg_clock_error,
            "imu_clock_error": hardware.imu_clock_error,
            "ticks_start_us": hardware.ticks_start_us,
            "emg_counter": hardware.emg_counter,
            "pairing": hardware.pairing,
            "emg_front_end": hardware.emg_front_end,
            "faults": hardware.faults,
        }
        self.process = PodProcess(
            loop,
            folder,
            config,
            seed,
            body,
            self.radio,
            self.usb,
            _wake_delays(seed),
            self._on_exit,
            hardware.heap_bytes,
            hardware.blank,
        )
        board: dict[str, object] = {
            "machine": hardware.machine,
            "version": hardware.micropython,
            "flash_bytes": hardware.flash_bytes,
            "unique_id": self.id,
        }
        self.prompt = PromptProcess(loop, folder, board, self._on_prompt, self._on_prompt_exit)
        self._flash = folder / "flash"
        if not hardware.blank:
            settings = {"side": side, "key": self.key.hex(), "encrypt": False, **hardware.settings}
            (self._flash / "settings.json").write_text(json.dumps(settings))

    async def switch_on(self, reset_cause: int = POWER_ON) -> None:
        """Boot the pod; without a program it shows MicroPython's prompt."""
        if not (self._flash / "main.py").exists():
            self._show_prompt()
            return
        await self.radio.power_on(self.process.post_event)
        self.usb.pod_starts(self.process.post_event)
        self.process.start(reset_cause)

    def switch_off(self) -> None:
        """Take its battery out."""
        if self._boot is not None:
            self._boot.cancel()
        self.process.kill()
        self.prompt.kill()
        self._go_dark()

    def _on_exit(self, code: int) -> None:
        """Boot again after a reset; anything else is the end, as in the bootloader."""
        if code == EXIT_PROMPT:
            self.radio.power_off()
            self._show_prompt()  # the port stays
            return
        self._go_dark()
        if code in (EXIT_RESET, EXIT_WATCHDOG):
            self.resets += 1
            self._boot = self._loop.create_task(self._boot_again())

    async def _boot_again(self) -> None:
        await asyncio.sleep(_BOOT_S)
        # On RP2 machine.reset() lets the watchdog bite at once, too: ports/rp2/modmachine.c,
        # mp_machine_reset and mp_machine_reset_cause.
        await self.switch_on(WATCHDOG_RESET)

    def _show_prompt(self) -> None:
        self.usb.pod_starts(self.prompt.post_event)
        self.prompt.start()

    def _on_prompt_exit(self, code: int) -> None:
        """Run the program after a soft reset; the port stays."""
        if code == 0:
            self._boot = self._loop.create_task(self.switch_on())
        else:
            self._on_exit(code)

    def _on_prompt(self, data: bytes) -> None:
        self.usb.on_sent(data, self._loop.now_ns())

    def _go_dark(self) -> None:
        self.radio.power_off()
        self.usb.pod_ends()


def _wake_delays(seed: int) -> Callable[[], int]:
    random = np.random.default_rng([seed, 99])

    def draw() -> int:
        delay_ns = _WAKE_FIXED_NS + random.exponential(_WAKE_MEAN_NS)
        if random.random() < _WAKE_TAIL:
            delay_ns += random.uniform(*_WAKE_TAIL_NS)
        return int(delay_ns)

    return draw
