"""Recording from a program: the samples that come while it runs are those of the session."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import glutesym
from glutesym.links.base import FoundPod


def joined(blocks, side, name, record="emg"):
    return np.concatenate([getattr(getattr(b, record), name) for b in blocks if b.side == side])


def check_blocks(blocks, session):
    for side in ("left", "right"):
        whole, index = session.emg(side), joined(blocks, side, "index")
        assert (np.diff(index[index >= 0]) > 0).all()
        assert len(index) > 0.9 * len(whole.index)
        here = np.searchsorted(whole.index, index[index >= 0])
        np.testing.assert_array_equal(joined(blocks, side, "uv")[index >= 0], whole.uv[here])
        apart_s = np.abs(joined(blocks, side, "time_s")[index >= 0] - whole.time_s[here])
        assert apart_s.max() < 0.05  # clocks are hardly known at first ...
        assert apart_s[whole.time_s[here] > 12].max() < 0.002  # ... and soon nearly as at the end
        accel_g, all_g = joined(blocks, side, "accel_g", "imu"), session.imu(side).accel_g
        first = int(np.flatnonzero((all_g == accel_g[0]).all(axis=1))[0])
        there = np.isfinite(accel_g)
        np.testing.assert_array_equal(accel_g[there], all_g[first:][: len(accel_g)][there])
        assert there.mean() > 0.95


def test_samples_come_in_order_and_the_session_is_kept(tmp_path):
    with glutesym.capture(virtual="bridge", reps=5, seed=21, folder=tmp_path) as running:
        blocks = [running.next(60.0)]
        running.marker("begin")
        blocks += running
        assert running.next() is None
        assert running.state.phase == "ended"
    session = running.session()
    assert session.exercise == "bridge"
    assert len(running.reps) == session.reps.height == 5
    check_blocks(blocks, session)
    events = session.tables["events"]
    assert "begin" in events["text"].to_list()


def test_hum_is_left_out_when_it_is_measured_again(tmp_path):
    with glutesym.capture(virtual="rest", duration_s=3.0, folder=tmp_path, mains_hz=60) as running:
        running.wait()
    assert running.session().analyzed.settings.mains_hz == 60
    with pytest.raises(glutesym.GlutesymError, match="50 or 60 Hz"):
        glutesym.capture(virtual="bridge", folder=tmp_path, mains_hz=55)


def test_asyncio_has_the_same(tmp_path):
    async def go():
        blocks = []
        options = {"virtual": "bridge", "reps": 4, "seed": 22, "folder": tmp_path}
        async with glutesym.aio.capture(**options) as running:
            async for samples in running:
                blocks.append(samples)
        return blocks, await running.session()

    check_blocks(*asyncio.run(go()))


def test_virtual_pods_end_when_they_are_told_to(tmp_path):
    session = glutesym.record(virtual="bridge", duration_s=6.0, folder=tmp_path)
    (played_s,) = session.tables["events"].filter(kind="scenario")["time_s"]
    assert session.recording.duration_s == pytest.approx(played_s + 6.0, abs=0.3)


def test_leaving_the_block_ends_the_session(tmp_path):
    with glutesym.capture("squat", virtual="rest", folder=tmp_path, speed=8.0) as running:
        assert len(running.next(30.0).emg.uv)
    assert running.state.phase == "ended"
    assert running.session().exercise == "squat"


def test_an_error_within_the_block_ends_the_session_and_is_told(tmp_path):
    def fail():
        with glutesym.capture(virtual="rest", folder=tmp_path, speed=8.0) as running:
            running.next(30.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    (path,) = tmp_path.iterdir()
    assert glutesym.load(path).analyzed.meta.ended


def test_without_an_end_nothing_is_recorded(tmp_path):
    with pytest.raises(glutesym.GlutesymError, match="duration_s"):
        glutesym.record("squat", folder=tmp_path)
    with pytest.raises(glutesym.GlutesymError, match="duration_s"):
        asyncio.run(glutesym.aio.record("squat", folder=tmp_path))
    assert not list(tmp_path.iterdir())


def test_an_unknown_scenario_is_told(tmp_path):
    with pytest.raises(glutesym.GlutesymError, match="juggling"):
        glutesym.record(virtual="juggling", folder=tmp_path)


def test_no_bluetooth_is_an_error_with_a_fix(tmp_path, monkeypatch):
    """Also from within a running loop, as in a notebook."""

    async def scan(self, timeout_s, enough):
        raise glutesym.GlutesymError("Bluetooth is off. Switch it on.")

    monkeypatch.setattr("glutesym.links.ble.BleTransport.scan", scan)
    monkeypatch.setenv("GLUTESYM_KEYS", str(tmp_path / "keys.json"))

    async def in_a_notebook():
        return glutesym.discover(0.1)

    for call in (lambda: glutesym.discover(0.1), lambda: asyncio.run(in_a_notebook())):
        with pytest.raises(glutesym.GlutesymError, match="Switch it on"):
            call()


def test_pods_in_reach_are_listed(monkeypatch, tmp_path):
    there = [FoundPod(None, "glutesym 1", "00:11", -60, None)]

    async def scan(self, timeout_s, enough):
        return there

    monkeypatch.setattr("glutesym.links.ble.BleTransport.scan", scan)
    monkeypatch.setenv("GLUTESYM_KEYS", str(tmp_path / "keys.json"))
    assert glutesym.discover(0.1) == there
    assert asyncio.run(glutesym.aio.discover(0.1)) == there
