"""Run by `.ci/release-check` with an installed package: firmware and analysis are all there."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import glutesym
from glutesym.podfiles import SHARED, pod_files, virtual_board_files


def main() -> None:
    checkout = Path(sys.argv[1]).resolve()
    home = Path(glutesym.__file__).resolve()
    assert not home.is_relative_to(checkout), f"{home} is of the checkout, not installed"
    folders = {"pod": set(pod_files()) - set(SHARED), "virtual": set(virtual_board_files())}
    for folder, installed in folders.items():
        source = {path.name for path in (checkout / "firmware" / folder).glob("*.py")}
        assert source <= installed, f"firmware/{folder} lacks {sorted(source - installed)}"
    for path in [*pod_files().values(), *virtual_board_files().values()]:
        assert path.resolve().is_relative_to(home.parent), f"{path} is not of the package"
    runpy.run_path(str(checkout / "docs/examples/own_arrays.py"), run_name="__main__")


if __name__ == "__main__":
    main()
