"""Self-test of the ADS1292R: its own square wave, then its noise with shorted inputs.

Both come through the whole chain that an electrode's signal takes, electrodes and amplifier input
apart: converter, SPI, PIO, DMA, ring.
"""
# Ref: Texas Instruments SBAS502: CONFIG2 (test signal), 7.1 (noise).

import asyncio
from array import array

from ads1292r import TEST_COUNTS
from micropython import const

_BLOCKS_A_SECOND = const(20)
_SETTLING_BLOCKS = const(2)
_SQUARE_BLOCKS = const(24)  # 1.2 s: both halves of the 1 Hz square wave, whatever its phase
_NOISE_BLOCKS = const(10)
_POLL_MS = const(10)
_POLLS_A_BLOCK = const(60)  # then none comes
# The reference cancels: the test signal is a fraction of it. Left are the divider and the gain,
# together below 5 %; the next gain differs by a third.
_TOLERANCE_PERCENT = const(5)
# Noise at 2000 SPS is typically 5.3 uVrms at gain 2, and falls to about 2 at the highest gains.
# Three times that means a fault; next to none, that nothing converts.
_NOISE_FLOOR_NV = const(300)
_NOISE_LIMIT_NV = const(4_500)
_NOISE_LIMIT_BEHIND_GAIN_NV = const(30_000)


async def run(capture, ads):
    """Return "ok" and what was measured: amplitude of the square wave in converter counts, what it
    should be, noise RMS in nV at the electrodes. Leaves the chip set up for electrodes.
    """
    gain = capture.gain
    expected = TEST_COUNTS * gain
    square = noise_nv = 0
    answers = True
    samples = array("i", [0] * (capture.rate_sps // _BLOCKS_A_SECOND))
    try:
        ads.reset()
        ads.identify()
        ads.configure(capture.rate_sps, gain, False, "test_signal")
        square = await _amplitude(capture, samples)
        ads.configure(capture.rate_sps, gain, False, "shorted")
        noise_nv = await _noise(capture, samples) * capture.lsb_pv // 1000
        ads.configure(capture.rate_sps, gain, True)
    except OSError:
        answers = False
    limit_nv = _NOISE_LIMIT_NV + _NOISE_LIMIT_BEHIND_GAIN_NV // gain
    return {
        "ok": answers
        and abs(square - expected) * 100 <= expected * _TOLERANCE_PERCENT
        and _NOISE_FLOOR_NV < noise_nv < limit_nv,
        "square_counts": square,
        "expected_counts": expected,
        "noise_nv": noise_nv,
    }


async def _amplitude(capture, samples):
    """Half the distance of the highest and the lowest block's mean: those without an edge."""
    means = []
    capture.start()
    try:
        for block in range(_SETTLING_BLOCKS + _SQUARE_BLOCKS):
            await _fill(capture, samples)
            if block >= _SETTLING_BLOCKS:
                means.append(sum(samples) // len(samples))
    finally:
        capture.stop()
    return (max(means) - min(means)) // 2


async def _noise(capture, samples):
    """Return the standard deviation in counts."""
    total = squares = 0
    capture.start()
    try:
        for _ in range(_SETTLING_BLOCKS):
            await _fill(capture, samples)
        offset = samples[0]
        for _ in range(_NOISE_BLOCKS):
            await _fill(capture, samples)
            for x in samples:
                total += x - offset
                squares += (x - offset) ** 2
    finally:
        capture.stop()
    count = _NOISE_BLOCKS * len(samples)
    return int(((squares - total * total // count) // count) ** 0.5 + 0.5)


async def _fill(capture, samples):
    """Read the next whole block; raises OSError when none comes."""
    for _ in range(_POLLS_A_BLOCK):
        capture.poll()
        if capture.read(samples, len(samples)) == len(samples):
            return
        await asyncio.sleep_ms(_POLL_MS)
    raise OSError("no samples")
