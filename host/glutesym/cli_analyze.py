"""The command that measures: sessions, and recordings of other EMG systems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glutesym.cli_export import export_one
from glutesym.cli_shared import (
    RecordedMains,
    RecordedPlacement,
    err,
    folder_option,
    measure,
    out,
    say,
)
from glutesym.errors import GlutesymError
from glutesym.formats.units import EMG_UNITS, Quantity
from glutesym.measures import Side
from glutesym.printing import print_files, print_result

if TYPE_CHECKING:
    from glutesym.formats.foreign import SideChannels
    from glutesym.session.analyze import AnalyzedSession

app = typer.Typer(rich_markup_mode="markdown")

_OTHER = "Recordings of other systems"
_REPS = "Repetitions of such recordings"
_SHOWN = 10  # sessions of a dataset that are named
_AXES = "Three channels, with a comma between them."


def _option(name: str, text: str, panel: str = _OTHER) -> object:
    return typer.Option(name, help=text, show_default=False, rich_help_panel=panel)


@app.command(
    epilog="Examples:\n\n`glutesym analyze sessions/2026-05-04_18-30-09_bridge.glutesym`\n\n"
    '`glutesym analyze trial.bdf --left "GMAX L" --right "GMAX R" -e "hip thrust"`\n\n'
    "`glutesym analyze trial.csv --left L --right R --unit mV --rate 2000 --reps reps.csv`\n\n"
    '`glutesym analyze trial.xdf --left EMG1 --right EMG2 --left-accel "ax,ay,az" '
    '--left-gyro "gx,gy,gz"`\n\n'
    "`glutesym analyze study/bids/sub-S07/ses-20260504183009bridge`"
)
def analyze(
    recording: Annotated[
        Path,
        typer.Argument(
            help="A .glutesym file; or CSV, EDF, BDF or XDF of another system, with --left and "
            "--right; or a session's folder in a BIDS dataset that glutesym wrote.",
            metavar="FILE",
            show_default=False,
        ),
    ],
    left: Annotated[str, _option("--left", "The left side's EMG channel.")] = "",
    right: Annotated[str, _option("--right", "The right side's EMG channel.")] = "",
    unit: Annotated[
        str, _option("--unit", f"Of EMG, where the file does not say it: {EMG_UNITS}.")
    ] = "",
    rate: Annotated[
        float | None,
        typer.Option(
            help="Samples a second of a CSV without a column of time.",
            min=1,
            show_default=False,
            rich_help_panel=_OTHER,
        ),
    ] = None,
    time: Annotated[str, _option("--time", "A CSV's column of time, if it is not found.")] = "",
    exercise: Annotated[
        str,
        typer.Option("--exercise", "-e", help="What was exercised.", rich_help_panel=_OTHER),
    ] = "session",
    left_accel: Annotated[str, _option("--left-accel", f"Accelerometer. {_AXES}")] = "",
    left_gyro: Annotated[str, _option("--left-gyro", f"Gyroscope. {_AXES}")] = "",
    right_accel: Annotated[str, _option("--right-accel", f"Accelerometer. {_AXES}")] = "",
    right_gyro: Annotated[str, _option("--right-gyro", f"Gyroscope. {_AXES}")] = "",
    accel_unit: Annotated[
        str, _option("--accel-unit", "g or m/s2, where the file does not say it.")
    ] = "",
    gyro_unit: Annotated[
        str, _option("--gyro-unit", "deg/s or rad/s, where the file does not say it.")
    ] = "",
    reps: Annotated[
        Path | None,
        typer.Option(
            help="A CSV of them: start_s and end_s. Without it, and without marks and motion, "
            "they are found by muscle activity.",
            show_default=False,
            rich_help_panel=_REPS,
        ),
    ] = None,
    marks: Annotated[
        str, _option("--marks", "Annotations or markers that begin so are repetitions.", _REPS)
    ] = "",
    marks_end: Annotated[
        str,
        _option("--marks-end", "... and each ends at the next one that begins so.", _REPS),
    ] = "",
    folder: Annotated[
        Path | None,
        folder_option("Also write its CSVs there.", show_default=False),
    ] = None,
    mains_hz: RecordedMains = None,
    placement: RecordedPlacement = None,
) -> None:
    """Measure a session, or a recording of another EMG system, and print the answer."""
    from glutesym.formats.importer import (
        ImportOptions,
        import_recording,
        is_foreign,
        sessions_of_dataset,
    )
    from glutesym.pipeline import Settings

    emg: dict[Side, str] = {"left": left, "right": right}
    motion: dict[Side, tuple[str, str]] = {
        "left": (left_accel, left_gyro),
        "right": (right_accel, right_gyro),
    }
    about_it = [*emg.values(), *motion["left"], *motion["right"], unit, time, marks, marks_end]
    said: list[str] = []
    if is_foreign(recording) or (any(about_it) and recording.suffix.lower() != ".glutesym"):
        units: dict[Quantity, str] = {"emg": unit, "accel": accel_unit, "gyro": gyro_unit}
        options = ImportOptions(
            sides=_sides(emg, motion),
            units={quantity: one for quantity, one in units.items() if one},
            rate_hz=rate,
            time=time,
            exercise=exercise,
            placement=placement or "",
            reps=reps,
            marks=marks,
            marks_end=marks_end,
        )
        with err.status("Measuring …"):
            analyzed, said = import_recording(
                recording, options, Settings(mains_hz=mains_hz or None)
            )
    else:
        if any(about_it) or rate is not None or reps is not None:
            raise GlutesymError(
                f"{recording} is a session of glutesym: it says itself which side is which. "
                "Options for recordings of other systems do not apply to it."
            )
        if recording.is_dir() and (within := sessions_of_dataset(recording)):
            listed = "".join(f"\n  {path}" for path in within[:_SHOWN])
            more = f"\n  and {len(within) - _SHOWN} more" if len(within) > _SHOWN else ""
            raise GlutesymError(
                f"{recording} is no session, but holds some of a BIDS dataset. Give one of these:"
                f"{listed}{more}"
            )
        analyzed = measure(recording, mains_hz, placement)
    _print(analyzed, said, folder)


def _print(analyzed: AnalyzedSession, said: list[str], folder: Path | None) -> None:
    for line in said:
        say(err, line)
    print_result(out, analyzed)
    if folder is not None:
        print_files(out, [export_one(analyzed, folder)])


def _sides(emg: dict[Side, str], motion: dict[Side, tuple[str, str]]) -> dict[Side, SideChannels]:
    from glutesym.formats.foreign import SideChannels

    sides: dict[Side, SideChannels] = {}
    for side, name in emg.items():
        accel, gyro = motion[side]
        if bool(accel) != bool(gyro):
            missing = f"--{side}-gyro" if accel else f"--{side}-accel"
            raise GlutesymError(
                f"Motion takes an accelerometer and a gyroscope: {missing} is missing. Or leave "
                "both out, and repetitions are found by muscle activity."
            )
        if name:
            sides[side] = SideChannels(
                name, _axes(f"--{side}-accel", accel), _axes(f"--{side}-gyro", gyro)
            )
        elif accel:
            raise GlutesymError(f"The {side} side has motion but no EMG: --{side} is missing.")
    return sides


def _axes(option: str, text: str) -> tuple[str, str, str] | None:
    if not text:
        return None
    names = [name.strip() for name in text.split(",")]
    if len(names) != 3 or not all(names):
        raise GlutesymError(
            f'{option} "{text}": expected three channels with a comma between them, x, y and z.'
        )
    return names[0], names[1], names[2]
