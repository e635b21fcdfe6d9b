"""The arrows of the architecture: pages -> ui -> figures -> analysis -> trace -> models, and nothing the other way."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "bert_explain"
OURS = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "pages").glob("*.py"), *ROOT.glob("app.py")])

# What may import what: each layer, and the layers below it.
BELOW = {
    "core": set(),
    "errors": {"core"},
    "query": {"core"},
    "families": {"core"},
    "models": {"core", "errors", "families"},
    "engines": {"core", "errors", "models", "sampling"},
    "tokenize": {"core", "models"},
    "trace": {"core", "engines"},
    "sampling": {"core", "errors"},
    "kernel": {"core", "errors"},
    "trace_decoder": {"core", "engines", "sampling"},
    "trace_elmo": {"core", "engines"},
    "content": {"core", "errors"},
    "analysis": {"errors", "query", "models", "tokenize", "trace", "content"},
    "figures": {"errors", "query", "models", "tokenize", "trace", "content", "analysis"},
    "training": {"core", "errors", "query", "models", "trace", "content", "analysis", "kernel"},
}
for upper in ("analysis", "figures"):
    BELOW[upper] |= {"core", "engines", "kernel", "sampling", "trace_decoder", "trace_elmo"}
BELOW["learning"] = {*BELOW["analysis"], "analysis"}
BELOW["ui"] = {*BELOW["figures"], "figures", "learning", "chapters"}
BELOW["chapters"] = BELOW["ui"] | {"ui", "training"}
BELOW["page"] = {*BELOW["ui"], "ui"}
BELOW["server"] = {"core", "errors", "models", "ui"}
BELOW["__main__"] = {"errors", "server"}
BELOW["__init__"] = set()

STREAMLIT = {"page", "ui", "chapters", "server"}  # of a chapter: in what draws
TORCH = {"families", "models", "engines", "training"}


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py") if PACKAGE in path.parents else "page"


def imported(source: str) -> set[str]:
    """Every module a source imports, also inside functions; `from a import b` gives a and a.b."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "absolute imports only"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def wrong(layer: str, source: str) -> list[str]:
    """What this source of this layer imports and must not."""
    found = imported(source)
    ours = {name.split(".")[1] for name in found if name.startswith("bert_explain.")} - {"__version__"}
    bad = [f"bert_explain.{name}" for name in ours - BELOW[layer] - {layer}]
    roots = {name.split(".")[0] for name in found}
    bad += ["streamlit"] if "streamlit" in roots and layer not in STREAMLIT else []
    bad += sorted(roots & {"torch", "transformers"}) if layer not in TORCH else []
    return sorted(bad)


def other_chapters(own: str, source: str) -> list[str]:
    """The chapters that a source of the chapter `own` imports: what two of them need is the kernel's."""
    parts = [name.split(".") for name in imported(source) if name.startswith("bert_explain.chapters.")]
    return sorted({part[2] for part in parts} - {own})


def drawing(source: str) -> list[str]:
    """What a source imports that only draws: Streamlit and the frame."""
    return sorted(name for name in imported(source) if name.startswith(("streamlit", "bert_explain.ui")))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_imports_point_one_way(path):
    assert wrong(layer_of(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [path for path in OURS if layer_of(path) == "chapters"], ids=name_of)
def test_a_chapter_imports_no_other_chapter(path):
    assert other_chapters(path.relative_to(PACKAGE / "chapters").parts[0], path.read_text(encoding="utf-8")) == []


PURE = [path for path in OURS if layer_of(path) == "chapters" and not path.stem.startswith(("chapter", "draw", "__init__"))]


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_a_chapter_draws_in_its_drawings_alone(path):
    assert drawing(path.read_text(encoding="utf-8")) == []


def test_a_drawing_is_seen():
    assert drawing("import numpy\nfrom bert_explain.ui import cache\ndef f():\n    import streamlit as st") == [
        "bert_explain.ui",
        "bert_explain.ui.cache",
        "streamlit",
    ]


def test_what_one_chapter_alone_uses_stands_in_its_folder():
    users: dict[str, set[str]] = {}
    for path in OURS:
        where = path.relative_to(ROOT).parts
        who = where[2] if where[:2] == ("bert_explain", "chapters") else "the house"
        for module in imported(path.read_text(encoding="utf-8")):
            users.setdefault(module, set()).add(who)
    shared = [path for folder in ("analysis", "figures") for path in (PACKAGE / folder).glob("*.py") if path.stem != "__init__"]
    alone = {path.stem: users.get(f"bert_explain.{path.parent.name}.{path.stem}", set()) for path in shared}
    assert {name: who for name, who in alone.items() if len(who) == 1 and who != {"the house"}} == {}


@pytest.mark.parametrize("path", [path for path in OURS if layer_of(path) == "ui"], ids=name_of)
def test_the_frame_knows_no_chapter_by_name(path):
    assert other_chapters("", path.read_text(encoding="utf-8")) == []


def test_another_chapter_is_seen():
    assert other_chapters("sees", "from bert_explain.chapters.layer import numbers\nimport bert_explain.chapters.sees.looks") == [
        "layer"
    ]
    assert other_chapters("sees", "def f():\n    from bert_explain.chapters import layer") == ["layer"]


def test_every_file_was_looked_at():
    assert {"models", "core", "engines", "query", "errors", "tokenize", "figures"} <= {layer_of(path) for path in OURS}


@pytest.mark.parametrize(
    ("layer", "source", "bad"),
    [
        ("analysis", "import streamlit as st", ["streamlit"]),
        ("analysis", "def f():\n    import torch.nn", ["torch"]),
        ("analysis", "from bert_explain.figures import theme", ["bert_explain.figures"]),
        ("trace", "from bert_explain import analysis", ["bert_explain.analysis"]),
        ("core", "import torch", ["torch"]),
        ("core", "from bert_explain.engines import local", ["bert_explain.engines"]),
        ("models", "from bert_explain.query import Query", ["bert_explain.query"]),
        ("figures", "from bert_explain.ui.state import get", ["bert_explain.ui"]),
        ("page", "import transformers, streamlit", ["transformers"]),
        ("page", "from bert_explain.ui.frame import frame\nfrom bert_explain.analysis import tokens", []),
        ("engines", "import torch\nfrom bert_explain.models.encoder import Encoder", []),
    ],
)
def test_the_check_sees_a_wrong_arrow(layer, source, bad):
    assert wrong(layer, source) == bad


def test_the_core_can_be_used_without_streamlit_being_loaded():
    import subprocess
    import sys

    code = "import sys, bert_explain.trace, bert_explain.models; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
