"""What pyproject.toml says of the package, beside what the repository holds."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pinned() -> dict[str, str]:
    """Each package of requirements.txt and its one version."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_every_range_holds_the_version_that_was_tested():
    ranges = {wanted.name: wanted.specifier for wanted in map(Requirement, PROJECT["project"]["dependencies"])}
    tested = pinned()
    assert ranges.keys() == tested.keys()
    assert [name for name, version in tested.items() if version not in ranges[name]] == []


def test_every_range_ends():
    for wanted in map(Requirement, PROJECT["project"]["dependencies"]):
        assert {part.operator for part in wanted.specifier} == {">=", "<"}, wanted


def test_what_goes_into_a_wheel_is_there():
    inside = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert set(inside) == {"app.py", "pages", "assets", "static", ".streamlit"}
    assert all(place == f"bert_explain/site/{name}" for name, place in inside.items())
    assert all((ROOT / name).exists() for name in inside)


@pytest.mark.skipif(sys.platform == "win32", reason="make is looked at")
@pytest.mark.parametrize(("option", "first"), [("TORCH=cpu", True), ("TORCH=", False)])
def test_the_small_torch_comes_first_and_only_when_asked_for(option, first, tmp_path):
    """`make -n` prints what would be done."""
    command = ["make", "-n", "app", f"VENV={tmp_path}", option]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    installs = [line for line in done.splitlines() if re.search(r"pip install\b.*", line)]
    index = "--index-url https://download.pytorch.org/whl/cpu"
    assert [index in line for line in installs] == ([True, False] if first else [False])
    assert all("tests/requirements" not in line for line in installs)
