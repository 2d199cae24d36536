"""The virtual ADS1292R behaves as its data sheet (SBAS502) says, also where it is inconvenient."""

from __future__ import annotations

import math

import numpy as np
import pytest

RESET_VALUES = [0x73, 0x02, 0x80, 0x10, 0, 0, 0, 0, 0, 0, 0x02, 0x0C]
LSB_UV_GAIN_12 = 2_420_000 / 12 / 0x7FFFFF


def test_wakes_in_rdatac_and_ignores_registers_until_sdatac(run_board):
    before, written, after = run_board(
        """
time.sleep_ms(1000)
before = read(0, 12)
write(1, 0x04)
exchange([0x11])
tell([before, read(1), read(0, 12)])
"""
    )
    assert before == [0] * 12
    assert written == [0x02]
    assert after == RESET_VALUES


def test_reset_values_read_only_and_fixed_bits(run_board):
    ones, zeros = run_board(
        """
wake()
for register in range(12): write(register, 0xFF)
ones = read(0, 12)
for register in range(12): write(register, 0x00)
tell([ones, read(0, 12)])
"""
    )
    assert ones == [0x73, 0x87, 0xFB, 0xFD, 0xFF, 0xFF, 0xFF, 0x3F, 0x43, 0xFF, 0x87, 0x0F]
    assert zeros == [0x73, 0x00, 0x80, 0x10, 0, 0, 0, 0, 0, 0, 0, 0]


def test_busy_after_power_on_and_after_reset(run_board):
    told = run_board(
        """
exchange([0x11]); power_on = read(0)
wake()
reset(0); time.sleep_us(50); reset(1)
exchange([0x11]); in_reset = read(0)
time.sleep_ms(1)
exchange([0x11]); after = read(0)
reset(0); time.sleep_ms(5); down = read(0); reset(1)
time.sleep_ms(1)
exchange([0x11]); powered_down = read(0)
time.sleep_ms(100)
exchange([0x11])
tell([power_on, in_reset, after, down, powered_down, read(0)])
"""
    )
    assert told == [[0], [0], [0x73], [0], [0], [0x73]]


def test_reset_pulse_and_opcode_restore_defaults(run_board):
    told = run_board(
        """
wake()
write(1, 4); reset(0); time.sleep_us(2); reset(1); time.sleep_ms(1); glitch = read(1)
reset(0); time.sleep_us(50); reset(1); time.sleep_ms(1); exchange([0x11]); pin = read(1)
write(1, 4); exchange([0x06]); time.sleep_ms(1); exchange([0x11])
tell([glitch, pin, read(1)])
"""
    )
    assert told == [[4], [2], [2]]


@pytest.mark.parametrize(("polarity", "phase"), [(0, 0), (1, 0), (1, 1)])
def test_only_spi_mode_1_is_understood(run_board, polarity, phase):
    found = run_board(
        f"wake(); spi.init(polarity={polarity}, phase={phase}); found = read(0)\n"
        "spi.init(polarity=0, phase=1); tell([found, read(0)])"
    )
    assert found[0] != [0x73]
    assert found[1] == [0x73]


def test_serial_timing_matters(run_board):
    told = run_board(
        """
wake()
write(1, 4)
exchange([0x41, 0, 3], gap_us=0)  # CS high right after the last clock
early = read(1)
cs(0); spi.write(bytes([0x41])); cs(1); time.sleep_us(10); exchange([0, 5])  # aborted half-way
aborted = read(1)
spi.init(baudrate=4_000_000)  # no time to decode between the bytes
write(1, 6)
fast = read(1)
spi.init(baudrate=500_000)
tell([early, aborted, fast, read(1)])
"""
    )
    assert told == [[4], [4], [0], [4]]


def test_no_drdy_without_start_and_a_late_first_sample(run_board):
    told = run_board(
        """
configure()
exchange([0x10])
time.sleep_ms(20)
idle = drdy()
t = world.now
start(1)
wait_ready()
first_us = (world.now - t) // 1000
frame()
times = []
for _ in range(5):
    wait_ready(); times.append(world.now); frame()
tell([idle, first_us, [(b - a) // 1000 for a, b in zip(times, times[1:])]])
"""
    )
    idle, first_us, periods_us = told
    assert idle == 1
    assert first_us == pytest.approx(2030, abs=8)  # 260 tMOD
    assert periods_us == pytest.approx([500] * 4, abs=3)


@pytest.mark.parametrize("error", [-0.02, 0.015])
def test_its_own_oscillator_sets_the_rate(run_board, error):
    count = run_board(
        "configure(); begin(); tell(emg.converter.complete_at(world.now + 10_000_000_000))",
        emg_clock_error=error,
    )
    assert count == pytest.approx(20_000 * (1 + error), abs=6)


def test_drdy_is_lifted_by_the_clock_or_just_before_the_next_sample(run_board):
    read_level, unread = run_board(
        """
configure(); begin(); frame()
wait_ready(); cs(0); spi.write(b"\\0"); read_level = drdy(); cs(1)
wait_ready()
levels = []
for _ in range(500):
    levels.append(drdy())  # a look costs 1 us
tell([read_level, levels])
"""
    )
    assert read_level == 1
    assert 6 <= sum(unread) <= 9  # 4 tCLK = 7.8 us in a period of 500 us
    assert unread[0] == 0
    assert unread[-1] == 0


def test_rdata_reads_one_frame_in_sdatac(run_board):
    silent, data = run_board(
        """
configure(); start(1); time.sleep_ms(20)
silent = exchange([0] * 9)
tell([silent, exchange([0x12] + [0] * 9)[1:]])
""",
        emg_counter=True,
    )
    assert silent == [0] * 9
    assert data[:3] == [0xC0, 0, 0]
    assert data[3:6] == [0, 0, 0]  # channel 1 is powered down
    assert data[6:8] == [0, 0]
    assert 30 <= data[8] <= 40


def test_standby_stop_and_wakeup(run_board):
    told = run_board(
        """
configure(); exchange([0x08]); time.sleep_ms(10)
def going():
    n = emg.converter.complete_at(world.now); time.sleep_ms(10)
    return emg.converter.complete_at(world.now) != n
by_command = going()
exchange([0x0A]); stopped = going()
exchange([0x08]); exchange([0x04]); standby = going()
deaf = read(0)
exchange([0x02])
tell([by_command, stopped, standby, deaf, going()])
"""
    )
    assert told[:3] == [True, False, False]
    assert told[4] is True


def test_electrode_voltage_scale_noise_and_delay(run_board):
    told = run_board(
        """
world.amplitude_uv = 1000.0
world.frequency_hz = 20.0
configure(); begin()
n = emg.converter.complete_at(world.now + 1_000_000_000)
out, status = array("i", bytes(4 * 512)), array("i", bytes(4 * 512))
first = emg.converter.complete_at(world.now)
emg.converter.frames(first, 500, status, None, out)
converter = emg.converter
tell([list(out)[:500], converter.ready_ns(first), converter.period_ns, world.electrode_calls])
"""
    )
    codes, ready_ns, period_ns, calls = told
    seconds = (ready_ns + np.arange(500) * period_ns) * 1e-9
    expected_uv = 1000 * np.sin(2 * np.pi * 20 * (seconds - 1.5 * period_ns * 1e-9))
    error_uv = np.array(codes) * LSB_UV_GAIN_12 - expected_uv
    assert abs(error_uv.mean()) < 200  # offset
    assert 1 < error_uv.std() < 2.5  # noise at gain 12 and 2 kSPS
    assert calls == 1  # one batch


def test_noise_follows_the_gain_and_differs_between_pods(run_board):
    script = """
import math
noise = []
for ch2 in (0x21, 0x61):
    configure(ch2=ch2); begin(); time.sleep_ms(20)
    out, status = array("i", bytes(4 * 512)), array("i", bytes(4 * 512))
    emg.converter.frames(40, 512, status, None, out)
    noise.append(list(out)); start(0); exchange([0x11])
tell(noise)
"""
    gain_2, gain_12 = (np.array(x) for x in run_board(script))
    assert gain_2.std() * LSB_UV_GAIN_12 * 6 == pytest.approx(5.3, rel=0.15)
    assert gain_12.std() * LSB_UV_GAIN_12 == pytest.approx(1.7, rel=0.15)
    again = np.array(run_board(script)[1])
    other = np.array(run_board(script, unique_id="00000000000000ff")[1])
    assert (again == gain_12).all()
    assert abs(np.corrcoef(other, gain_12)[0, 1]) < 0.2


def test_test_signal_is_3495_counts_times_gain(run_board):
    codes = np.array(
        run_board(
            """
configure(ch2=0x65, config2=0xA3); begin(); time.sleep_ms(20)
out, status = array("i", bytes(4 * 512)), array("i", bytes(4 * 512))
every = []
for k in range(40, 2600, 512):
    emg.converter.frames(k, 512, status, None, out); every += list(out)
tell(every)
"""
        )
    )
    high, low = np.percentile(codes, 95), np.percentile(codes, 5)
    assert (high - low) / 2 == pytest.approx(3495 * 12, rel=0.01)
    edges = np.flatnonzero(np.abs(np.diff((codes > (high + low) / 2).astype(int))))
    assert np.diff(edges) == pytest.approx([1000] * (len(edges) - 1), abs=1)
    step = codes[edges[0] - 1 : edges[0] + 5]
    between = np.abs(step - high) > 1500
    between &= np.abs(step - low) > 1500
    assert 1 <= between.sum() <= 3  # settles on the fourth sample


def test_garbage_without_the_reference_buffer(run_board):
    codes = np.array(run_board("configure(config2=0x80); begin(); tell(codes(50))"))
    assert codes.std() > 1e6


def test_reference_needs_time(run_board):
    early, late = run_board(
        """
wake(); world.electrode_dc_uv = 50_000.0
write(1, 4); write(2, 0xA0); write(4, 0x81, 0x60)
begin(); early = codes(1)[0]
time.sleep_ms(300)
tell([early, codes(1)[0]])
"""
    )
    assert late * LSB_UV_GAIN_12 == pytest.approx(50_000, rel=0.01)
    assert early > 2 * late


@pytest.mark.parametrize(("volts_uv", "code"), [(300_000.0, 0x7FFFFF), (-300_000.0, -0x800000)])
def test_clips_at_full_scale(run_board, volts_uv, code):
    assert (
        run_board(f"world.electrode_dc_uv = {volts_uv}; configure(); begin(); tell(codes(3))")
        == [code] * 3
    )


@pytest.mark.parametrize(
    ("config2", "sense", "bits"), [(0xE0, 0x0C, 0x0C), (0xE0, 0x04, 0x04), (0xA0, 0x0C, 0)]
)
def test_lead_off_is_reported_where_enabled_and_the_input_floats(run_board, config2, sense, bits):
    on, off, register, late = run_board(
        f"""
configure(config2={config2}, r7={sense}); begin()
on = frame()
world.electrodes_off.append((world.now, 1 << 62))
time.sleep_ms(800)
off = frame()
exchange([0x11]); register = read(8)[0]
tell([on, off, register, 0])
"""
    )
    assert on[0] == 0xC00000
    assert off[0] == 0xC00000 | bits << 15
    assert register == bits
    assert abs(on[2]) < 10_000
    assert off[2] == 0x7FFFFF  # a floating input drifts to the rail
    assert late == 0


@pytest.mark.parametrize("off", [0x04, 0x08])
def test_one_electrode_that_is_off_has_its_own_bit(run_board, off):
    status, code = run_board(
        f"""
configure(config2=0xE0, r7=0x0C); begin()
world.electrode_dc_uv = 1000.0
world.lead_off = lambda ns: {off}
time.sleep_ms(50)
status, _, code = frame()
tell([status, code])
"""
    )
    assert status == 0xC00000 | off << 15
    assert code * LSB_UV_GAIN_12 == pytest.approx(1000, abs=60)  # its voltage is the world's


@pytest.mark.parametrize(
    ("faults", "off", "bits"),
    [({"emg_lead_off_stuck": 4}, 0, 4), ({"emg_lead_off_dead": 8}, 0x1D, 4)],
)
def test_comparators_may_be_stuck(run_board, faults, off, bits):
    status = run_board(
        f"""
world.lead_off = lambda ns: {off}
configure(config2=0xE0, r7=0x0C); begin()
tell(frame()[0])
""",
        faults=faults,
    )
    assert status == 0xC00000 | bits << 15


def test_gain_reference_and_noise_may_be_wrong(run_board):
    def mean(faults, config2=0xA0, ch2=0x60):
        source = f"""
world.electrode_dc_uv = 10_000.0
configure(config2={config2}, ch2={ch2}); begin()
c = codes(60)
m = sum(c) / 60
tell([m * {LSB_UV_GAIN_12}, (sum((x - m) ** 2 for x in c) / 60) ** 0.5])
"""
        return run_board(source, faults=faults)

    (right_uv, noise), (low_uv, _) = mean({}), mean({"emg_gain_error": -0.1})
    assert low_uv == pytest.approx(0.9 * right_uv, rel=1e-3)
    assert mean({"emg_reference_error": 0.1})[0] == pytest.approx(right_uv / 1.1, rel=1e-3)
    assert mean({"emg_noise_factor": 3.0})[1] == pytest.approx(3 * noise, rel=0.05)
    # The test signal is a part of the reference: its error cancels.
    test_uv = mean({}, 0xA2, 0x65)[0]
    assert mean({"emg_reference_error": 0.1}, 0xA2, 0x65)[0] == pytest.approx(test_uv, rel=5e-3)


def test_offset_calibration_and_gpio(run_board):
    before, after, gpio, status = run_board(
        """
def mean(): return sum(codes(60)) / 60
configure(ch2=0x01, r11=0x03); begin(); time.sleep_ms(10)
before = mean()
exchange([0x11]); write(10, 0x83); exchange([0x1A]); exchange([0x10])
after = mean(); status = frame()[0]
exchange([0x11])
tell([before, after, read(11)[0], status])
"""
    )
    assert abs(after) * 2 * LSB_UV_GAIN_12 < 1.5
    assert abs(before) > 5 * abs(after)
    assert gpio == 0x03
    assert status == 0xC00000 | 3 << 13


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("emg_dead", [0, 0x00, [0, 0, 0]]),
        ("emg_wrong_id", [0x53, 0x60, None]),
        ("emg_stuck_register", [0x73, 0x00, None]),
    ],
)
def test_faults(run_board, fault, told):
    identity, ch2set, data = run_board(
        "configure(); identity = read(0)[0]; ch2set = read(5)[0]; begin(); time.sleep_ms(5)\n"
        "tell([identity, ch2set, frame()])",
        faults={fault: True},
    )
    assert [identity, ch2set] == told[:2]
    assert told[2] is None or data == told[2]


def test_counter_proves_that_nothing_is_lost(run_board):
    codes = run_board("configure(); begin(); tell(codes(40))", emg_counter=True)
    assert math.isclose(codes[0], 0, abs_tol=1)
    assert np.diff(codes).tolist() == [1] * 39
