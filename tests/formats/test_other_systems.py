"""Recordings of other systems: every format gives one answer, every mistake has its reason."""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import edfio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym import cli
from glutesym.errors import GlutesymError, RecordingFileError
from glutesym.formats.even import evenly
from glutesym.formats.foreign import SideChannels
from glutesym.formats.importer import ImportOptions, import_recording
from glutesym.formats.units import split_heading
from glutesym.pipeline import Settings, measure_set
from glutesym.recording import Recording
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record
from xdf_file import Stream, write_xdf

FS_HZ, IMU_HZ = 2000.0, 200.0
SIDES = {"left": SideChannels("GMAX L"), "right": SideChannels("GMAX R")}


@dataclass
class Trial:
    """What another system measured: both sides on one clock."""

    time_s: np.ndarray
    uv: dict[str, np.ndarray]
    imu_s: np.ndarray
    accel_g: dict[str, np.ndarray]
    gyro_dps: dict[str, np.ndarray]
    truth: Recording


@pytest.fixture(scope="module")
def trial() -> Trial:
    truth = record(build_scenario("bridge", seed=7, reps=4))
    time_s = np.arange(round((truth.duration_s - 0.1) * FS_HZ)) / FS_HZ
    imu_s = np.arange(round((truth.duration_s - 0.1) * IMU_HZ)) / IMU_HZ

    def at(times, pod_times, values):
        columns = np.atleast_2d(values.T)
        return np.column_stack([np.interp(times, pod_times, c) for c in columns])

    pods = truth.pods
    return Trial(
        time_s,
        {s: at(time_s, p.emg.time_s, p.emg.uv)[:, 0] for s, p in pods.items()},
        imu_s,
        {s: at(imu_s, p.imu.time_s, p.imu.accel_g) for s, p in pods.items()},
        {s: at(imu_s, p.imu.time_s, p.imu.gyro_dps) for s, p in pods.items()},
        truth,
    )


def read(path: Path, **options):
    options.setdefault("sides", SIDES)
    return import_recording(path, ImportOptions(**options), Settings())


def check_answer(session, trial: Trial, found: str, said: list[str]) -> None:
    """Check that what was read gives the answer that the pods give."""
    expected = measure_set(trial.truth).summary
    summary = session.measures.summary
    assert found in " ".join(said)
    assert summary.n_reps == 4
    assert summary.verdict == expected.verdict == "left lower"
    index, lag = summary.symmetry_index_pct.value, summary.lag_ms.value
    assert index == pytest.approx(expected.symmetry_index_pct.value, abs=1.5)
    assert lag == pytest.approx(expected.lag_ms.value, abs=4.0)


def write_edf(path: Path, trial: Trial, unit: str = "uV", bdf: bool = True, **more) -> None:
    scale = {"uV": 1.0, "mV": 1e-3, "V": 1e-6, "": 1.0, "furlong": 1.0}[unit]
    kind, signal = (edfio.Bdf, edfio.BdfSignal) if bdf else (edfio.Edf, edfio.EdfSignal)
    n = len(trial.time_s) // 2000 * 2000
    signals = []
    for label, side in (("GMAX R", "right"), ("GMAX L", "left")):
        uv = trial.uv[side][:n] * scale
        most = float(f"{np.abs(uv).max() * 1.1:.3g}")
        signals.append(
            signal(uv, FS_HZ, label=label, physical_dimension=unit, physical_range=(-most, most))
        )
    kind(signals, **more).write(path)


def write_table(path: Path, trial: Trial, headings, columns, separator=",", comma=False) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(headings)
        for row in zip(*columns, strict=True):
            cells = ["" if np.isnan(value) else f"{value:.6f}" for value in row]
            writer.writerow([cell.replace(".", ",") for cell in cells] if comma else cells)


@pytest.mark.parametrize(("unit", "bdf"), [("uV", True), ("mV", True), ("V", True), ("uV", False)])
def test_edf_and_bdf_in_any_unit(trial: Trial, tmp_path: Path, unit: str, bdf: bool) -> None:
    write_edf(tmp_path / "trial.bdf", trial, unit, bdf)
    session, said = read(tmp_path / "trial.bdf", exercise="bridge")
    check_answer(session, trial, "by muscle activity alone", said)
    assert session.recording.sync_uncertainty_ms == 0.0
    assert all(rep.quality == "fair" for rep in session.measures.reps)
    uv = session.recording.pods["left"].emg.uv
    np.testing.assert_allclose(uv, trial.uv["left"][: len(uv)], atol=0.1 if bdf else 0.2)


def test_annotations_are_repetitions(trial: Trial, tmp_path: Path) -> None:
    reps = measure_set(trial.truth).reps
    whole = [edfio.EdfAnnotation(r.start_s, r.end_s - r.start_s, f"Rep {r.number}") for r in reps]
    write_edf(tmp_path / "trial.bdf", trial, annotations=whole)
    session, said = read(tmp_path / "trial.bdf", marks="rep")
    check_answer(session, trial, 'the marks "rep"', said)
    assert [rep.start_s for rep in session.measures.reps] == pytest.approx(
        [rep.start_s for rep in reps]
    )
    ends = [edfio.EdfAnnotation(r.start_s, None, "go") for r in reps]
    ends += [edfio.EdfAnnotation(r.end_s, None, "stop") for r in reps]
    write_edf(tmp_path / "trial.bdf", trial, annotations=ends)
    session, _ = read(tmp_path / "trial.bdf", marks="go", marks_end="stop")
    assert [r.end_s for r in session.measures.reps] == pytest.approx([r.end_s for r in reps])
    for marks, stop, words in (
        ("go", "", "--marks-end"),
        ("stop", "go", "no mark"),
        ("x", "", '"go"'),
    ):
        with pytest.raises(RecordingFileError, match=words):
            read(tmp_path / "trial.bdf", marks=marks, marks_end=stop)


def test_what_was_not_acquired_is_missing(trial: Trial, tmp_path: Path) -> None:
    gap = edfio.EdfAnnotation(1.0, 0.5, "BAD_ACQ_SKIP")
    write_edf(tmp_path / "trial.bdf", trial, annotations=[gap])
    session, _ = read(tmp_path / "trial.bdf")
    pod = session.recording.pods["left"]
    assert np.isnan(pod.emg.uv[2000:3000]).all()
    assert np.count_nonzero(np.isnan(pod.emg.uv)) == 1000
    assert pod.gaps[0].samples == 1000
    assert pod.samples_lost == 1000


def streams(trial: Trial, jitter_s: float = 0.0, apart: bool = False) -> list[Stream]:
    rng = np.random.default_rng(1)
    at = 5000.0 + trial.time_s + jitter_s * rng.uniform(-1, 1, len(trial.time_s))
    both = np.column_stack((trial.uv["left"], trial.uv["right"])) / 1000
    told = [("GMAX L", "millivolts"), ("GMAX R", "millivolts")]
    emg = [Stream("EMG", at, both, told, FS_HZ)]
    if apart:
        emg = [
            Stream(f"EMG{i}", at - 7.0 * i, both[:, i], told[i : i + 1], FS_HZ, 7.0 * i)
            for i in range(2)
        ]
    imus = [
        Stream(
            side,
            5000.0 + trial.imu_s,
            np.column_stack((trial.accel_g[side] * 9.80665, np.radians(trial.gyro_dps[side]))),
            [(f"a{a}", "m/s^2") for a in "xyz"] + [(f"g{a}", "rad/s") for a in "xyz"],
            IMU_HZ,
        )
        for side in ("left", "right")
    ]
    words = Stream("Markers", np.array([5002.0, 5003.5]), ["go", "stop"])
    return [*emg, *imus, words]


def motion_of(side: str) -> SideChannels:
    names = [tuple(f"{side}/{kind}{axis}" for axis in "xyz") for kind in "ag"]
    return SideChannels("GMAX L" if side == "left" else "GMAX R", *names)


def test_xdf_with_motion(trial: Trial, tmp_path: Path) -> None:
    write_xdf(tmp_path / "trial.xdf", streams(trial, jitter_s=2e-4))
    session, said = read(tmp_path / "trial.xdf", sides={s: motion_of(s) for s in SIDES})
    check_answer(session, trial, "found by motion", said)
    assert not any("activity" in rep.reason for rep in session.measures.reps)
    imu = session.recording.pods["left"].imu
    np.testing.assert_allclose(imu.accel_g, trial.accel_g["left"], atol=1e-6)
    np.testing.assert_allclose(imu.gyro_dps, trial.gyro_dps["left"], atol=1e-4)
    assert session.meta.started_utc.isoformat() == "2026-05-04T18:30:09+00:00"


def test_two_streams_have_two_clocks(trial: Trial, tmp_path: Path) -> None:
    write_xdf(tmp_path / "trial.xdf", streams(trial, apart=True))
    session, _ = read(tmp_path / "trial.xdf")
    summary = session.measures.summary
    assert summary.verdict == "left lower"  # offsets of 7 s are corrected
    assert summary.n_reps == 4
    assert summary.lag_verdict == "not measurable"
    assert "clocks" in summary.lag_ms.reason


@pytest.mark.parametrize("labels", [("GMAX L", "GMAX R"), ("a", "a")])
def test_two_streams_of_one_name_have_two_clocks(trial: Trial, tmp_path: Path, labels) -> None:
    both = [
        Stream("EMG", 5.0 + trial.time_s, trial.uv[side], [(label, "uV")], FS_HZ)
        for side, label in zip(("left", "right"), labels, strict=True)
    ]
    write_xdf(tmp_path / "trial.xdf", both)
    names = labels if labels[0] != labels[1] else ("EMG/a", "EMG #2/a")
    sides = {s: SideChannels(name) for s, name in zip(("left", "right"), names, strict=True)}
    session, _ = read(tmp_path / "trial.xdf", sides=sides)
    for side, pod in session.recording.pods.items():
        np.testing.assert_allclose(pod.emg.uv, trial.uv[side])
    assert session.measures.summary.lag_verdict == "not measurable"


def test_xdf_streams_without_a_sample_do_no_harm(trial: Trial, tmp_path: Path) -> None:
    silent = [
        Stream("Silent", np.empty(0), np.empty((0, 2)), [("a", "uV"), ("b", "uV")], FS_HZ),
        Stream("Words", np.empty(0), []),
    ]
    write_xdf(tmp_path / "trial.xdf", [*silent, *streams(trial)])
    session, said = read(tmp_path / "trial.xdf")
    check_answer(session, trial, "by muscle activity alone", said)
    with pytest.raises(RecordingFileError, match='"a" has no samples'):
        read(tmp_path / "trial.xdf", sides={"left": SideChannels("a")})


def test_xdf_that_was_not_sampled_evenly_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    time_s = np.cumsum(rng.exponential(1 / FS_HZ, 8000))
    write_xdf(tmp_path / "t.xdf", [Stream("E", time_s, time_s, [("GMAX L", "uV")])])
    with pytest.raises(RecordingFileError, match='"GMAX L": times are so uneven'):
        read(tmp_path / "t.xdf", sides={"left": SideChannels("GMAX L")})


def test_xdf_that_is_cut_off_says_so_in_words_of_its_own(
    trial: Trial, tmp_path: Path, caplog
) -> None:
    write_xdf(tmp_path / "trial.xdf", streams(trial))
    assert not any("cut off" in text for text in read(tmp_path / "trial.xdf")[1])
    whole = (tmp_path / "trial.xdf").read_bytes()
    for cut in (whole[:-40], whole[:5]):
        (tmp_path / "cut.xdf").write_bytes(cut)
        if cut == whole[:5]:
            with pytest.raises(RecordingFileError, match="no stream in it has a sample"):
                read(tmp_path / "cut.xdf")
        else:
            assert any("cut off" in text for text in read(tmp_path / "cut.xdf")[1])
    assert not caplog.records


def test_xdf_markers_are_repetitions(trial: Trial, tmp_path: Path) -> None:
    write_xdf(tmp_path / "trial.xdf", streams(trial))
    session, _ = read(tmp_path / "trial.xdf", marks="go", marks_end="stop")
    (rep,) = session.measures.reps
    assert (rep.start_s, rep.end_s) == pytest.approx((2.0, 3.5))


@pytest.mark.parametrize(
    ("headings", "separator", "comma", "options"),
    [
        (["time", "GMAX L (mV)", "GMAX R (mV)"], ",", False, {}),
        (["Time [s]", "gmax l [mV]", "gmax r [mV]"], ";", True, {}),
        (["X", "GMAX L", "GMAX R"], "\t", False, {"units": {"emg": "mV"}}),
        (["n", "GMAX L", "GMAX R"], ",", False, {"units": {"emg": "mV"}, "rate_hz": 2000.0}),
        (["when", "GMAX L_mv", "GMAX R_mv"], "\t", True, {"time": "when"}),
    ],
)
def test_tables(trial: Trial, tmp_path: Path, headings, separator, comma, options) -> None:
    columns = [trial.time_s, trial.uv["left"] / 1e3, trial.uv["right"] / 1e3]
    write_table(tmp_path / "trial.csv", trial, headings, columns, separator, comma)
    session, said = read(tmp_path / "trial.csv", **options)
    check_answer(session, trial, "by muscle activity alone", said)


def test_times_in_minutes(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).standard_normal(4000)
    rows = [f"{i / 120_000:.9f},{uv:.6f}" for i, uv in enumerate(noise)]
    (tmp_path / "t.csv").write_text("\n".join(["Time (min),a (uV)", *rows, ""]))
    session, said = read(tmp_path / "t.csv", sides={"left": SideChannels("a")})
    assert session.recording.pods["left"].emg.fs_hz == pytest.approx(2000.0, rel=1e-4)
    assert "min" in said[1]


def test_lines_around_a_table_do_no_harm(trial: Trial, tmp_path: Path) -> None:
    columns = [trial.time_s, trial.uv["left"], trial.uv["right"]]
    write_table(tmp_path / "plain.csv", trial, ["Time", "GMAX L", "GMAX R"], columns)
    first, rest = (tmp_path / "plain.csv").read_text().split("\n", 1)
    words = f"Subject: 7\nRate (Hz), 2000\n\n{first}\ns,uV,uV\n{rest}"
    (tmp_path / "trial.txt").write_bytes(b"\xff\xfe" + words.encode("utf-16-le"))
    session, _ = read(tmp_path / "trial.txt", units={"emg": "uV"})
    assert session.measures.summary.n_reps == 4
    np.testing.assert_allclose(session.recording.pods["left"].emg.uv, trial.uv["left"], atol=1e-6)


def table_text(headings: str, separator: str = ",", comma: bool = False) -> str:
    rng = np.random.default_rng(3)
    rows = [f"{i / 2000:.4f},{v:.6f}" for i, v in enumerate(rng.standard_normal(4000))]
    if separator != ",":
        rows = [row.replace(",", separator) for row in rows]
    return "\n".join([headings, *(row.replace(".", ",") if comma else row for row in rows), ""])


@pytest.mark.parametrize(
    "text",
    [
        table_text("time,GMAX L (uV)").replace("\n", "\r"),
        "\ufeff" + table_text("time,GMAX L (uV)").replace("\n", "\r\n"),
        "by\x0b hand\x85\x1c\n" + table_text("time,GMAX L (uV)"),
        table_text("time;GMAX L (uV)", ";", True).replace("\n0,0000;", "\n0;"),
    ],
)
def test_ends_of_lines_and_decimal_commas(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text, "utf-8", newline="")
    session, _ = read(tmp_path / "t.csv", sides={"left": SideChannels("GMAX L")})
    expected = np.random.default_rng(3).standard_normal(4000)
    np.testing.assert_allclose(session.recording.pods["left"].emg.uv, expected, atol=1e-6)


def test_a_comma_in_a_quoted_heading(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(table_text('time,"GMAX, L (uV)"'))
    session, _ = read(tmp_path / "t.csv", sides={"left": SideChannels("GMAX, L")})
    assert len(session.recording.pods["left"].emg.uv) == 4000


def test_names_are_listed_of_a_table_with_decimal_commas(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(table_text("time;GMAX L (uV)", ";", True))
    with pytest.raises(RecordingFileError, match='It has: "time", "GMAX L"'):
        read(tmp_path / "t.csv", sides={})


def test_missing_rows_and_cells_stay_missing(trial: Trial, tmp_path: Path) -> None:
    left, right = trial.uv["left"].copy(), trial.uv["right"].copy()
    left[5000:5100] = np.nan
    left[5050] = np.inf
    right[-300:] = np.nan  # shorter
    keep = np.ones(len(left), bool)
    keep[9000:9050] = False
    columns = [trial.time_s[keep], left[keep], right[keep]]
    write_table(tmp_path / "t.csv", trial, ["time", "GMAX L (uV)", "GMAX R (uV)"], columns)
    pods = read(tmp_path / "t.csv")[0].recording.pods
    emg = pods["left"].emg
    assert len(emg.uv) == len(left)
    assert np.flatnonzero(np.isnan(emg.uv)).tolist() == [*range(5000, 5100), *range(9000, 9050)]
    np.testing.assert_allclose(emg.time_s, trial.time_s, atol=1e-6)
    assert [gap.samples for gap in pods["left"].gaps] == [100, 50]
    assert len(pods["right"].emg.uv) == len(right) - 300


def test_repetitions_from_a_table(trial: Trial, tmp_path: Path) -> None:
    write_edf(tmp_path / "trial.bdf", trial)
    table = tmp_path / "reps.csv"
    table.write_text("rep,start_s,end_s\n1,3.5,5.5\n2,8,9.5\n")
    session, said = read(tmp_path / "trial.bdf", reps=table)
    assert [(rep.start_s, rep.end_s) for rep in session.measures.reps] == [(3.5, 5.5), (8.0, 9.5)]
    assert "reps.csv" in said[-1]
    for content, words in (
        ("start,end\n1,2\n", "no column start_s"),
        ("start_s,end_s\n1,2\n1.5,3\n", "overlap"),
        ("start_s,end_s\n2,1\n", "lasts from 2 to 1 s"),
        ("start_s,end_s\n2,\n", "no start or no end"),
        ("start_s,end_s\na,b\n", "no table"),
        ("", "no table"),
    ):
        table.write_text(content)
        with pytest.raises(RecordingFileError, match=words):
            read(tmp_path / "trial.bdf", reps=table)
    with pytest.raises(RecordingFileError, match=r"nowhere.csv"):
        read(tmp_path / "trial.bdf", reps=tmp_path / "nowhere.csv")


def test_a_signal_at_its_rail_is_clipped(trial: Trial, tmp_path: Path) -> None:
    low_uv, high_uv = np.quantile(trial.uv["left"], (0.02, 0.98))
    left = np.clip(trial.uv["left"], low_uv, high_uv)
    columns = [trial.time_s, left, trial.uv["right"]]
    write_table(tmp_path / "t.csv", trial, ["time", "GMAX L (uV)", "GMAX R (uV)"], columns)
    pods = read(tmp_path / "t.csv")[0].recording.pods
    assert set(left[pods["left"].emg.clipped]) == {low_uv, high_uv}
    assert pods["left"].emg.clipped.sum() > 10
    assert not pods["right"].emg.clipped.any()


MISTAKES = {
    "no such channel": (dict(sides={"left": SideChannels("GMAXL")}), 'Did you mean "GMAX L"'),
    "all names": (dict(sides={"left": SideChannels("?")}), 'It has: "GMAX R", "GMAX L"'),
    "none named": (dict(sides={}), 'It has: "GMAX R", "GMAX L"'),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_names_that_are_not_there(trial: Trial, tmp_path: Path, mistake: str) -> None:
    write_edf(tmp_path / "trial.bdf", trial)
    options, words = MISTAKES[mistake]
    with pytest.raises(RecordingFileError, match=words):
        read(tmp_path / "trial.bdf", **options)


@pytest.mark.parametrize(("unit", "words"), [("", "no unit in the file"), ("furlong", "furlong")])
def test_units_that_are_not_known(trial: Trial, tmp_path: Path, unit: str, words: str) -> None:
    write_edf(tmp_path / "trial.bdf", trial, unit)
    with pytest.raises(RecordingFileError, match=f"{words}.*--unit V or mV or uV"):
        read(tmp_path / "trial.bdf")
    assert read(tmp_path / "trial.bdf", units={"emg": "uV"})[0].measures.summary.n_reps == 4


def test_signals_that_cannot_be_measured(tmp_path: Path) -> None:
    t = np.arange(4000) / 500
    noise = np.random.default_rng(1).standard_normal(4000)
    for values, rate, words in (
        (noise, 500.0, "500 samples a second.*more than 900"),
        (np.abs(noise), 2000.0, "rectified or an envelope"),
        (np.full(4000, 3.0), 2000.0, "is 3 all the time"),
        (np.full(4000, -0.0), 2000.0, "is 0 all the time"),
        (np.full(4000, np.nan), 2000.0, '"a" has no samples; 100 at least'),
        (np.full(4000, np.inf), 2000.0, '"a" has no samples; 100 at least'),
        (noise[:1], 2000.0, '"a" has 1 sample; 100 at least'),
        (noise[:3] ** 2, 2000.0, '"a" has 3 samples; 100 at least'),
    ):
        path = tmp_path / "t.csv"
        write_table(path, None, ["n", "a"], [t[: len(values)], values])
        with pytest.raises(RecordingFileError, match=words):
            read(path, sides={"left": SideChannels("a")}, units={"emg": "uV"}, rate_hz=rate)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 20, "this is no text"),
        (b"time,a\n0,1\n0.0005,x\n0.0003,2\n0.0007,4\n", "time goes back"),
        (b"a,b\n1,2\n3,4\n", "no column has the time"),
        (b"time,c\n1,2\n", 'no column is called "a"'),
        (b"time,a\n", "this is no table"),
        (b"time,a", "this is no table"),
        (b"time,a,b\n0,1\n1,2\n", "3 headings, but 2 columns"),
        (b'time,a\n0,"1\n1,2\n', "this is no table"),
        (b"time,a\n" + b"0,open\n" * 9, '"a" has cells that are no numbers, e.g. "open"'),
        (b"\xffBIOSEMI" + b" " * 100, "header is damaged"),
        (b"0       " + b"x" * 600, "header is damaged"),
        (b"XDF:" + b"garbage" * 9, "damaged|no stream"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(content)
    with pytest.raises(RecordingFileError, match=words):
        read(path, sides={"left": SideChannels("a")}, units={"emg": "uV"})


def test_a_file_that_is_cut_off_says_so(trial: Trial, tmp_path: Path) -> None:
    write_edf(tmp_path / "trial.bdf", trial)
    whole = (tmp_path / "trial.bdf").read_bytes()
    (tmp_path / "trial.bdf").write_bytes(whole[: len(whole) // 2])
    _, said = read(tmp_path / "trial.bdf")
    assert any("truncated" in text for text in said)


@pytest.mark.parametrize(
    ("at", "field", "words"),
    [
        (244, b"0", "does not say how long"),  # of a data record
        (256 + 104 * 2, b"x", "not say what the numbers are worth"),  # physical minimum
        (256 + 104 * 2, b"-1,5", "not say what the numbers are worth"),
        (256 + 112 * 2, b"-7", "not say what the numbers are worth"),  # physical maximum
        (256 + 128 * 2, b"-9", "not say what the numbers are worth"),  # digital maximum
    ],
)
def test_edf_whose_header_does_not_calibrate_is_refused(tmp_path: Path, at, field, words) -> None:
    signals = [
        edfio.EdfSignal(
            np.sin(np.arange(4000.0)),
            FS_HZ,
            label=label,
            physical_dimension="uV",
            physical_range=(-7, 7),
            digital_range=(-9, 999),
        )
        for label in ("GMAX L", "GMAX R")
    ]
    edfio.Edf(signals).write(tmp_path / "t.edf")
    data = (tmp_path / "t.edf").read_bytes()
    (tmp_path / "t.edf").write_bytes(data[:at] + field.ljust(8) + data[at + 8 :])
    with pytest.raises(RecordingFileError, match=words):
        read(tmp_path / "t.edf")


@given(
    st.floats(900, 5000),
    st.integers(10, 400),
    st.lists(st.tuples(st.integers(5, 390), st.integers(1, 30)), max_size=3),
    st.integers(5, 9),
)
def test_stamps_become_an_even_grid(fs_hz, n, holes, decimals) -> None:
    place = np.arange(n)
    for start, length in holes:
        place = place[(place < start) | (place >= start + length) | (place == n - 1)]
    if len(place) < n and len(place) < 5 * len(holes) + 5:
        return  # too few to tell a rate
    time_s = np.round(3.0 + place / fs_hz, decimals)
    times, values = evenly(time_s, place.astype(float))
    assert len(values) == n
    assert np.array_equal(np.flatnonzero(np.isfinite(values)), place)
    np.testing.assert_allclose(times, 3.0 + np.arange(n) / fs_hz, atol=2 * 10.0**-decimals)


def test_coarse_stamps_are_even_and_coarse_stamps_with_holes_are_refused() -> None:
    time_s = np.round(np.arange(4000) / 2000, 3)
    times, _ = evenly(time_s, np.zeros(4000))
    np.testing.assert_allclose(np.diff(times), 1 / 2000, rtol=1e-3)
    with pytest.raises(ValueError, match="too coarse"):
        evenly(np.delete(time_s, slice(1000, 1500)), np.zeros(3500))


@pytest.mark.parametrize(
    ("heading", "name", "unit"),
    [
        ("GMAX L (mV)", "GMAX L", "mV"),
        ("acc x [m/s²]", "acc x", "m/s²"),
        ("left_emg_uv", "left_emg", "uv"),
        ("Trigno 1: EMG 1 (Volts)", "Trigno 1: EMG 1", "Volts"),
        ("L (rectus)", "L (rectus)", ""),
        ("rep_count", "rep_count", ""),
    ],
)
def test_headings_have_units(heading: str, name: str, unit: str) -> None:
    assert split_heading(heading) == (name, unit)


def run(monkeypatch, capsys, *arguments: object) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["glutesym", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out + captured.err


def test_the_command_line(trial: Trial, tmp_path: Path, monkeypatch, capsys) -> None:
    path = tmp_path / "[trial].bdf"
    write_edf(path, trial)
    code, text = run(
        monkeypatch, capsys, "analyze", path, "--left", "GMAX L", "--right", "GMAX R",
        "-e", "bridge", "-o", tmp_path / "out",
    )  # fmt: skip
    assert code == 0, text
    for words in ("Left lower by", "muscle activity alone", "Files:"):
        assert words in text
    assert (tmp_path / "out" / "[trial]" / "reps.csv").exists()
    for arguments, words in (
        ([path], "--left"),
        ([path, "--left", "GMAX L", "--left-accel", "a,b"], "--left-gyro is missing"),
        ([path, "--left", "GMAX L", "--left-accel", "a,b", "--left-gyro", "c"], "three channels"),
        ([path, "--right-accel", "a,b,c", "--right-gyro", "a,b,c"], "no EMG"),
        ([tmp_path / "none.bdf", "--left", "a"], "there is no such file"),
        ([tmp_path / "none.glutesym", "--left", "a"], "do not apply"),
        ([tmp_path], "this is a folder"),
    ):
        code, text = run(monkeypatch, capsys, "analyze", *arguments)
        assert code == 1, text
        assert words in text.replace("\n", " ")
        assert "Traceback" not in text


def test_a_part_that_is_not_installed_is_named(trial: Trial, tmp_path: Path, monkeypatch) -> None:
    write_edf(tmp_path / "trial.bdf", trial)
    write_xdf(tmp_path / "trial.xdf", streams(trial))
    for name in ("edfio", "pyxdf"):
        monkeypatch.setitem(sys.modules, name, None)
    for module in [name for name in sys.modules if name.startswith("glutesym.formats.")]:
        if module.split(".")[-1] in ("read_edf", "read_xdf", "bdf"):
            monkeypatch.delitem(sys.modules, module)
    for name in ("trial.bdf", "trial.xdf"):
        with pytest.raises(GlutesymError, match=r"\[formats\]"):
            read(tmp_path / name)
