"""What shorted inputs and the chip's own self-test say about the EMG front end."""

from __future__ import annotations

from math import hypot, sqrt

from glutesym.bench.box import thermal_uv
from glutesym.bench.line import Line, judged, withheld
from glutesym.bench.noise import BAND_HZ, measure_noise
from glutesym.bench.piece import only_piece
from glutesym.bench.reading import BenchPod, BenchSession

# TI SBAS502, page 1: 8 µV peak to peak in 150 Hz at gain 6; 6.6 standard deviations make a peak to
# peak (7.1). White: so much in the muscle's band. At other gains as the self-test has it.
_CHIP_GAIN_6_UV = 8.0 / 6.6 * sqrt((BAND_HZ[1] - BAND_HZ[0]) / 150.0)
_NOISE_FACTOR = (0.5, 1.6)  # what one chip may differ from the typical one
_FLAT_DB = 3.0
_TONE_UV = 0.5


def noise_lines(session: BenchSession, pod: BenchPod) -> list[Line]:
    """Return the lines of shorted inputs."""
    names = ("Noise, inputs shorted", "Noise is flat", "Tones in the noise")
    piece = only_piece(session, pod, "noise")
    if piece is None:
        return []
    if piece.problem:
        return [withheld(name, piece.problem) for name in names]
    noise = measure_noise(piece.uv, piece.fs_hz)
    expected = hypot(_chip_noise_uv(pod.gain or 6), thermal_uv(*BAND_HZ))
    low_hz, high_hz = noise.uneven_hz
    slow = pod.nominal_hz < 2000  # the filter takes more than the limit at 450 Hz
    strongest = noise.tones[0] if noise.tones else None
    return [
        judged(
            names[0],
            "µV RMS",
            noise.rms_uv,
            noise.rms_half_uv,
            expected=expected,
            low=_NOISE_FACTOR[0] * expected,
            high=_NOISE_FACTOR[1] * expected,
            limits_from="SBAS502 page 1 and the resistors' thermal noise, times 0.5 and 1.6",
            fix="Too little: the leads do not reach the box. Too much: close the metal box, move "
            "away from chargers, check solder joints; if the chip's own noise fails, too, it is "
            "the breakout.",
        ),
        withheld(names[1], "it needs 2000 samples a second: `glutesym settings --rate 2000`")
        if slow
        else judged(
            names[1],
            "dB",
            noise.unevenness_db,
            0.0,
            expected=0.0,
            low=-_FLAT_DB,
            high=_FLAT_DB,
            limits_from="thermal and converter noise are white; the filter takes 2 dB at 450 Hz",
            fix=f"The noise from {low_hz:g} to {high_hz:g} Hz is out of line. Low frequencies: a "
            "bad contact or a moving lead. High ones: the radio or a regulator couples in.",
            says=f"the most uneven octave is {low_hz:g} to {high_hz:g} Hz",
        ),
        judged(
            names[2],
            "µV RMS",
            strongest.rms_uv if strongest else 0.0,
            0.0,
            expected=0.0,
            high=max(_TONE_UV, noise.rms_uv / 4),
            limits_from="a quarter of the noise: a tone of so much changes it by 3 %",
            fix=_tone_fix(strongest.frequency_hz if strongest else 0.0),
            says="; ".join(f"{t.frequency_hz:.2f} Hz {t.rms_uv:.2f} µV" for t in noise.tones[:3])
            or "none",
        ),
    ]


def chip_lines(pod: BenchPod) -> list[Line]:
    """Return what the pod's own self-test measured, electrodes apart."""
    names = ("Gain, chip's test signal", "Noise, inside the chip")
    test = pod.self_test
    if test is None:
        return [withheld(name, "the pod was not seen in time for its self-test") for name in names]
    square, due, noise_nv = (
        test.get(key) for key in ("square_counts", "expected_counts", "noise_nv")
    )
    if not isinstance(square, int) or not isinstance(due, int) or not due:
        why = str(test.get("error") or "its front end has no test signal")
        return [withheld(name, why) for name in names]
    gain = pod.gain or 6
    return [
        judged(
            names[0],
            "% off",
            100 * (square / due - 1),
            0.1,
            expected=0.0,
            low=-5.0,
            high=5.0,
            limits_from="SBAS502, CONFIG2: 1/2400 of the reference; divider and gain below 5 %",
            fix="The amplifier's gain is not what was set, or bits get lost on the way: shorten "
            "the SPI wires, check the supply, else replace the breakout.",
        ),
        judged(
            names[1],
            "µV RMS",
            noise_nv / 1000 if isinstance(noise_nv, int) else float("nan"),
            0.1,
            low=0.3,
            high=4.5 + 30 / gain,
            limits_from="firmware/pod/emg_self_test.py, after SBAS502 7.1; all frequencies",
            fix="The breakout itself is noisy: check its supply and the 10 µF at its reference, "
            "else replace it.",
        ),
    ]


def _chip_noise_uv(gain: int) -> float:
    """Return the chip's noise in the muscle's band, typically."""

    def relative(g: float) -> float:
        return hypot(1.5, 10.2 / g)  # before and behind the amplifier

    return _CHIP_GAIN_6_UV * relative(gain) / relative(6)


def _tone_fix(hz: float) -> str:
    for mains_hz in (50, 60):
        if hz and abs(hz / mains_hz - round(hz / mains_hz)) * mains_hz < 0.3:
            return (
                f"{hz:.1f} Hz is mains hum: close the metal box, keep away from chargers and "
                "lamps, run the computer on its battery."
            )
    return (
        f"{hz:.1f} Hz is no mains hum: a regulator, the radio or a screen. Try another place, "
        "a full cell, shorter SPI wires."
    )
