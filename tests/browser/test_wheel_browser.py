"""The wheel: built once, unpacked in a folder of its own, started from another, and read in a browser."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import helpers

pytestmark = pytest.mark.rest

CHAPTERS = ("", "Tokens", "Attention", "ELMo", "Word_vectors", "Same_word")  # each opens another of the bundled files


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel was unpacked in. What it needs is taken from this environment."""
    wheels, folder = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(wheels)]
    subprocess.run(build, cwd=helpers.ROOT, check=True, capture_output=True)
    (wheel,) = wheels.glob("*.whl")
    unpack = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder), str(wheel)]
    subprocess.run(unpack, check=True, capture_output=True)
    wheel.unlink()  # it weighs as much as the models
    return folder


def run_from_elsewhere(installed: Path, elsewhere: Path, *command: str) -> str:
    """What a command prints that knows the unpacked package and not the repository."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_command_is_installed(installed, tmp_path):
    said = run_from_elsewhere(installed, tmp_path, str(installed / "bin" / "bert-explain"), "--help")
    assert said.startswith("usage: bert-explain ")
    where = run_from_elsewhere(
        installed, tmp_path, sys.executable, "-c", "from bert_explain.core import places; print(places.SITE)"
    )
    assert Path(where.strip()) == installed / "bert_explain" / "site"


def test_only_the_package_is_unpacked(installed):
    """Nothing of ours lies loose among other packages."""
    assert {path.name for path in installed.iterdir() if path.suffix != ".dist-info"} == {"bert_explain", "bin"}


def test_every_bundled_file_is_inside(installed):
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=helpers.ROOT, capture_output=True, check=False).stdout.decode()
    if not tracked:
        pytest.skip("not a git checkout")
    places = {"app.py", "pages", "assets", "static", ".streamlit"}
    ours = [name for name in tracked.split("\0") if name.split("/")[0] in places]
    assert len(ours) > 50
    assert [name for name in ours if not (installed / "bert_explain" / "site" / name).is_file()] == []
    code = [name for name in tracked.split("\0") if name.startswith("bert_explain/")]
    assert [name for name in code if not (installed / name).is_file()] == []


def test_chapters_open_from_the_wheel(installed, tmp_path, new_page):
    command = [str(installed / "bin" / "bert-explain")]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    log = helpers.ARTIFACTS / "server-wheel.log"
    with helpers.running_server(log, command=command, cwd=tmp_path, env=environment) as url:
        page = new_page(base_url=url)
        for chapter in CHAPTERS:
            helpers.open_app(page, chapter)
            assert page.locator("[data-testid=stMain] h1").first.is_visible(), chapter
        # Streamlit's settings and the fonts are its own too: this folder has no .streamlit.
        assert page.evaluate("[...document.fonts].some(f => f.family.includes('Source Sans 3') && f.status === 'loaded')")
        assert page.request.get("/app/static/d3.min.js").ok
        assert str(helpers.ROOT) not in helpers.end_of(log, 1000)
        page.goto("about:blank")  # before the server stops: an open page would go on asking for it
