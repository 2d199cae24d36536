"""The whole chain: scenario, chips, firmware on the MicroPython VM, radio, bleak, file, answer."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from glutesym import wire
from glutesym.decode import emg_counts, split_frames, without_repeats
from glutesym.errors import PodNotFoundError, SessionError
from glutesym.measures import SIDES
from glutesym.session.run import RunningSession
from glutesym.session.store import open_session
from glutesym.virtual.radio import RadioModel
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import PodHardware, Simulation, VirtualPod
from glutesym.virtual.surroundings import VirtualSurroundings
from glutesym.virtual.truth_check import check_truth
from virtual_session import equal_hardware, record


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    scenario = build_scenario("bridge", seed=5, reps=10)
    return scenario, record(tmp_path_factory.mktemp("bridge"), scenario, seed=5)


def test_a_synthetic_set_is_measured_right(bridge):
    scenario, recorded = bridge
    check = check_truth(recorded.session, scenario)
    assert check.reps_matched == check.reps_measured == check.reps_true == 10
    assert abs(check.symmetry_index_error_pct) < 5
    assert abs(check.lag_error_ms) < 10
    assert set(check.samples_lost.values()) == {0}
    assert check.sync_uncertainty_ms < 6
    assert abs(check.sync_error_ms) < 1
    assert abs(check.sync_error_ms) < check.sync_uncertainty_ms


def test_the_live_view_said_what_the_analysis_says(bridge):
    _, recorded = bridge
    assert recorded.live.phase == "ended"
    offline = recorded.session.measures.reps
    assert len(recorded.live.reps) == len(offline)
    for seen, measured in zip(recorded.live.reps, offline, strict=True):
        assert seen.start_s == pytest.approx(measured.start_s, abs=0.03)
        assert seen.symmetry_index_pct == pytest.approx(measured.symmetry_index_pct, abs=1.5)
        assert seen.lag_ms == pytest.approx(measured.lag_ms, abs=4)


def test_the_steady_state_wants_no_memory(bridge):
    _, recorded = bridge
    for side in SIDES:
        assert recorded.status(side, "heap_faults") == 0
        assert recorded.status(side, "task_errors") == 0
        assert recorded.status(side, "emg_overrun") == 0
        assert recorded.status(side, "bad_commands") == 0
    assert recorded.consoles == {"left": "", "right": ""}


def test_the_clocks_of_the_chips_are_found(bridge):
    """Rates are measured, not nominal: the pods' oscillators differ by up to 1.5 %."""
    _, recorded = bridge
    simulation = Simulation(bridge[0], 5)
    for side, pod in recorded.session.recording.pods.items():
        hardware = simulation._hardware[side]
        true_hz = 2000 * (1 + hardware.emg_clock_error)
        assert pod.emg.fs_hz == pytest.approx(true_hz, rel=3e-5)


def test_every_sample_arrives_as_the_converter_made_it(tmp_path):
    """The converter counts its conversions; what is decoded must count as well, without a hole."""
    scenario = build_scenario("counter", seed=3)
    hardware = equal_hardware(emg_counter=True, ticks_start_us=(1 << 30) - 5_000_000)
    recorded = record(tmp_path, scenario, seed=3, hardware=hardware)
    assert_every_conversion_arrived(recorded)


def assert_every_conversion_arrived(recorded):
    with open_session(recorded.session.path) as stored:
        for pod in stored.pods:
            records = split_frames(stored.frames(pod.id)[1]).emg
            records = records[without_repeats(records)]
            counts = emg_counts(records)[:, : wire.EMG_PER_FRAME].ravel()
            assert len(counts) > 30_000
            assert np.array_equal(np.diff(counts), np.ones(len(counts) - 1))
            assert records["first_index"][0] == 0
            assert np.all(records["count"] == wire.EMG_PER_FRAME)
            assert np.all(records["shift"] == 0)


def test_a_pod_that_is_killed_and_started_again_leaves_a_gap(tmp_path):
    scenario = build_scenario("bridge", seed=2, reps=6)

    async def battery_falls_out(simulation: Simulation) -> None:
        await asyncio.sleep(8)
        simulation.pods["left"].switch_off()
        await asyncio.sleep(3)
        await simulation.pods["left"].switch_on()

    recorded = record(tmp_path, scenario, seed=2, incident=battery_falls_out)
    left, right = (recorded.session.recording.pods[side] for side in SIDES)
    assert left.boots == 2
    assert [gap.reason for gap in left.gaps] == ["the pod started anew"]
    gap = left.gaps[0]
    assert 3 < gap.end_s - gap.start_s < 15
    inside = (left.emg.time_s > gap.start_s) & (left.emg.time_s < gap.end_s)
    assert inside.sum() == pytest.approx((gap.end_s - gap.start_s) * 2000, rel=0.03)
    assert np.isnan(left.emg.uv[inside]).all()
    assert right.gaps == ()
    assert right.boots == 1
    connects = [e.kind for e in recorded.session.events if e.side == "left"]
    assert connects == ["connected", "disconnected", "connected", "disconnected"]
    withheld = [
        rep
        for rep in recorded.session.measures.reps
        if rep.start_s < gap.end_s and rep.end_s > gap.start_s
    ]
    assert all(rep.lag_ms is None and rep.left.reason for rep in withheld)


def test_a_radio_outage_loses_nothing(tmp_path):
    scenario = build_scenario("counter", seed=4)

    async def outage(simulation: Simulation) -> None:
        await asyncio.sleep(2)
        simulation.pods["right"].radio.set_outage(8)  # twice the supervision timeout

    hardware = equal_hardware(emg_counter=True)
    recorded = record(tmp_path, scenario, seed=4, hardware=hardware, incident=outage)
    right = recorded.session.recording.pods["right"]
    assert recorded.counts["right"].connects == 2
    assert right.boots == 1
    assert right.samples_lost == 0
    assert right.gaps == ()
    assert_every_conversion_arrived(recorded)


def test_a_slow_and_lossy_radio_loses_nothing(tmp_path):
    radio = RadioModel(connection_interval_ms=60, loss=0.3, packets_per_event=4)
    hardware = equal_hardware(radio=radio, emg_counter=True)
    recorded = record(tmp_path, build_scenario("counter"), hardware=hardware)
    assert_every_conversion_arrived(recorded)
    for pod in recorded.session.recording.pods.values():
        assert pod.samples_lost == 0
        assert len(pod.emg.uv) > 35_000


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    scenario = build_scenario("counter", seed=6)
    frames = []
    for name in ("a", "b"):
        recorded = record(tmp_path / name, scenario, seed=6)
        with open_session(recorded.session.path) as stored:
            frames.append([stored.frames(pod.id) for pod in stored.pods])
    for (t_a, f_a), (t_b, f_b) in zip(*frames, strict=True):
        assert np.array_equal(t_a, t_b)
        assert np.array_equal(f_a, f_b)


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ({"emg_dead": True}, wire.ERROR_EMG_CHIP),
        ({"emg_wrong_id": True}, wire.ERROR_EMG_CHIP),
        ({"emg_stuck_register": True}, wire.ERROR_EMG_CHIP),
        ({"imu_dead": True}, wire.ERROR_IMU_CHIP),
    ],
)
def test_a_broken_chip_is_reported_and_the_other_one_works(tmp_path, faults, error):
    hardware = equal_hardware(faults=faults, settings={"gain": 12})
    recorded = record(tmp_path, build_scenario("counter"), hardware=hardware)
    assert recorded.status("left", "error") == error
    pod = recorded.session.recording.pods["left"]
    works, broken = len(pod.emg.uv), len(pod.imu.time_s)
    if error == wire.ERROR_EMG_CHIP:
        works, broken = broken, works
    assert works > 3000
    assert broken == 0


def test_a_pod_on_usb_power_measures_nothing(tmp_path):
    async def plug_in(simulation: Simulation) -> None:
        await asyncio.sleep(5)
        simulation.pods["left"].body.usb_power = True

    recorded = record(tmp_path, build_scenario("counter"), incident=plug_in)
    assert recorded.status("left", "error") == wire.ERROR_USB_POWER
    left, right = (recorded.session.recording.pods[side] for side in SIDES)
    assert 4.5 * 2000 < len(left.emg.uv) < 6.5 * 2000
    assert len(right.emg.uv) > 35_000


def test_a_pod_whose_cable_is_out_again_goes_on_and_has_lost_nothing_of_before(tmp_path):
    async def plug_in_and_out(simulation: Simulation) -> None:
        await asyncio.sleep(4)
        left = simulation.pods["left"]
        left.radio.set_outage(2)  # what was measured last is still in the pod
        await asyncio.sleep(1)
        left.body.usb_power = True
        await asyncio.sleep(2)
        left.body.usb_power = False

    recorded = record(tmp_path, build_scenario("counter"), incident=plug_in_and_out)
    left = recorded.session.recording.pods["left"]
    assert recorded.status("left", "error") == 0
    assert left.samples_lost == 0
    assert [gap.reason for gap in left.gaps] == ["the pod started anew"]
    assert 1.9 < left.gaps[0].end_s - left.gaps[0].start_s < 4
    assert len(left.emg.uv) > 35_000


def test_an_electrode_that_lifts_off_is_seen(tmp_path):
    scenario = build_scenario("bridge", seed=1, reps=2, lead_off_left_s=((3.0, 5.0),))
    recorded = record(tmp_path, scenario)
    left, right = (recorded.session.recording.pods[side].emg for side in SIDES)
    assert left.lead_off.sum() == pytest.approx(4000, rel=0.1)
    assert not right.lead_off.any()


def test_stopping_early_ends_cleanly(tmp_path):
    scenario = build_scenario("bridge", seed=1)
    holder = []

    async def stop(_simulation: Simulation) -> None:
        await asyncio.sleep(3)
        holder[0].stop()

    session = RunningSession(
        VirtualSurroundings(scenario, 1, None, incident=stop), tmp_path / "s.glutesym", "bridge"
    )
    holder.append(session)
    session.start()
    assert session.join(120)
    with open_session(session.path) as stored:
        assert stored.meta.ended
        assert len(stored.frames(1)[0]) > 50
    assert not (tmp_path / "s.glutesym-wal").exists()


def test_pods_that_are_off_are_named(tmp_path):
    class NobodyHome(VirtualSurroundings):
        def transport(self):
            surroundings = super().transport()
            simulation = self._simulation

            class Off:
                async def __aenter__(self):
                    transport = await surroundings.__aenter__()
                    simulation.pods["right"].switch_off()
                    return transport

                async def __aexit__(self, *error):
                    await surroundings.__aexit__(*error)

            return Off()

    scenario = build_scenario("counter")
    session = RunningSession(NobodyHome(scenario, 1, None), tmp_path / "s.glutesym", "x")
    session.start()
    with pytest.raises(PodNotFoundError, match="No right pod") as caught:
        session.join(120)
    assert caught.value.missing == ("right",)
    assert session.poll().phase == "ended"
    assert not session.path.exists()  # nobody was recorded, no empty file is left


def test_stopping_before_anything_was_found_is_quick_and_leaves_nothing(tmp_path):
    scenario = build_scenario("counter")
    session = RunningSession(VirtualSurroundings(scenario, 1, None), tmp_path / "s.glutesym", "x")
    session.start()
    session.stop()
    assert session.join(120)
    assert session.poll().phase == "ended"
    assert not session.path.exists()


def test_a_file_where_the_folder_should_be_ends_the_session_with_the_reason(tmp_path):
    (tmp_path / "file").write_text("")
    session = RunningSession(
        VirtualSurroundings(build_scenario("counter"), 1, None),
        tmp_path / "file" / "s.glutesym",
        "x",
    )
    session.start()
    with pytest.raises(SessionError, match="not a folder"):
        session.join(120)
    assert session.poll().phase == "ended"


def test_a_stranger_with_the_same_side_is_not_taken_for_the_lost_pod(tmp_path):
    """The left pod goes away for good, and another left pod is switched on beside it."""
    scenario = build_scenario("counter", seed=8)

    async def swap(simulation: Simulation) -> None:
        await asyncio.sleep(3)
        lost = simulation.pods["left"]
        lost.switch_off()
        stranger = VirtualPod(
            simulation.loop,
            simulation.air,
            "left",
            tmp_path / "stranger",
            lost.body,
            PodHardware(),
            99,
            address="C4:00:00:00:00:77",
        )
        await stranger.switch_on()
        simulation.pods["stranger"] = stranger  # so that it is switched off at the end

    recorded = record(tmp_path, scenario, seed=8, incident=swap)
    left = recorded.session.recording.pods["left"]
    assert recorded.counts["left"].connects == 1
    assert left.boots == 1
    assert len(left.emg.uv) < 5 * 2000


def test_a_live_view_that_fails_does_not_end_the_recording(tmp_path, monkeypatch):
    def fail(*_arguments):
        raise RuntimeError("view")

    monkeypatch.setattr("glutesym.live.LiveEngine._measure", fail)
    scenario = build_scenario("bridge", seed=1, reps=2)
    session = RunningSession(
        VirtualSurroundings(scenario, 1, None), tmp_path / "s.glutesym", scenario.exercise
    )
    session.start()
    assert session.join(120)
    assert "live view failed" in session.poll().message
    assert session.poll().phase == "ended"
    with open_session(session.path) as stored:
        frames = split_frames(stored.frames(1)[1]).emg
    assert len(frames) * wire.EMG_PER_FRAME > (scenario.duration_s - 1) * 2000
