"""Write the printed parts as STL (to print) and STEP (to change in any CAD), and check them.

Examples
--------
    python hardware/enclosure/export.py
    python hardware/enclosure/export.py --out my-pod --set cell.length=40 --set cell.thickness=6
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

try:
    from build123d import Part, export_step, export_stl
    from OCP.Standard import Standard_Failure
except ImportError as error:
    fix = "in the top folder: .venv/bin/pip install -e '.[cad]'"
    sys.exit(f"{error}. The enclosure needs CAD packages. Fix, {fix}")

from mesh_measures import read_stl
from pod_parameters import POD
from pod_parts import (
    PETG_G_PER_MM3,
    TOLERANCE_MM,
    TOLERANCE_RADIANS,
    PrintCheck,
    changed,
    check,
    collisions,
    on_bed,
    printed_parts,
)

PRINTABLE = Path(__file__).parent / "printable"


def export(parts: dict[str, Part], out: Path, progress: Progress) -> dict[str, PrintCheck]:
    """Write parts into the folder ``out`` and return what was measured of each STL."""
    out.mkdir(parents=True, exist_ok=True)
    task = progress.add_task("write", total=2 * len(parts))
    checks = {}
    for name, part in parts.items():
        progress.update(task, description=f"write {name}")
        step = out / f"{name}.step"
        # Without pcurves it has half the size; with a fixed time equal shapes give equal files.
        export_step(part, step, write_pcurves=False, timestamp="2026-01-01T00:00:00")
        stl = out / f"{name}.stl"
        export_stl(
            on_bed(name, part), stl, tolerance=TOLERANCE_MM, angular_tolerance=TOLERANCE_RADIANS
        )
        progress.update(task, description=f"check {name}", advance=1)
        checks[name] = check(read_stl(stl))
        progress.advance(task)
    return checks


def main() -> None:
    """Run as a command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=PRINTABLE, help="folder to write into")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="GROUP.NAME=MM",
        help="change a measure of pod_parameters.py; may be repeated",
    )
    arguments = parser.parse_args()
    console = Console(stderr=True)
    try:
        pod = changed(POD, arguments.set)
        with Progress(console=console, transient=True) as progress:
            building = progress.add_task("build", total=None)
            parts = printed_parts(pod)
            progress.remove_task(building)
            checks = export(parts, arguments.out, progress)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    except Standard_Failure as error:
        parser.error(f"the CAD kernel cannot build these shapes ({error}): a measure is too large")
    except KeyboardInterrupt:
        sys.exit(130)
    table = Table("part", "size as printed, mm", "PETG, g (solid)", "thinnest, mm", "bridge, mm")
    for name, found in checks.items():
        table.add_row(
            name,
            " x ".join(f"{value:.1f}" for value in found.size_mm),
            f"{found.volume_mm3 * PETG_G_PER_MM3:.0f}",
            f"{found.thinnest_mm:.2f}",
            f"{found.longest_bridge_mm:.1f}",
        )
    console.print(table)
    problems = collisions(pod, parts)
    problems += [f"{name}: {text}" for name, c in checks.items() for text in c.problems(pod)]
    for problem in problems:
        console.print(f"[red]{problem}")
    console.print(f"Written to {arguments.out}.")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
