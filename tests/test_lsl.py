"""The Lab Streaming Layer: what another process receives is what the session holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

LISTENER = Path(__file__).with_name("lsl_listener.py")
CONFIG = "[ports]\nIPv6 = disable\n[multicast]\nResolveScope = machine\n[log]\nlevel = -3\n"


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """Record three bridges while another process listens: its findings, the session."""
    folder = tmp_path_factory.mktemp("lsl")
    config = folder / "lsl_api.cfg"
    config.write_text(CONFIG)
    os.environ["LSLAPICFG"] = str(config)  # before liblsl is loaded: nothing leaves this computer
    import glutesym
    from glutesym.lsl.follower import LslFollower
    from glutesym.session.run import RunningSession
    from glutesym.virtual.scenarios.catalog import build_scenario
    from glutesym.virtual.surroundings import VirtualSurroundings

    with subprocess.Popen(
        [sys.executable, LISTENER, "6"], stdout=subprocess.PIPE, text=True, env={**os.environ}
    ) as listener:
        follower = LslFollower(real_time=False)
        surroundings = VirtualSurroundings(build_scenario("bridge", seed=5, reps=4), 5, 3.0)
        session = RunningSession(surroundings, folder / "x.glutesym", "bridge", follower=follower)
        follower.attach(session)
        session.start()
        try:
            assert listener.stdout.readline() == "ready\n"
            session.marker("mine")
            assert session.join(300)
            answer = json.loads(listener.stdout.readline())
        finally:
            session.stop()
            listener.kill()
    del os.environ["LSLAPICFG"]
    return answer, glutesym.load(folder / "x.glutesym"), follower


def test_every_sample_arrives_with_its_time(heard):
    answer, session, follower = heard
    for side in ("left", "right"):
        samples, stamps_s = (np.array(x) for x in answer["got"][f"glutesym_{side}_EMG"])
        emg = session.emg(side)
        assert samples.shape[1] == 3
        assert len(samples) > 0.5 * len(emg.uv)  # it may have begun to listen late
        heard_s = stamps_s - follower._offset_s
        i = np.searchsorted(emg.time_s, heard_s[-1]) + np.arange(-3, 4)
        i = i[(i >= 0) & (i < len(emg.uv))]
        last = i[np.flatnonzero(emg.uv[i] == samples[-1, 0])[0]]
        whole = emg.uv[last + 1 - len(samples) : last + 1]
        known = np.isfinite(samples[:, 0])
        assert known.mean() > 0.99
        np.testing.assert_array_equal(samples[known, 0], whole[known])
        apart_s = np.abs(heard_s - emg.time_s[last + 1 - len(samples) : last + 1])
        assert apart_s[heard_s > 12].max() < 0.002
        motion, motion_s = (np.array(x) for x in answer["got"][f"glutesym_{side}_IMU"])
        assert motion.shape == (len(motion_s), 6)
        assert len(motion) > 0.5 * len(session.imu(side).time_s)
        assert np.nanmedian(np.linalg.norm(motion[:, :3], axis=1)) == pytest.approx(1, abs=0.1)


def test_repetitions_and_markers_arrive(heard):
    answer, session, follower = heard
    values, stamps_s = answer["got"]["glutesym_reps"]
    reps = session.measures.reps
    assert [value[0] for value in values] == [rep.number for rep in reps[: len(values)]]
    assert len(values) >= 3
    for value, stamp_s, rep in zip(values, stamps_s, reps, strict=False):
        assert stamp_s - follower._offset_s == pytest.approx(rep.end_s, abs=0.1)
        assert value[2] == pytest.approx(rep.left.activation_uv, rel=0.05)
        assert value[4] == pytest.approx(rep.symmetry_index_pct, abs=3)
    texts = [sample[0] for sample in answer["got"]["glutesym_markers"][0]]
    assert {"mine", "repetition 1 begins", "repetition 1 ends"} <= set(texts)


def test_markers_of_others_are_in_the_session_at_their_time(heard):
    answer, session, follower = heard
    (event,) = (e for e in session.analyzed.events if e.text == "stimuli: flash")
    assert event.kind == "marker"
    assert event.time_s == pytest.approx(answer["sent_s"] - follower._offset_s, abs=0.01)


def test_streams_say_what_they_are(heard):
    answer, _, _ = heard
    about = ElementTree.fromstring(answer["about"]["glutesym_left_EMG"])
    assert about.findtext("type") == "EMG"
    assert about.findtext("nominal_srate").startswith("2000")
    units = [channel.findtext("unit") for channel in about.iter("channel")]
    assert units == ["microvolts", "none", "none"]
    motion = ElementTree.fromstring(answer["about"]["glutesym_right_IMU"])
    assert [channel.findtext("label") for channel in motion.iter("channel")] == [
        f"{what}_{axis}" for what in ("accel", "gyro") for axis in "xyz"
    ]


def test_a_computer_without_it_is_told_how_to_get_it(monkeypatch):
    from typer.testing import CliRunner

    from glutesym.cli_lsl import app
    from glutesym.errors import MissingPartError

    monkeypatch.setitem(sys.modules, "pylsl", None)
    for name in [name for name in sys.modules if name.startswith("glutesym.lsl.")]:
        monkeypatch.delitem(sys.modules, name)
    done = CliRunner().invoke(app, ["--virtual", "rest"])
    assert isinstance(done.exception, MissingPartError)
    assert "[lsl]" in str(done.exception)


_ONE_OUTLET = """
import pylsl
from glutesym.lsl.quiet import keep_remarks_away
from glutesym.lsl.streams import session_streams
done = keep_remarks_away()
outlet = session_streams()[-1].outlet("test")
print(done)
"""


@pytest.mark.parametrize(("own", "done"), [(False, "True"), (True, "False")])
def test_remarks_of_liblsl_are_kept_away_unless_it_is_configured(tmp_path, own, done):
    """With a configuration of the user's, which says so, it tells what it does."""
    (tmp_path / "mine.cfg").write_text("[multicast]\nResolveScope = machine\n[log]\nlevel = 0\n")
    env = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    if own:
        env["LSLAPICFG"] = str(tmp_path / "mine.cfg")
    ran = subprocess.run(
        [sys.executable, "-c", _ONE_OUTLET],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == done
    assert bool(ran.stderr) is own, ran.stderr


def test_the_streams_that_are_told_are_those_that_are_offered(heard):
    from glutesym.lsl.streams import session_streams

    answer, _, _ = heard
    assert {stream.name for stream in session_streams()} == set(answer["about"])
