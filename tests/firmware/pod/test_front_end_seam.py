"""Whatever measures EMG on a pod has all that the rest of the firmware asks of it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

POD = Path(__file__).resolve().parents[3] / "firmware" / "pod"
FRONT_ENDS = {"emg_capture.py": "EmgCapture", "myoware.py": "MyoWare"}


def asked_for() -> set[str]:
    """Return what pod.py takes from ``emg`` and ``self._emg``."""
    tree = ast.parse((POD / "pod.py").read_text("utf-8"))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("emg", "self._emg")
    }


def offered(file: str, name: str) -> set[str]:
    """Return the methods and attributes of a class of the firmware."""
    tree = ast.parse((POD / file).read_text("utf-8"))
    (of,) = (one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == name)
    names = {
        one.name for one in of.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for node in ast.walk(of):
        if isinstance(node, ast.Assign):
            targets = [leaf for target in node.targets for leaf in ast.walk(target)]
            names |= {
                leaf.attr
                for leaf in targets
                if isinstance(leaf, ast.Attribute) and ast.unparse(leaf.value) == "self"
            }
            if node in of.body:
                names |= {leaf.id for leaf in targets if isinstance(leaf, ast.Name)}
    return names


@pytest.mark.parametrize(("file", "name"), FRONT_ENDS.items())
def test_front_end_has_what_the_pod_asks_for(file: str, name: str) -> None:
    asked = asked_for()
    assert {"prepare", "start", "poll", "read", "stop", "self_test", "lsb_pv"} <= asked
    assert not asked - offered(file, name)


def test_the_page_names_all_of_it() -> None:
    page = (POD.parents[1] / "docs" / "extending.md").read_text("utf-8")
    assert not [name for name in asked_for() if f"`{name}`" not in page]
